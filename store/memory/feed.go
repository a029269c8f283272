package memory

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// feed is the sequence of the events of all jobs. It is guarded by Store.mu.
type feed struct {
	end     orchestrator.Position // of the newest event
	commits []fed                 // those with events, by their positions
}

// fed is the events of a job that were committed together.
type fed struct {
	end   orchestrator.Position // of the last of them
	rec   *record
	last  int // how many events the job had after the commit
	count int
}

// add gives positions to the last events of a job.
func (f *feed) add(rec *record, count int) {
	if count == 0 {
		return
	}
	f.end += orchestrator.Position(count)
	f.commits = append(f.commits, fed{end: f.end, rec: rec, last: len(rec.events), count: count})
}

// page appends events from a position on to buf, and returns the position to go on from.
func (f *feed) page(from, to orchestrator.Position, buf []orchestrator.FeedEvent) ([]orchestrator.FeedEvent, orchestrator.Position) {
	i, _ := slices.BinarySearchFunc(f.commits, from, func(c fed, p orchestrator.Position) int { return cmp.Compare(c.end, p) })
	for _, c := range f.commits[i:] {
		for k := range c.count {
			position := c.end - orchestrator.Position(c.count-1-k)
			if position < from {
				continue
			}
			if position > to || len(buf) == pageSize {
				return buf, position
			}
			buf = append(buf, orchestrator.FeedEvent{Event: c.rec.events[c.last-c.count+k], Job: c.rec.job.ID, Position: position})
		}
	}
	return buf, to + 1
}

// Feed yields the events of all jobs whose position is from or greater. They are those that there
// are when the iteration begins.
func (s *Store) Feed(ctx context.Context, from orchestrator.Position) iter.Seq2[orchestrator.FeedEvent, error] {
	return func(yield func(orchestrator.FeedEvent, error) bool) {
		to, err := s.FeedEnd(ctx)
		if err != nil {
			yield(orchestrator.FeedEvent{}, err)
			return
		}
		page := func(from orchestrator.Position, buf []orchestrator.FeedEvent) ([]orchestrator.FeedEvent, orchestrator.Position, error) {
			if from > to {
				return nil, end, nil
			}
			buf, next, err := s.feedPage(ctx, from, to, buf)
			return buf, next, err
		}
		paged(max(from, 1), page, func(e *orchestrator.FeedEvent) orchestrator.FeedEvent {
			c := *e
			c.Event = e.Clone()
			return c
		})(yield)
	}
}

func (s *Store) feedPage(ctx context.Context, from, to orchestrator.Position, buf []orchestrator.FeedEvent) ([]orchestrator.FeedEvent, orchestrator.Position, error) {
	if err := s.enter(ctx); err != nil {
		return nil, 0, err
	}
	defer s.leave()
	s.mu.RLock()
	defer s.mu.RUnlock()
	buf, next := s.feed.page(from, to, buf)
	return buf, next, nil
}

// FeedEnd returns the position of the newest event of all jobs.
func (s *Store) FeedEnd(ctx context.Context) (orchestrator.Position, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.feed.end, nil
}
