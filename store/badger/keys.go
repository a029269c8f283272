package badger

import (
	"encoding/binary"
	"math"

	"github.com/seed-54b7607b/orchestrator"
)

// A key is the kind of its row, one byte, and then numbers of fixed width, big-endian, so that
// the rows of a kind are in the order of their numbers and no key is the beginning of another
// row's prefix. Only the last part of a key may be a text.
const (
	kindMeta       = 'm' // name: one of the metaNames
	kindJob        = 'j' // job: the job as it was created, and, once it has ended, as it is
	kindUnfinished = 'w' // chunk: which of jobsPerChunk jobs are unfinished
	kindLive       = 'l' // job: what has changed of an unfinished job without an event; deleted when it ends
	kindStaged     = 'p' // set: the set is being written and belongs to no job yet
	kindLarge      = 'g' // set: the job that a set belongs to which was written in parts
	kindRemoved    = 'd' // set: a job that was removed, and whose rows are being deleted
	kindNames      = 'c' // set, chunk: the names of namesPerChunk nodes, unless the job is small
	kindSpec       = 's' // set: what the job was asked, if it is too long for the job's row
	kindHeads      = 'n' // set, chunk: what headsPerChunk nodes are, unless all are as they were created or the job is small
	kindEvents     = 'e' // job, last event, position: events of a commit, and how the last of all leaves the job
	kindFeed       = 'f' // last position: the commits that were written together
	kindKey        = 'k' // key: the job that has it
	kindBucket     = 'b' // bucket, jobRef: the names of a job's nodes that are in the bucket
	kindClass      = 'a' // class: what jobs that have ended have in common
	kindTally      = 'h' // class, span: how many jobs of a class have ended in a span of time
	kindEnded      = 'i' // class, chunk: which of jobsPerChunk jobs are of the class and have ended, and when
	kindTime       = 't' // time, job: the class of a job that ended then
	kindOrder      = 'o' // set, list, chunk: the indexes of nodes of a job that has ended, in an order
	kindFinal      = 'y' // set, chunk: what finalPerChunk nodes of a job that has ended are
	kindUnsettled  = 'u' // set: the job, which has ended and is not settled
	kindPiece      = 'x' // key, piece: what the row of the key has no room for
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

func unfinishedKey(chunk uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kindUnfinished}, chunk)
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

func headsKey(set uint64, chunk int) []byte {
	return binary.BigEndian.AppendUint32(setPrefix(kindHeads, set), uint32(chunk))
}

// eventsKey is the key of events that end with the given one, and whose commit ends at the given position
// of the feed. Where events are looked for, the position is 0.
func eventsKey(id orchestrator.JobID, last orchestrator.EventID, position orchestrator.Position) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(eventsPrefix(id), uint64(last)), uint64(position))
}

func feedKey(last orchestrator.Position) []byte {
	return binary.BigEndian.AppendUint64([]byte{kindFeed}, uint64(last))
}

// keyKey is the key of the row of a job's Key.
func keyKey(key string) []byte {
	return append([]byte{kindKey}, key...)
}

func largeKey(set uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kindLarge}, set)
}

func removedKey(set uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kindRemoved}, set)
}

func bucketKey(bucket uint16, r jobRef) []byte {
	return binary.BigEndian.AppendUint64(bucketPrefix(bucket), uint64(r))
}

func bucketPrefix(bucket uint16) []byte {
	key := make([]byte, 0, 1+2+8)
	return binary.BigEndian.AppendUint16(append(key, kindBucket), bucket)
}

func classKey(class uint32) []byte { return classPrefix(kindClass, class) }

func tallyKey(class uint32, s span) []byte {
	return appendSigned(classPrefix(kindTally, class), int64(s))
}

func endedKey(class uint32, chunk uint64) []byte {
	return binary.BigEndian.AppendUint64(classPrefix(kindEnded, class), chunk)
}

// classPrefix is what the keys of a kind begin with whose first number is a class.
func classPrefix(kind byte, class uint32) []byte {
	key := make([]byte, 0, 1+4+8)
	return binary.BigEndian.AppendUint32(append(key, kind), class)
}

func timeKey(ms int64, id orchestrator.JobID) []byte {
	key := make([]byte, 0, 1+8+8)
	return binary.BigEndian.AppendUint64(appendSigned(append(key, kindTime), ms), uint64(id))
}

// appendSigned appends a number that may be negative so that it sorts as a number.
func appendSigned(key []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(key, uint64(n)^(1<<63))
}

func signed(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ (1 << 63)) }

func orderKey(set uint64, list storedList, chunk int) []byte {
	return binary.BigEndian.AppendUint32(append(setPrefix(kindOrder, set), byte(list)), uint32(chunk))
}

func finalKey(set uint64, chunk int) []byte {
	return binary.BigEndian.AppendUint32(setPrefix(kindFinal, set), uint32(chunk))
}

func unsettledKey(set uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kindUnsettled}, set)
}

// setPrefix is what the keys of a kind begin with whose first number is a set.
func setPrefix(kind byte, set uint64) []byte {
	key := make([]byte, 0, 1+8+1+4)
	return binary.BigEndian.AppendUint64(append(key, kind), set)
}

func eventsPrefix(id orchestrator.JobID) []byte {
	key := make([]byte, 0, 1+8+8+8)
	return binary.BigEndian.AppendUint64(append(key, kindEvents), uint64(id))
}

// pieceKey is the key of a further piece of the row with the given key, counted from 1.
func pieceKey(key []byte, piece int) []byte {
	k := make([]byte, 0, 1+len(key)+2)
	return binary.BigEndian.AppendUint16(append(append(k, kindPiece), key...), uint16(piece))
}
