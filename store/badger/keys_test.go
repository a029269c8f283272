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
	f.Add(uint64(0), uint64(math.MaxUint64), uint32(0), uint32(math.MaxUint32), int64(math.MinInt64), int64(math.MaxInt64))
	f.Add(uint64(9), uint64(9), uint32(9), uint32(9), int64(-1), int64(0))
	f.Fuzz(func(t *testing.T, setA, setB uint64, indexA, indexB uint32, timeA, timeB int64) {
		jobA, jobB := orchestrator.JobID(setA>>1), orchestrator.JobID(setB>>1)
		lastA, lastB := orchestrator.EventID(timeA&math.MaxInt64), orchestrator.EventID(timeB&math.MaxInt64)
		posA, posB := orchestrator.Position(lastA), orchestrator.Position(lastB)
		bucketA, bucketB := uint16(indexA), uint16(indexB)
		bySet, byJob := cmp.Compare(setA, setB), cmp.Compare(jobA, jobB)
		byIndex, byTime, byLast := cmp.Compare(indexA, indexB), cmp.Compare(timeA, timeB), cmp.Compare(lastA, lastB)

		ordered(t, jobKey(jobA), jobKey(jobB), byJob)
		ordered(t, liveKey(jobA), liveKey(jobB), byJob)
		ordered(t, unfinishedKey(setA), unfinishedKey(setB), bySet)
		ordered(t, stagedKey(setA), stagedKey(setB), bySet)
		ordered(t, largeKey(setA), largeKey(setB), bySet)
		ordered(t, removedKey(setA), removedKey(setB), bySet)
		ordered(t, specKey(setA), specKey(setB), bySet)
		ordered(t, namesKey(setA, int(indexA)), namesKey(setB, int(indexB)), cmp.Or(bySet, byIndex))
		ordered(t, headsKey(setA, int(indexA)), headsKey(setB, int(indexB)), cmp.Or(bySet, byIndex))
		ordered(t, eventsKey(jobA, lastA, posA), eventsKey(jobB, lastB, posB), cmp.Or(byJob, byLast))
		ordered(t, feedKey(posA), feedKey(posB), byLast)
		ordered(t, bucketKey(bucketA, jobRef(setA)), bucketKey(bucketB, jobRef(setB)), cmp.Or(cmp.Compare(bucketA, bucketB), bySet))
		ordered(t, classKey(indexA), classKey(indexB), byIndex)
		ordered(t, tallyKey(indexA, span(timeA)), tallyKey(indexB, span(timeB)), cmp.Or(byIndex, byTime))
		ordered(t, endedKey(indexA, setA), endedKey(indexB, setB), cmp.Or(byIndex, bySet))
		ordered(t, timeKey(timeA, jobA), timeKey(timeB, jobB), cmp.Or(byTime, byJob))

		for _, key := range [][]byte{headsKey(setA, int(indexA)), namesKey(setA, int(indexA))} {
			if !bytes.HasPrefix(key, setPrefix(key[0], setA)) {
				t.Errorf("the key %x does not begin with the prefix of its set", key)
			}
			if setA != setB && bytes.HasPrefix(key, setPrefix(key[0], setB)) {
				t.Errorf("the key %x begins with the prefix of another set", key)
			}
		}
		readBack(t, setA, indexA, timeA)
	})
}

// readBack reads keys of all kinds that are read.
func readBack(t *testing.T, set uint64, index uint32, ms int64) {
	t.Helper()
	job, last := orchestrator.JobID(set>>1), orchestrator.EventID(ms&math.MaxInt64)
	if id, err := readIDKey(jobKey(job)); err != nil || orchestrator.JobID(id) != job {
		t.Errorf("readIDKey: got %d and the error %v, want %d", id, err, job)
	}
	if l, p, err := readEventsKey(eventsKey(job, last, 7)); err != nil || l != last || p != 7 {
		t.Errorf("readEventsKey: got %d, %d and the error %v, want %d, 7", l, p, err, last)
	}
	if ref, err := readBucketKey(bucketKey(uint16(index), jobRef(set))); err != nil || ref != jobRef(set) {
		t.Errorf("readBucketKey: got %d and the error %v, want %d", ref, err, set)
	}
	if n, err := readClassKey(classKey(index)); err != nil || n != index {
		t.Errorf("readClassKey: got %d and the error %v, want %d", n, err, index)
	}
	if n, s, err := readTallyKey(tallyKey(index, span(ms))); err != nil || n != index || s != span(ms) {
		t.Errorf("readTallyKey: got %d, %d and the error %v, want %d, %d", n, s, err, index, ms)
	}
	if chunk, err := readEndedKey(endedKey(index, set)); err != nil || chunk != set {
		t.Errorf("readEndedKey: got %d and the error %v, want %d", chunk, err, set)
	}
	if at, id, err := readTimeKey(timeKey(ms, job)); err != nil || at != ms || id != job {
		t.Errorf("readTimeKey: got %d, %d and the error %v, want %d, %d", at, id, err, ms, job)
	}
}

func FuzzReadKeys(f *testing.F) {
	f.Add(jobKey(1))
	f.Add(pieceKey(eventsKey(1, 2, 2), 3))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, key []byte) {
		_, _ = readIDKey(key)
		_, _, _ = readEventsKey(key)
		_, _ = readBucketKey(key)
		_, _ = readClassKey(key)
		_, _, _ = readTallyKey(key)
		_, _ = readEndedKey(key)
		_, _, _ = readTimeKey(key)
		if keyText(key) == "" {
			t.Errorf("the key %x has no name", key)
		}
	})
}

func TestKeyText(t *testing.T) {
	for want, key := range map[string][]byte{
		"m/layout":        metaKey(metaLayout),
		"j/1":             jobKey(1),
		"w/258":           unfinishedKey(258),
		"l/258":           liveKey(258),
		"p/7":             stagedKey(7),
		"s/7":             specKey(7),
		"c/7/3":           namesKey(7, 3),
		"n/7/300":         headsKey(7, 300),
		"e/1/1024/7":      eventsKey(1, 1024, 7),
		"g/7":             largeKey(7),
		"d/7":             removedKey(7),
		"f/9":             feedKey(9),
		"k/a/b":           keyKey("a/b"),
		"b/300/7":         bucketKey(300, 7),
		"a/300":           classKey(300),
		"h/3/-5":          tallyKey(3, -5),
		"i/3/258":         endedKey(3, 258),
		"t/-1/258":        timeKey(-1, 258),
		"o/7/3/300":       orderKey(7, 3, 300),
		"u/7":             unsettledKey(7),
		"y/7/300":         finalKey(7, 300),
		"x/c/7/300/2":     pieceKey(namesKey(7, 300), 2),
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
		kindMeta, kindJob, kindUnfinished, kindLive, kindStaged, kindLarge, kindRemoved, kindNames, kindSpec, kindHeads, kindEvents,
		kindFeed, kindKey, kindBucket, kindClass, kindTally, kindEnded, kindTime, kindPiece, kindOrder, kindUnsettled, kindFinal,
	})
	for _, kind := range kinds {
		if strings.Count(kinds, string(kind)) != 1 {
			t.Errorf("two kinds are %q", kind)
		}
	}
}
