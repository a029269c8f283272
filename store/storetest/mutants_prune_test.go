package storetest

import (
	"context"
	"errors"
	"iter"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// pruneMutant returns a mutant whose PruneJobs is made of the PruneJobs that works.
func pruneMutant(name string, prune func(ctx context.Context, b *broken, before time.Time) (int, error), fails ...string) mutant {
	return mutant{name: name, fails: fails, make: func(b *broken) {
		b.pruneJobs = func(ctx context.Context, before time.Time) (int, error) { return prune(ctx, b, before) }
	}}
}

func pruneMutants() []mutant {
	return []mutant{
		pruneMutant("removes what ended just then", func(ctx context.Context, b *broken, before time.Time) (int, error) {
			return b.able.PruneJobs(ctx, before.Add(time.Millisecond))
		}, "PruneJobs/ended-before"),
		pruneMutant("removes whatever has ended", func(ctx context.Context, b *broken, _ time.Time) (int, error) {
			return b.able.PruneJobs(ctx, never())
		}, "PruneJobs/ended-before", "PruneJobs/all-of-it"),
		pruneMutant("removes nothing", func(context.Context, *broken, time.Time) (int, error) { return 0, nil },
			"PruneJobs/ended-before", "PruneJobs/all-of-it", "PruneJobs/large", "PruneJobs/at-once", "PruneJobs/iterations", "CreateJob/key-pruned", "Feed/removed"),
		pruneMutant("removes jobs that have not ended", func(ctx context.Context, b *broken, before time.Time) (int, error) {
			lease, job, err := b.able.Claim(ctx, bob, long)
			if err == nil {
				w := &worker{store: b.able, lease: lease, job: job}
				if err := w.enter(ctx, orchestrator.JobStopped, at(0)); err != nil {
					return 0, err
				}
			}
			return b.able.PruneJobs(ctx, before)
		}, "PruneJobs/seen"),
		pruneMutant("returns that it has removed one job too many", func(ctx context.Context, b *broken, before time.Time) (int, error) {
			n, err := b.able.PruneJobs(ctx, before)
			if n > 0 {
				n++
			}
			return n, err
		}, "PruneJobs/ended-before", "PruneJobs/at-once"),
		pruneMutant("returns 0 although there are more", func(ctx context.Context, b *broken, before time.Time) (int, error) {
			return b.able.PruneJobs(ctx, before.Add(-100*time.Second))
		}, "PruneJobs/ended-before"),
		{name: "removes jobs for some readers", fails: []string{"PruneJobs/seen", "PruneJobs/all-of-it"}, make: forgetNodesLate},
		{name: "removes the newest first", fails: []string{"PruneJobs/ended-before"}, make: func(b *broken) {
			hidden := &hiding{of: b}
			b.pruneJobs = hidden.newestFirst
			b.jobs = hidden.jobs
		}},
		{name: "counts jobs that were removed", fails: []string{"PruneJobs/ended-before"}, make: func(b *broken) {
			var removed atomic.Int64
			b.pruneJobs = func(ctx context.Context, before time.Time) (int, error) {
				n, err := b.able.PruneJobs(ctx, before)
				removed.Add(int64(n))
				return n, err
			}
			b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
				page, err := b.able.Jobs(ctx, q)
				page.Total += int(removed.Load())
				return page, err
			}
		}},
		{name: "reuses the ids of jobs that were removed", fails: []string{"CreateJob/ids-pruned"}, make: func(b *broken) {
			var removed atomic.Int64
			b.pruneJobs = func(ctx context.Context, before time.Time) (int, error) {
				n, err := b.able.PruneJobs(ctx, before)
				removed.Add(int64(n))
				return n, err
			}
			b.edit = func(job *orchestrator.Job) { job.ID -= orchestrator.JobID(removed.Load()) }
		}},
		{name: "refuses to remove jobs at once", fails: []string{"PruneJobs/at-once"}, make: func(b *broken) {
			var mu sync.Mutex
			b.pruneJobs = func(ctx context.Context, before time.Time) (int, error) {
				if !mu.TryLock() {
					return 0, errors.New("in progress")
				}
				defer mu.Unlock()
				pause()
				return b.able.PruneJobs(ctx, before)
			}
		}},
		{name: "yields what it has not removed yet as something else", fails: []string{"PruneJobs/iterations"}, make: func(b *broken) {
			b.iterations(wrongAtEnd[orchestrator.Node], wrongAtEnd[orchestrator.Event], wrongAtEnd[orchestrator.FeedEvent])
		}},
	}
}

// forgetNodesLate makes Nodes yield no error for a job that was removed.
func forgetNodesLate(b *broken) {
	b.nodes = func(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
		return quietly(b.able.Nodes(ctx, id, q))
	}
}

