package badger

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// Events yields the events of a job whose id is from or greater, in the order of their ids. They
// are those that the job has when the iteration begins.
// The Results of events that are yielded after each other may lie in one piece of memory.
func (s *Store) Events(ctx context.Context, id orchestrator.JobID, from orchestrator.EventID) iter.Seq2[orchestrator.Event, error] {
	return func(yield func(orchestrator.Event, error) bool) {
		job, err := s.find(ctx, id)
		if err != nil {
			yield(orchestrator.Event{}, err)
			return
		}
		l := &eventList{job: id, set: job.set, next: max(from, 1), last: job.last}
		if l.next <= l.last {
			pages(ctx, s, whileThere(id, l.read), yield)
		}
	}
}

// eventList is a list of events being read.
type eventList struct {
	job        orchestrator.JobID
	set        uint64
	next, last orchestrator.EventID

	sn     *snapshot
	rows   []eventRow // of the page, before their nodes are read
	page   []orchestrator.Event
	memory arena
}

// read reads a page.
func (l *eventList) read(sn *snapshot) (page []orchestrator.Event, more bool, err error) {
	l.memory = arena{}
	page, err = l.readMore(sn)
	return page, l.next <= l.last, err
}

// readMore reads a page that may share memory with the one before.
func (l *eventList) readMore(sn *snapshot) ([]orchestrator.Event, error) {
	if l.page == nil {
		n := min(int64(l.last-l.next)+1, pageRows)
		l.rows, l.page = make([]eventRow, 0, n), make([]orchestrator.Event, 0, n)
	}
	l.sn, l.rows, l.page = sn, l.rows[:0], l.page[:0]
	if err := l.readRows(); err != nil {
		return nil, err
	}
	if err := l.readNodes(); err != nil {
		return nil, err
	}
	return l.page, nil
}

// readRows reads rows of events until the page has enough.
func (l *eventList) readRows() error {
	size := 0
	full := func() bool {
		return l.next+orchestrator.EventID(len(l.rows)) > l.last || len(l.rows) >= pageRows || size >= pageBytes
	}
	err := l.sn.iterate(eventsPrefix(l.job), eventsKey(l.job, l.next, 0), false, func(item *badgerdb.Item) (bool, error) {
		last, _, err := readEventsKey(item.Key())
		if err != nil {
			return false, err
		}
		value, err := l.memory.valueOf(l.sn.txn, item)
		if err != nil {
			return false, err
		}
		err = decodeEvents(value, last, func(row *eventRow) error {
			next := l.next + orchestrator.EventID(len(l.rows))
			if row.ID < next || full() {
				return nil
			}
			if row.ID > next {
				return errMissing
			}
			l.rows = append(l.rows, *row)
			size += sizeOf(&row.Node)
			return nil
		})
		if err != nil {
			return false, corrupt(item.Key(), err)
		}
		return !full(), nil
	})
	if err == nil && len(l.rows) == 0 {
		err = corrupt(eventsKey(l.job, l.next, 0), errMissing)
	}
	return err
}

// readNodes makes the page of the rows, until it has enough.
func (l *eventList) readNodes() error {
	values, err := l.nodeValues()
	if err != nil {
		return err
	}
	size := 0
	for i := range l.rows {
		row := &l.rows[i]
		if row.join {
			if err := l.join(&row.Event, values[i]); err != nil {
				return err
			}
		}
		l.page = append(l.page, row.Event)
		l.next++
		if size += sizeOf(&row.Node); size >= pageBytes {
			return nil
		}
	}
	return nil
}

// join sets the node of an event from the value of the node's row, or, if that is nil, from the
// row itself.
func (l *eventList) join(ev *orchestrator.Event, value []byte) error {
	key := nodeKey(l.set, ev.Node.Index)
	if value == nil {
		item, err := l.sn.txn.Get(key)
		if err != nil {
			return corrupt(key, err)
		}
		if value, err = l.memory.valueOf(l.sn.txn, item); err != nil {
			return err
		}
	}
	var row nodeRow
	err := l.sn.node(&row, l.job, ev.Node.Index, key, value, "")
	if err == nil && row.event < ev.ID {
		err = corrupt(key, errJoin)
	}
	ev.Node = row.node
	return err
}

// nodeValues returns the values of the rows of nodes that events are read from, each in the place
// of its event. It looks for them in the order of the nodes, which is much faster than one by
// one. It leaves out those that are long, of which the page may not need all, and all of them if
// they are few.
func (l *eventList) nodeValues() ([][]byte, error) {
	const few, long, near = 8, 4 << 10, 16
	values := make([][]byte, len(l.rows))
	var places []int
	for i := range l.rows {
		if l.rows[i].join {
			places = append(places, i)
		}
	}
	if len(places) < few {
		return values, nil
	}
	slices.SortFunc(places, func(a, b int) int { return cmp.Compare(l.rows[a].Node.Index, l.rows[b].Node.Index) })
	it := l.sn.txn.NewIterator(badgerdb.IteratorOptions{Prefix: setPrefix(kindNode, l.set)})
	defer it.Close()
	before := -near - 1
	for _, i := range places {
		index := l.rows[i].Node.Index
		key := nodeKey(l.set, index)
		if index-before > near {
			it.Seek(key)
		}
		for it.Valid() && bytes.Compare(it.Item().Key(), key) < 0 {
			it.Next()
		}
		before = index
		if !it.Valid() || !bytes.Equal(it.Item().Key(), key) || it.Item().ValueSize() > long {
			continue
		}
		value, err := l.memory.valueOf(l.sn.txn, it.Item())
		if err != nil {
			return nil, err
		}
		values[i] = value
	}
	return values, nil
}

// event returns one event of a job, which must hold its node itself.
func (sn *snapshot) event(job orchestrator.JobID, id orchestrator.EventID) (ev orchestrator.Event, err error) {
	key := eventsKey(job, id, 0)
	found := eventRow{join: true}
	err = sn.iterate(eventsPrefix(job), key, false, func(item *badgerdb.Item) (more bool, err error) {
		key = item.KeyCopy(nil)
		last, _, err := readEventsKey(key)
		if err != nil {
			return false, err
		}
		value, err := valueOf(sn.txn, item)
		if err != nil {
			return false, err
		}
		return false, decodeEvents(value, last, func(row *eventRow) error {
			if row.ID == id {
				found = *row
			}
			return nil
		})
	})
	if err == nil && found.join {
		err = errMissing
	}
	if err != nil {
		return orchestrator.Event{}, corrupt(key, err)
	}
	return found.Event, nil
}
