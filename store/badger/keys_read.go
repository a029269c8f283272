package badger

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// widths returns how wide the numbers are that the keys of a kind consist of, nil if these do not
// consist of numbers alone.
func widths(kind byte) []int {
	switch kind {
	case kindJob, kindUnfinished, kindLive, kindStaged, kindLarge, kindRemoved, kindSpec, kindFeed, kindUnsettled:
		return []int{8}
	case kindClass:
		return []int{4}
	case kindNames, kindHeads, kindFinal:
		return []int{8, 4}
	case kindOrder:
		return []int{8, 1, 4}
	case kindTally, kindEnded:
		return []int{4, 8}
	case kindBucket:
		return []int{2, 8}
	case kindTime:
		return []int{8, 8}
	case kindEvents:
		return []int{8, 8, 8}
	default:
		return nil
	}
}

// fits reports whether a key is as long as those of its kind are, which consist of numbers.
func fits(key []byte) bool {
	length := 1
	for _, w := range widths(key[0]) {
		length += w
	}
	return len(key) == length && length > 1
}

// checkLength returns an error unless a key has the length that its kind wants.
func checkLength(key []byte, length int) error {
	if len(key) != length {
		return corrupt(key, errKeyLength)
	}
	return nil
}

// readIDKey returns the number of a key that has one of eight bytes.
func readIDKey(key []byte) (uint64, error) {
	if err := checkLength(key, 1+8); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(key[1:]), nil
}

// readEventsKey returns the numbers of the last event in the key of a row of events, and its position.
func readEventsKey(key []byte) (last orchestrator.EventID, position orchestrator.Position, err error) {
	if err := checkLength(key, 1+8+8+8); err != nil {
		return 0, 0, err
	}
	return orchestrator.EventID(binary.BigEndian.Uint64(key[1+8:])), orchestrator.Position(binary.BigEndian.Uint64(key[1+8+8:])), nil
}

func readBucketKey(key []byte) (jobRef, error) {
	if err := checkLength(key, 1+2+8); err != nil {
		return 0, err
	}
	return jobRef(binary.BigEndian.Uint64(key[1+2:])), nil
}

func readClassKey(key []byte) (uint32, error) {
	if err := checkLength(key, 1+4); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(key[1:]), nil
}

func readTallyKey(key []byte) (class uint32, s span, err error) {
	if err := checkLength(key, 1+4+8); err != nil {
		return 0, 0, err
	}
	return binary.BigEndian.Uint32(key[1:]), span(signed(key[1+4:])), nil
}

// readEndedKey returns the chunk in the key of a row of jobs that have ended.
func readEndedKey(key []byte) (uint64, error) {
	if err := checkLength(key, 1+4+8); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(key[1+4:]), nil
}

func readTimeKey(key []byte) (ms int64, id orchestrator.JobID, err error) {
	if err := checkLength(key, 1+8+8); err != nil {
		return 0, 0, err
	}
	return signed(key[1:]), orchestrator.JobID(binary.BigEndian.Uint64(key[1+8:])), nil
}

// keyText names a row for people.
func keyText(key []byte) string {
	if len(key) == 0 {
		return "without a key"
	}
	kind, rest := key[0], key[1:]
	switch {
	case kind == kindMeta || kind == kindKey:
		return fmt.Sprintf("%c/%s", kind, rest)
	case kind == kindPiece && len(rest) > 2:
		return fmt.Sprintf("%c/%s/%d", kind, keyText(rest[:len(rest)-2]), binary.BigEndian.Uint16(rest[len(rest)-2:]))
	case !fits(key):
		return fmt.Sprintf("%x", key)
	}
	var text strings.Builder
	text.WriteByte(kind)
	for i, w := range widths(kind) {
		n := uint64(0)
		for _, b := range rest[:w] {
			n = n<<8 | uint64(b)
		}
		rest = rest[w:]
		if kind == kindTime && i == 0 || kind == kindTally && i == 1 {
			fmt.Fprintf(&text, "/%d", int64(n^(1<<63)))
		} else {
			fmt.Fprintf(&text, "/%d", n)
		}
	}
	return text.String()
}
