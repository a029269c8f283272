package badger

import (
	"math"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// maxSmall is how many nodes a small job has at most. It is part of the layout.
const maxSmall = 4

// small reports whether the nodes have no rows of their own: their names are in the job's row, and the
// job's events say what has become of them.
func (p place) small() bool { return p.nodes <= maxSmall }

// newestEvents returns the newest event of each node of a small job, the zero Event where there is none.
// It reads backwards, no further than it must.
func (sn *snapshot) newestEvents(id orchestrator.JobID, p place) (newest [maxSmall]orchestrator.Event, err error) {
	missing := p.nodes
	err = sn.iterate(eventsPrefix(id), eventsKey(id, math.MaxInt64, math.MaxInt64), true, func(item *badgerdb.Item) (bool, error) {
		row, err := sn.newestIn(item, p)
		if err != nil {
			return false, err
		}
		for index := range row {
			if newest[index].ID == 0 && row[index].ID != 0 {
				newest[index] = row[index]
				missing--
			}
		}
		return missing > 0, nil
	})
	return newest, err
}

// newestIn is newestEvents for one row.
func (sn *snapshot) newestIn(item *badgerdb.Item, p place) (newest [maxSmall]orchestrator.Event, err error) {
	last, _, err := readEventsKey(item.Key())
	if err != nil {
		return newest, err
	}
	value, err := valueOf(sn.txn, item)
	if err != nil {
		return newest, err
	}
	err = decodeEvents(value, last, 0, func(ev *orchestrator.Event) error {
		if ofJob(ev) {
			return nil
		}
		if index := ev.Node.Index; index < 0 || index >= p.nodes {
			return errRange
		}
		newest[ev.Node.Index] = *ev
		return nil
	})
	if err != nil {
		return newest, corrupt(item.Key(), err)
	}
	return newest, nil
}
