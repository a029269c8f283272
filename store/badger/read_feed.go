package badger

import (
	"context"
	"iter"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// Feed yields the events of all jobs whose position is from or greater. They are those that there
// are when the iteration begins.
// The Results of events that are yielded after each other may lie in one piece of memory.
func (s *Store) Feed(ctx context.Context, from orchestrator.Position) iter.Seq2[orchestrator.FeedEvent, error] {
	return func(yield func(orchestrator.FeedEvent, error) bool) {
		end, err := s.FeedEnd(ctx)
		if err != nil {
			yield(orchestrator.FeedEvent{}, err)
			return
		}
		l := &feedList{next: max(from, 1), last: end}
		if l.next <= l.last {
			pages(ctx, s, l.read, yield)
		}
	}
}

// FeedEnd returns the position of the newest event of all jobs, whether that job is still there or
// not.
func (s *Store) FeedEnd(ctx context.Context) (orchestrator.Position, error) {
	if err := s.state.begin(ctx); err != nil {
		return 0, err
	}
	defer s.state.end()
	st := s.state
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.counters.position, nil
}

// feedFrom returns the first row of the feed that ends with a position or a later one. If there is
// none, its last position is 0.
func (sn *snapshot) feedFrom(position orchestrator.Position) (last orchestrator.Position, commits []fed, err error) {
	err = sn.iterate([]byte{kindFeed}, feedKey(position), false, func(item *badgerdb.Item) (bool, error) {
		last, commits, err = feedRow(item)
		return false, err
	})
	return last, commits, err
}

// feedRow reads the row of an item, which must be one of the feed.
func feedRow(item *badgerdb.Item) (last orchestrator.Position, commits []fed, err error) {
	n, err := readIDKey(item.Key())
	if err != nil {
		return 0, nil, err
	}
	err = item.Value(func(v []byte) (err error) {
		if commits, err = decodeFeed(v); err != nil {
			return corrupt(item.Key(), err)
		}
		return nil
	})
	return orchestrator.Position(n), commits, err
}

// feedList is a part of the feed being read.
type feedList struct {
	next, last orchestrator.Position

	sn     *snapshot
	page   []orchestrator.FeedEvent
	size   int                         // of the page
	there  map[orchestrator.JobID]bool // which jobs of the page are not gone
	events eventList
}

// read reads a page.
func (l *feedList) read(sn *snapshot) (page []orchestrator.FeedEvent, more bool, err error) {
	l.sn, l.page, l.size = sn, l.page[:0], 0
	l.there = make(map[orchestrator.JobID]bool)
	l.events.memory = arena{}
	looked := 0
	err = sn.iterate([]byte{kindFeed}, feedKey(l.next), false, func(item *badgerdb.Item) (bool, error) {
		last, commits, err := feedRow(item)
		if err != nil {
			return false, err
		}
		if err := l.addRow(last-eventsOf(commits)+1, commits); err != nil {
			return false, err
		}
		looked += len(commits)
		return looked < maxLooked && l.next <= l.last && !l.full(), nil
	})
	if err == nil && looked < maxLooked && !l.full() {
		l.next = l.last + 1
	}
	return l.page, l.next <= l.last, err
}

func (l *feedList) full() bool { return len(l.page) >= pageRows || l.size >= pageBytes }

// addRow adds the events of a row that begins with a position.
func (l *feedList) addRow(position orchestrator.Position, commits []fed) error {
	for _, c := range commits {
		end := position + orchestrator.Position(c.count)
		if l.next < end && l.next <= l.last && !l.full() {
			l.next = max(l.next, position)
			if err := l.add(c, end); err != nil {
				return err
			}
		}
		position = end
	}
	return nil
}

// add adds the events of a commit, from the next position to before the end, until the page is full.
func (l *feedList) add(c fed, end orchestrator.Position) error {
	there, err := l.isThere(c.job)
	if err != nil {
		return err
	}
	if !there {
		l.next = end
		return nil
	}
	ev := &l.events
	ev.job, ev.last = c.job, c.last
	for ev.next = c.last + 1 - orchestrator.EventID(end-l.next); l.next < end && !l.full(); {
		page, err := ev.readMore(l.sn)
		if err != nil {
			return err
		}
		for i := range page {
			l.page = append(l.page, orchestrator.FeedEvent{Event: page[i], Job: c.job, Position: l.next})
			l.size += sizeOf(&page[i].Node)
			l.next++
		}
	}
	return nil
}

// isThere reports whether there is a job still.
func (l *feedList) isThere(job orchestrator.JobID) (bool, error) {
	if there, ok := l.there[job]; ok {
		return there, nil
	}
	there, err := l.sn.exists(job)
	l.there[job] = there
	return there, err
}
