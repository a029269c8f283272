package goal

import (
	"context"
	"math"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator/bench/internal/fleet"
)

// footprint is what the store writes into Badger, keys included.
type footprint struct {
	rows, bytes int
}

const footprintNodes = 8 * group // how many nodes it is averaged over, two transitions each

// footprint returns what the store writes for a group of transitions.
func (env *Env) footprint(ctx context.Context) (footprint, error) {
	before, err := env.written(ctx, func(*fleet.Worker) error { return nil })
	if err != nil {
		return footprint{}, err
	}
	after, err := env.written(ctx, func(w *fleet.Worker) error { return w.RunAll(ctx, group) })
	const groups = 2 * footprintNodes / group
	return footprint{(after.rows - before.rows) / groups, (after.bytes - before.bytes) / groups}, err
}

// written returns all that a store has written which has a job, after something was done with that.
func (env *Env) written(ctx context.Context, do func(*fleet.Worker) error) (footprint, error) {
	dir, remove, err := env.temp()
	if err != nil {
		return footprint{}, err
	}
	defer remove()
	store, err := fleet.Open(dir)
	if err != nil {
		return footprint{}, err
	}
	defer store.Close()
	w, err := fleet.NewWorker(ctx, store, fleet.Names(footprintNodes))
	if err != nil {
		return footprint{}, err
	}
	if err := do(w); err != nil {
		return footprint{}, err
	}
	if err := store.Close(); err != nil {
		return footprint{}, err
	}
	return allRows(dir)
}

// allRows counts the rows in a directory, those that were overwritten among them.
func allRows(dir string) (sum footprint, err error) {
	db, err := badgerdb.OpenManaged(badgerdb.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		return sum, err
	}
	defer db.Close()
	txn := db.NewTransactionAt(math.MaxUint64, false)
	defer txn.Discard()
	it := txn.NewIterator(badgerdb.IteratorOptions{AllVersions: true})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		sum.rows++
		sum.bytes += int(it.Item().KeySize() + it.Item().ValueSize())
	}
	return sum, nil
}
