package badger

import (
	"fmt"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// To find the jobs that have a node of a name, all names are spread over buckets, and a job has a
// row for each bucket that names of its nodes are in. So a job of one node has one such row, and one
// of 100,000 has no more than there are buckets; and who looks for a name reads one bucket.

// bucketBits says how many buckets there are. It is part of the layout.
const bucketBits = 12

// maxBucket is how long the value of the row of a bucket may be, which is not cut into pieces.
const maxBucket = 256 << 10

// bucketOf returns the bucket that a name is in.
func bucketOf(name string) uint16 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return uint16((h ^ h>>32) & (1<<bucketBits - 1))
}

// bucket is those of a job's names that are in one bucket.
type bucket struct {
	number uint16
	value  []byte // of its row
}

// bucketsOf spreads names over buckets.
func bucketsOf(names []string) ([]bucket, error) {
	places := make([]uint64, len(names)) // the bucket of each, and its index
	for i, name := range names {
		if len(name) > orchestrator.MaxNodeName {
			return nil, invalid("nodes", name, fmt.Sprintf("must not be longer than %d bytes", orchestrator.MaxNodeName))
		}
		places[i] = uint64(bucketOf(name))<<32 | uint64(i)
	}
	slices.Sort(places)
	var buckets []bucket
	var in []string
	for i, place := range places {
		in = append(in, names[uint32(place)])
		number := uint16(place >> 32)
		if i+1 < len(places) && uint16(places[i+1]>>32) == number {
			continue
		}
		value := encodeNames(in)
		if len(value) > maxBucket {
			return nil, invalid("nodes", len(names), "must not be so many")
		}
		buckets, in = append(buckets, bucket{number, value}), in[:0]
	}
	return buckets, nil
}

// jobRef refers to a job in the rows of buckets. Those of a job that is written in parts are written
// before the job has an ID: they refer to its set.
type jobRef uint64

const refersToSet jobRef = 1 << 63

func refOfSet(set uint64) jobRef { return jobRef(set) | refersToSet }

// set returns the set that is referred to, and false if it is a job.
func (r jobRef) set() (uint64, bool) { return uint64(r &^ refersToSet), r&refersToSet != 0 }

// hasName reports whether the value of the row of a bucket holds a name.
func hasName(value []byte, name string) (bool, error) {
	d := decode(value)
	found := false
	for range d.count() {
		n := d.uvarint()
		if b := d.take(n); string(b) == name && d.err == nil {
			found = true
		}
	}
	return found, d.end()
}
