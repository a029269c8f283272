package badger

import (
	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// headsOf reads the heads of the nodes of a job, one row after the other. Those of a row are as they were
// when it was read.
type headsOf struct {
	job orchestrator.JobID
	place
	final bool // read the rows that were written when the job had ended

	chunk int                          // whose heads these are
	heads []head                       // of all nodes of the chunk, or of none
	few   [maxSmall]orchestrator.Event // the newest events of the nodes of a small job
}

// head returns the head of a node, which is good until it is asked for the next one.
func (r *headsOf) head(sn *snapshot, index int) (*head, error) {
	size := headsPerChunk
	if r.final {
		size = finalPerChunk
	}
	if chunk := index / size; len(r.heads) != size || chunk != r.chunk {
		if cap(r.heads) < size {
			r.heads = make([]head, size)
		}
		if err := r.read(sn, chunk, r.heads[:size]); err != nil {
			return nil, err
		}
		r.chunk, r.heads = chunk, r.heads[:size]
	}
	return &r.heads[index%size], nil
}

func (r *headsOf) read(sn *snapshot, chunk int, hs []head) (err error) {
	r.heads = r.heads[:0]
	if r.final {
		key := finalKey(r.set, chunk)
		found, err := readHeads(sn.txn, key, hs)
		if err == nil && !found {
			err = corrupt(key, errMissing)
		}
		return err
	}
	if !r.small() {
		_, err = readHeads(sn.txn, headsKey(r.set, chunk), hs)
		return err
	}
	if r.few, err = sn.newestEvents(r.job, r.place); err != nil {
		return err
	}
	for i := range hs {
		hs[i] = newHead()
		if i < maxSmall && r.few[i].ID != 0 {
			hs[i] = headOf(&r.few[i])
		}
	}
	return nil
}

// readHeads reads a row of heads, and reports whether there is one: if not, all nodes are as they were
// created. The row is never come by on the way from another: it is written again with each node in it that
// changes, and an iterator would have to pass all of its versions.
func readHeads(txn *badgerdb.Txn, key []byte, hs []head) (found bool, err error) {
	item, err := txn.Get(key)
	if isMissing(err) {
		return false, decodeHeads([]byte{version, 0}, hs)
	}
	if err != nil {
		return false, err
	}
	return true, item.Value(func(value []byte) error {
		if err := decodeHeads(value, hs); err != nil {
			return corrupt(key, err)
		}
		return nil
	})
}
