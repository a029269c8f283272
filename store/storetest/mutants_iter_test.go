package storetest

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

func iteratorMutants() []mutant {
	return []mutant{
		{name: "forgets the last value", fails: []string{"Store/iterator-complete", "CreateJob/large", "Commit/most-events"}, make: func(b *broken) {
			b.iterations(withoutLast[orchestrator.Node], withoutLast[orchestrator.Event], withoutLast[orchestrator.FeedEvent])
		}},
		{name: "forgets the last event", fails: []string{"Store/iterator-complete", "Events/from"}, make: func(b *broken) {
			b.iterations(asIs[orchestrator.Node], withoutLast[orchestrator.Event], withoutLast[orchestrator.FeedEvent])
		}},
		{name: "forgets what begins a page", fails: []string{"Store/iterator-complete", "CreateJob/large"}, make: func(b *broken) {
			b.iterations(withoutPageStart[orchestrator.Node], withoutPageStart[orchestrator.Event], withoutPageStart[orchestrator.FeedEvent])
		}},
		{name: "goes on after a break", fails: []string{"Store/iterator-break"}, make: func(b *broken) {
			b.iterations(onAfterBreak[orchestrator.Node], onAfterBreak[orchestrator.Event], onAfterBreak[orchestrator.FeedEvent])
		}},
		{name: "goes on after an error", fails: []string{"Store/iterator-error"}, make: func(b *broken) {
			b.iterations(onAfterError[orchestrator.Node], onAfterError[orchestrator.Event], onAfterError[orchestrator.FeedEvent])
		}},
		{name: "can be iterated once", fails: []string{"Store/iterator-again"}, make: func(b *broken) {
			b.iterations(once[orchestrator.Node], once[orchestrator.Event], once[orchestrator.FeedEvent])
		}},
		{name: "goes on where it was left", fails: []string{"Store/iterator-again"}, make: func(b *broken) {
			b.iterations(resumed[orchestrator.Node], resumed[orchestrator.Event], resumed[orchestrator.FeedEvent])
		}},
		{name: "shows parts of a change", fails: []string{"Store/iterator-changes"}, make: func(b *broken) {
			b.eachNode(func(_ orchestrator.JobID, n *orchestrator.Node) {
				if n.LatestEvent > 1 {
					n.State = orchestrator.NodeNew
				}
			})
		}},
		{name: "holds its lock while it yields", fails: []string{
			"Store/iterator-calls", "Close/abandoned-iterator", "Close/in-loop-body",
		}, hangs: true, make: locksWhileYielding},
		{name: "ends an iteration that is closed with an error of its own", fails: []string{"Close/in-loop-body"}, make: func(b *broken) {
			own := func(err error) error {
				if err != nil {
					return context.DeadlineExceeded
				}
				return nil
			}
			b.iterations(withErrors[orchestrator.Node](own), withErrors[orchestrator.Event](own), withErrors[orchestrator.FeedEvent](own))
		}},
		{name: "reads all before it yields", fails: []string{
			"Store/context-iterator", "Store/context-iteration", "Close/iterators",
		}, make: func(b *broken) {
			b.iterations(readFirst[orchestrator.Node], readFirst[orchestrator.Event], readFirst[orchestrator.FeedEvent])
		}},
	}
}

func asIs[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] { return seq }

func withoutLast[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var held *T
		for value, err := range seq {
			if err != nil {
				yield(value, err)
				return
			}
			if held != nil && !yield(*held, nil) {
				return
			}
			held = &value
		}
	}
}

func withoutPageStart[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		n := 0
		seq(func(value T, err error) bool {
			n++
			return n%256 == 1 && n > 1 && err == nil || yield(value, err)
		})
	}
}

func onAfterBreak[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		seq(func(value T, err error) bool { yield(value, err); return true })
	}
}

func onAfterError[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		seq(func(value T, err error) bool {
			if err != nil && !yield(value, err) {
				return false
			}
			return yield(value, err)
		})
	}
}

func once[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	used := false
	return func(yield func(T, error) bool) {
		if !used {
			used = true
			seq(yield)
		}
	}
}

