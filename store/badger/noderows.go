package badger

import (
	"math"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// eachNode calls f for the nodes of a job that are not as they were created, from an index on, until it
// returns false. The value is that of the node's row, which a node of a small job only seems to have; it
// may be in pieces. It and the key are good until f returns.
func (sn *snapshot) eachNode(id orchestrator.JobID, p place, from int, f func(index int, key, value []byte) (more bool, err error)) error {
	if p.small() {
		return sn.eachOfFew(id, p, from, f)
	}
	var index int
	var key []byte
	var more bool
	read := func(value []byte) (err error) {
		more, err = f(index, key, value)
		return err
	}
	return sn.iterate(setPrefix(kindNode, p.set), nodeKey(p.set, from), false, func(item *badgerdb.Item) (_ bool, err error) {
		key = item.Key()
		if index, err = readNodeKey(key); err != nil {
			return false, err
		}
		err = item.Value(read)
		return more, err
	})
}

// findNode calls f as eachNode does for one node, and reports whether that is not as it was created.
func (sn *snapshot) findNode(id orchestrator.JobID, p place, index int, f func(key, value []byte) error) (found bool, err error) {
	if p.small() {
		err = sn.eachOfFew(id, p, index, func(i int, key, value []byte) (bool, error) {
			if found = i == index; !found {
				return false, nil
			}
			return false, f(key, value)
		})
		return found, err
	}
	key := nodeKey(p.set, index)
	item, err := sn.txn.Get(key)
	if isMissing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, item.Value(func(value []byte) error { return f(key, value) })
}

// eachOfFew is eachNode for a small job.
func (sn *snapshot) eachOfFew(id orchestrator.JobID, p place, from int, f func(index int, key, value []byte) (more bool, err error)) error {
	newest, err := sn.newestEvents(id, p)
	if err != nil {
		return err
	}
	for index := max(from, 0); index < p.nodes; index++ {
		ev := &newest[index]
		if ev.ID == 0 {
			continue
		}
		e := &encoder{b: make([]byte, 0, 48+sizeOf(&ev.Node))}
		e.node(&ev.Node, ev.ID)
		if more, err := f(index, nodeKey(p.set, index), e.b); err != nil || !more {
			return err
		}
	}
	return nil
}

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
	err = decodeEvents(value, last, func(row *eventRow) error {
		if ofJob(&row.Event) && !row.join {
			return nil
		}
		if index := row.Node.Index; row.join || index < 0 || index >= p.nodes {
			return errRange
		}
		newest[row.Node.Index] = row.Event
		return nil
	})
	if err != nil {
		return newest, corrupt(item.Key(), err)
	}
	return newest, nil
}
