package badger

import (
	"bytes"
	"cmp"
	"math"
	"strings"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// ordered returns an error text unless two keys are ordered as what they hold is.
func ordered(t *testing.T, a, b []byte, want int) {
	t.Helper()
	if got := bytes.Compare(a, b); got != want {
		t.Errorf("the keys %x and %x compare as %d, what they hold as %d", a, b, got, want)
	}
}

func FuzzKeys(f *testing.F) {
	f.Add(uint64(1), uint64(2), uint32(255), uint32(256), int64(1), int64(256))
	f.Add(uint64(0), uint64(math.MaxUint64), uint32(0), uint32(math.MaxUint32), int64(0), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, setA, setB uint64, indexA, indexB uint32, eventA, eventB int64) {
		jobA, jobB := orchestrator.JobID(setA>>1), orchestrator.JobID(setB>>1)
		lastA, lastB := orchestrator.EventID(eventA&math.MaxInt64), orchestrator.EventID(eventB&math.MaxInt64)
		bySet := cmp.Compare(setA, setB)
		byJob := cmp.Compare(jobA, jobB)
		byIndex := cmp.Or(bySet, cmp.Compare(indexA, indexB))
		byEvent := cmp.Or(byJob, cmp.Compare(lastA, lastB))

		ordered(t, jobKey(jobA), jobKey(jobB), byJob)
		ordered(t, liveKey(jobA), liveKey(jobB), byJob)
		ordered(t, stagedKey(setA), stagedKey(setB), bySet)
		ordered(t, specKey(setA), specKey(setB), bySet)
		ordered(t, namesKey(setA, int(indexA)), namesKey(setB, int(indexB)), byIndex)
		ordered(t, nodeKey(setA, int(indexA)), nodeKey(setB, int(indexB)), byIndex)
		ordered(t, eventsKey(jobA, lastA), eventsKey(jobB, lastB), byEvent)

		if id, err := readIDKey(jobKey(jobA)); err != nil || orchestrator.JobID(id) != jobA {
			t.Errorf("readIDKey: got %d and the error %v, want %d", id, err, jobA)
		}
		if index, err := readNodeKey(nodeKey(setA, int(indexA))); err != nil || index != int(indexA) {
			t.Errorf("readNodeKey: got %d and the error %v, want %d", index, err, indexA)
		}
		if last, err := readEventsKey(eventsKey(jobA, lastA)); err != nil || last != lastA {
			t.Errorf("readEventsKey: got %d and the error %v, want %d", last, err, lastA)
		}
		for _, key := range [][]byte{nodeKey(setA, int(indexA)), namesKey(setA, int(indexA))} {
			if !bytes.HasPrefix(key, setPrefix(key[0], setA)) {
				t.Errorf("the key %x does not begin with the prefix of its set", key)
			}
			if setA != setB && bytes.HasPrefix(key, setPrefix(key[0], setB)) {
				t.Errorf("the key %x begins with the prefix of another set", key)
			}
		}
	})
}

func FuzzReadKeys(f *testing.F) {
	f.Add(jobKey(1))
	f.Add(pieceKey(nodeKey(1, 2), 3))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, key []byte) {
		_, _ = readIDKey(key)
		_, _ = readNodeKey(key)
		_, _ = readEventsKey(key)
		if keyText(key) == "" {
			t.Errorf("the key %x has no name", key)
		}
	})
}

func TestKeyText(t *testing.T) {
	for want, key := range map[string][]byte{
		"m/layout":        metaKey(metaLayout),
		"j/1":             jobKey(1),
		"l/258":           liveKey(258),
		"p/7":             stagedKey(7),
		"s/7":             specKey(7),
		"c/7/3":           namesKey(7, 3),
		"n/7/300":         nodeKey(7, 300),
		"e/1/1024":        eventsKey(1, 1024),
		"x/n/7/300/2":     pieceKey(nodeKey(7, 300), 2),
		"x/s/7/1":         pieceKey(specKey(7), 1),
		"without a key":   nil,
		"6a00":            {kindJob, 0},
		"x/j/1/65535":     pieceKey(jobKey(1), maxPieces),
		"l/1099511627776": liveKey(1 << 40),
	} {
		if got := keyText(key); got != want {
			t.Errorf("keyText(%x): got %q, want %q", key, got, want)
		}
	}
}

func TestKindsDiffer(t *testing.T) {
	kinds := string([]byte{
		kindMeta, kindJob, kindLive, kindStaged, kindNames, kindSpec, kindNode, kindEvents, kindPiece,
	})
	for _, kind := range kinds {
		if strings.Count(kinds, string(kind)) != 1 {
			t.Errorf("two kinds are %q", kind)
		}
	}
}
