package badger

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/seed-54b7607b/orchestrator"
)

// A key is the kind of its row, one byte, and then numbers of fixed width, big-endian, so that
// the rows of a kind are in the order of their numbers and no key is the beginning of another
// row's prefix.
const (
	kindMeta   = 'm' // name: one of the metaNames
	kindJob    = 'j' // job: the job as listed; written when its state changes
	kindLive   = 'l' // job: what changes while a job is unfinished; deleted when it ends
	kindStaged = 'p' // set: the set is being written and belongs to no job yet
	kindNames  = 'c' // set, chunk: the names of namesPerChunk nodes
	kindSpec   = 's' // set: what the job was asked, if it is too long for the job's row
	kindNode   = 'n' // set, index: a node that is not as it was created
	kindEvents = 'e' // job, last event: the events that were committed together
	kindPiece  = 'x' // key, piece: what the row of the key has no room for
)

// The rows of kind meta.
const (
	metaLayout   = "layout"   // the version of the layout of all other rows
	metaCounters = "counters" // see counters
	metaEpoch    = "epoch"    // how often the directory was opened
)

// namesPerChunk is how many names of nodes stand in one row. It is part of the layout.
const namesPerChunk = 256

// maxNodes is how many nodes a job can have.
const maxNodes = math.MaxInt32

func metaKey(name string) []byte {
	return append([]byte{kindMeta}, name...)
}

func jobKey(id orchestrator.JobID) []byte {
	return binary.BigEndian.AppendUint64([]byte{kindJob}, uint64(id))
}

func liveKey(id orchestrator.JobID) []byte {
	return binary.BigEndian.AppendUint64([]byte{kindLive}, uint64(id))
}

func stagedKey(set uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kindStaged}, set)
}

func specKey(set uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kindSpec}, set)
}

func namesKey(set uint64, chunk int) []byte {
	return binary.BigEndian.AppendUint32(setPrefix(kindNames, set), uint32(chunk))
}

func nodeKey(set uint64, index int) []byte {
	return binary.BigEndian.AppendUint32(setPrefix(kindNode, set), uint32(index))
}

func eventsKey(id orchestrator.JobID, last orchestrator.EventID) []byte {
	return binary.BigEndian.AppendUint64(eventsPrefix(id), uint64(last))
}

// setPrefix is what the keys of a kind begin with whose first number is a set.
func setPrefix(kind byte, set uint64) []byte {
	key := make([]byte, 0, 1+8+4)
	return binary.BigEndian.AppendUint64(append(key, kind), set)
}

func eventsPrefix(id orchestrator.JobID) []byte {
	key := make([]byte, 0, 1+8+8)
	return binary.BigEndian.AppendUint64(append(key, kindEvents), uint64(id))
}

// pieceKey is the key of a further piece of the row with the given key, counted from 1.
func pieceKey(key []byte, piece int) []byte {
	k := make([]byte, 0, 1+len(key)+2)
	return binary.BigEndian.AppendUint16(append(append(k, kindPiece), key...), uint16(piece))
}

// readIDKey returns the number of a key that has one.
func readIDKey(key []byte) (uint64, error) {
	if len(key) != 1+8 {
		return 0, corrupt(key, errKeyLength)
	}
	return binary.BigEndian.Uint64(key[1:]), nil
}

// readNodeKey returns the index in the key of a node.
func readNodeKey(key []byte) (int, error) {
	if len(key) != 1+8+4 {
		return 0, corrupt(key, errKeyLength)
	}
	return int(binary.BigEndian.Uint32(key[1+8:])), nil
}

// readEventsKey returns the number of the last event in the key of a row of events.
func readEventsKey(key []byte) (orchestrator.EventID, error) {
	if len(key) != 1+8+8 {
		return 0, corrupt(key, errKeyLength)
	}
	return orchestrator.EventID(binary.BigEndian.Uint64(key[1+8:])), nil
}

// keyText names a row for people.
func keyText(key []byte) string {
	if len(key) == 0 {
		return "without a key"
	}
	rest := key[1:]
	switch kind := key[0]; {
	case kind == kindMeta:
		return fmt.Sprintf("%c/%s", kind, rest)
	case kind == kindPiece && len(rest) > 2:
		return fmt.Sprintf("%c/%s/%d", kind, keyText(rest[:len(rest)-2]), binary.BigEndian.Uint16(rest[len(rest)-2:]))
	case len(rest) == 8:
		return fmt.Sprintf("%c/%d", kind, binary.BigEndian.Uint64(rest))
	case len(rest) == 8+4:
		return fmt.Sprintf("%c/%d/%d", kind, binary.BigEndian.Uint64(rest), binary.BigEndian.Uint32(rest[8:]))
	case len(rest) == 8+8:
		return fmt.Sprintf("%c/%d/%d", kind, binary.BigEndian.Uint64(rest), binary.BigEndian.Uint64(rest[8:]))
	default:
		return fmt.Sprintf("%x", key)
	}
}