// resumed returns an iterator that goes on where it was left, as one does that keeps its place
// outside of the function.
func resumed[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	place := 0
	return func(yield func(T, error) bool) {
		n := 0
		seq(func(value T, err error) bool {
			if n++; n <= place && err == nil {
				return true
			}
			place = n
			return yield(value, err)
		})
	}
}

func readFirst[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	values, err := collect(seq)
	return func(yield func(T, error) bool) {
		for _, value := range values {
			if !yield(value, nil) {
				return
			}
		}
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

// locksWhileYielding gives the store a lock that every call takes, iterators until they end.
func locksWhileYielding(b *broken) {
	var mu sync.Mutex
	b.before = func(context.Context) error { mu.Lock(); return nil }
	b.after = mu.Unlock
	b.iterations(ending[orchestrator.Node](mu.Unlock), ending[orchestrator.Event](mu.Unlock), ending[orchestrator.FeedEvent](mu.Unlock))
	b.close = func() error {
		mu.Lock()
		defer mu.Unlock()
		return b.able.Close()
	}
}

func callMutants() []mutant {
	return []mutant{
		{name: "refuses a call while another is in progress", fails: []string{"Store/goroutines"}, make: func(b *broken) {
			var mu sync.Mutex
			b.before = func(context.Context) error {
				if !mu.TryLock() {
					return context.DeadlineExceeded
				}
				pause()
				return nil
			}
			b.after = mu.Unlock
			b.iterations(ending[orchestrator.Node](mu.Unlock), ending[orchestrator.Event](mu.Unlock), ending[orchestrator.FeedEvent](mu.Unlock))
		}},
		{name: "ignores contexts", fails: []string{
			"Store/context", "Store/context-nothing-done", "Store/context-iterator", "Store/context-iteration",
		}, make: ignoreContexts},
		{name: "hides why a context has ended", fails: []string{"Store/context"}, make: func(b *broken) {
			b.before = func(ctx context.Context) error {
				if ctx.Err() != nil {
					return context.Canceled
				}
				return nil
			}
		}},
		{name: "looks at the context at the end", fails: []string{"Store/context-nothing-done"}, make: func(b *broken) {
			b.requestStop = func(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
				job, err := b.able.RequestStop(context.WithoutCancel(ctx), id, force)
				if ctx.Err() != nil {
					err = ctx.Err()
				}
				return job, err
			}
		}},
		{name: "works after it was closed", fails: []string{"Close/closed", "Close/iterators"}, make: func(b *broken) {
			b.close = func() error { return nil }
		}},
		{name: "fails in its own way once it is being closed", fails: []string{"Close/closed", "Close/calls-in-progress"}, make: func(b *broken) {
			closed := make(chan struct{})
			closing := sync.OnceFunc(func() { close(closed) })
			b.before = func(context.Context) error {
				select {
				case <-closed:
					return context.Canceled
				default:
					return nil
				}
			}
			b.close = func() error { closing(); return b.able.Close() }
		}},
		{name: "can be closed once", fails: []string{"Close/again"}, make: func(b *broken) {
			b.close = func() error {
				if _, err := b.able.Jobs(context.Background(), orchestrator.JobQuery{}); err != nil {
					return err
				}
				return b.able.Close()
			}
		}},
		{name: "is not closed while an iterator is in use", fails: []string{"Close/abandoned-iterator", "Close/in-loop-body"}, hangs: true, make: func(b *broken) {
			var used sync.WaitGroup
			b.before = func(context.Context) error { used.Add(1); return nil }
			b.after = used.Done
			b.iterations(ending[orchestrator.Node](used.Done), ending[orchestrator.Event](used.Done), ending[orchestrator.FeedEvent](used.Done))
			b.close = func() error { used.Wait(); return b.able.Close() }
		}},
	}
}

func ignoreContexts(b *broken) {
	s := b.able
	b.createJob = func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
		return s.CreateJob(context.WithoutCancel(ctx), job, nodes)
	}
	b.nodes = func(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
		return s.Nodes(context.WithoutCancel(ctx), id, q)
	}
	b.events = func(ctx context.Context, id orchestrator.JobID, from orchestrator.EventID) iter.Seq2[orchestrator.Event, error] {
		return s.Events(context.WithoutCancel(ctx), id, from)
	}
	b.renew = func(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
		return s.Renew(context.WithoutCancel(ctx), by, ttl)
	}
}
