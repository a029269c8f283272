package badger

import (
	"context"
	"iter"

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
		l := &eventList{job: id, next: max(from, 1), last: job.last}
		if l.next <= l.last {
			pages(ctx, s, whileThere(id, l.read), yield)
		}
	}
}

// eventList is a list of events being read.
type eventList struct {
	job        orchestrator.JobID
	next, last orchestrator.EventID

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
		l.page = make([]orchestrator.Event, 0, min(int64(l.last-l.next)+1, pageRows))
	}
	l.page = l.page[:0]
	size := 0
	full := func() bool { return l.next > l.last || len(l.page) >= pageRows || size >= pageBytes }
	err := sn.iterate(eventsPrefix(l.job), eventsKey(l.job, l.next, 0), false, func(item *badgerdb.Item) (bool, error) {
		last, _, err := readEventsKey(item.Key())
		if err != nil {
			return false, err
		}
		value, err := l.memory.valueOf(sn.txn, item)
		if err != nil {
			return false, err
		}
		err = decodeEvents(value, last, l.next, func(ev *orchestrator.Event) error {
			if full() {
				return nil
			}
			if ev.ID > l.next {
				return errMissing
			}
			l.page = append(l.page, *ev)
			l.next++
			size += sizeOf(&ev.Node)
			return nil
		})
		if err != nil {
			return false, corrupt(item.Key(), err)
		}
		return !full(), nil
	})
	if err == nil && len(l.page) == 0 {
		err = corrupt(eventsKey(l.job, l.next, 0), errMissing)
	}
	return l.page, err
}