// wrongAtEnd makes an iterator that ends with an error yield the last value again first.
func wrongAtEnd[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last T
		yielded := false
		seq(func(value T, err error) bool {
			if err != nil && yielded && !yield(last, nil) {
				return false
			}
			last, yielded = value, true
			return yield(value, err)
		})
	}
}

// hiding hides jobs instead of removing them.
type hiding struct {
	of     *broken
	mu     sync.Mutex
	hidden map[orchestrator.JobID]bool
}

// newestFirst hides the job that ended last of those that ended before a time.
func (h *hiding) newestFirst(ctx context.Context, before time.Time) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	page, err := h.of.able.Jobs(ctx, orchestrator.JobQuery{OrderBy: orchestrator.OrderByTimestamp, Descending: true})
	if err != nil {
		return 0, err
	}
	for _, job := range page.Jobs {
		if job.State.Terminal() && job.Finished().Before(before) && !h.hidden[job.ID] {
			if h.hidden == nil {
				h.hidden = map[orchestrator.JobID]bool{}
			}
			h.hidden[job.ID] = true
			return 1, nil
		}
	}
	return 0, nil
}

func (h *hiding) jobs(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	page, err := h.of.able.Jobs(ctx, q)
	var shown []orchestrator.Job
	for _, job := range page.Jobs {
		if !h.hidden[job.ID] {
			shown = append(shown, job)
		}
	}
	page.Jobs, page.Total = shown, page.Total-len(h.hidden)
	return page, err
}

// feedMutant returns a mutant that changes what Feed yields; Feed is asked for all.
func feedMutant(name string, change func(from orchestrator.Position, all []orchestrator.FeedEvent) []orchestrator.FeedEvent, fails ...string) mutant {
	return mutant{name: name, fails: fails, make: func(b *broken) {
		b.feed = func(ctx context.Context, from orchestrator.Position) iter.Seq2[orchestrator.FeedEvent, error] {
			return func(yield func(orchestrator.FeedEvent, error) bool) {
				all, err := collect(b.able.Feed(ctx, 1))
				for _, e := range change(from, all) {
					if e.Position >= from && !yield(e, nil) {
						return
					}
				}
				if err != nil {
					yield(orchestrator.FeedEvent{}, err)
				}
			}
		}
	}}
}

func feedMutants() []mutant {
	type events = []orchestrator.FeedEvent
	return []mutant{
		feedMutant("feeds events behind from", func(from orchestrator.Position, all events) events {
			for len(all) > 0 && from > 1 && all[0].Position <= from {
				all = all[1:]
			}
			return all
		}, "Feed/from", "Feed/large"),
		feedMutant("feeds all events that were committed together", func(from orchestrator.Position, all events) events {
			for i := range all {
				all[i].Position = max(all[i].Position, min(from, math.MaxInt64-1))
			}
			return all
		}, "Feed/from"),
		feedMutant("feeds one job after the other", func(_ orchestrator.Position, all events) events {
			var sorted events
			for id := range orchestrator.JobID(100) {
				for _, e := range all {
					if e.Job == id {
						sorted = append(sorted, e)
					}
				}
			}
			return sorted
		}, "Position/order"),
		feedMutant("feeds no more than 1000 events", func(_ orchestrator.Position, all events) events {
			return all[:min(len(all), 1000)]
		}, "Feed/large"),
		feedMutant("numbers what is left", func(_ orchestrator.Position, all events) events {
			for i := range all {
				all[i].Position = orchestrator.Position(i + 1)
			}
			return all
		}, "Feed/removed", "Position/removed"),
		feedMutant("counts from 0", func(_ orchestrator.Position, all events) events {
			for i := range all {
				all[i].Position--
			}
			return all
		}, "Position/order"),
		{name: "ends somewhere else", fails: []string{"FeedEnd/newest"}, make: func(b *broken) {
			b.feedEnd = func(ctx context.Context) (orchestrator.Position, error) {
				end, err := b.able.FeedEnd(ctx)
				return end + 1, err
			}
		}},
		{name: "feeds what was committed before it is all there", fails: []string{"Feed/polled"}, make: skipsWhileWritten},
	}
}

// skipsWhileWritten makes the feed lack the second newest event while jobs are written.
func skipsWhileWritten(b *broken) {
	b.feed = func(ctx context.Context, from orchestrator.Position) iter.Seq2[orchestrator.FeedEvent, error] {
		return func(yield func(orchestrator.FeedEvent, error) bool) {
			end, _ := b.able.FeedEnd(ctx)
			b.able.Feed(ctx, from)(func(e orchestrator.FeedEvent, err error) bool {
				return err == nil && e.Position == end-1 || yield(e, err)
			})
		}
	}
}
