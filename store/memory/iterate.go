package memory

import (
	"context"
	"iter"
	"math"

	"github.com/seed-54b7607b/orchestrator"
)

// pageSize is how many values an iterator looks at while it holds the lock.
const pageSize = 256

// Events yields the events of a job whose id is from or greater, in the order of their ids.
func (s *Store) Events(ctx context.Context, id orchestrator.JobID, from orchestrator.EventID) iter.Seq2[orchestrator.Event, error] {
	page := func(from int, buf []orchestrator.Event) ([]orchestrator.Event, int, error) {
		return s.eventPage(ctx, id, from, buf)
	}
	return paged(int(min(max(from, 1)-1, math.MaxInt)), page, (*orchestrator.Event).Clone)
}

func (s *Store) eventPage(ctx context.Context, id orchestrator.JobID, from int, buf []orchestrator.Event) ([]orchestrator.Event, int, error) {
	if err := s.enter(ctx); err != nil {
		return nil, 0, err
	}
	defer s.leave()
	s.mu.RLock()
	defer s.mu.RUnlock()
	rec, err := s.find(id)
	if err != nil {
		return nil, 0, err
	}
	page, next := cut(rec.events, from)
	return append(buf, page...), next, nil
}

// end, as the place to go on from, says that there is nothing left.
const end = -1

// cut returns the page of values that begins at from, and where the next one begins.
func cut[T any](values []T, from int) (page []T, next int) {
	left := values[min(from, len(values)):]
	if len(left) <= pageSize {
		return left, end
	}
	return left[:pageSize], from + pageSize
}

// paged yields clones of the values of the pages from the place from on. A page may use the
// memory of buf. The values of a page may share memory with the store, and no lock is held
// while they are cloned and yielded.
func paged[T any, P ~int | ~int64](from P, page func(from P, buf []T) (_ []T, next P, err error), clone func(*T) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var values []T
		for next := from; next != end; {
			var err error
			values, next, err = page(next, values[:0])
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for i := range values {
				if !yield(clone(&values[i]), nil) {
					return
				}
			}
		}
	}
}

// some yields the values of seq without the first of them, as many as offset says, and then at most
// as many as limit says; all that are left if limit is 0.
func some[T any](offset, limit int, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		skip, left := offset, limit
		for value, err := range seq {
			if skip--; skip >= 0 && err == nil {
				continue
			}
			if !yield(value, err) || err != nil {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}
