package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/seed-54b7607b/orchestrator"
)

// commitFunc is what Commit is.
type commitFunc = func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error

// commitMutant returns a mutant whose Commit is made of the Commit that works.
func commitMutant(name string, change func(b *broken, commit commitFunc) commitFunc, fails ...string) mutant {
	return mutant{name: name, fails: fails, make: func(b *broken) { b.commit = change(b, b.able.Commit) }}
}

// refusing returns a mutant that takes no batches that are too big in some way.
func refusing(name string, tooBig func(orchestrator.Batch) bool, fails ...string) mutant {
	return commitMutant(name, func(_ *broken, commit commitFunc) commitFunc {
		return func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
			if tooBig(batch) {
				return errors.New("transaction too big")
			}
			return commit(ctx, lease, batch)
		}
	}, fails...)
}

func commitMutants() []mutant {
	return []mutant{
		commitMutant("forgets the last node of a batch", func(_ *broken, commit commitFunc) commitFunc {
			return func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				if n := len(batch.Events); n > 0 {
					batch.Events = slices.Clone(batch.Events)
					batch.Events[n-1].Node = orchestrator.Node{}
				}
				return commit(ctx, lease, batch)
			}
		}, "Commit/all", "Store/keeps"),
		{name: "keeps the first of two changes to a node", fails: []string{"Commit/node-twice"}, make: keepFirst},
		commitMutant("forgets batches without events", func(_ *broken, commit commitFunc) commitFunc {
			return func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				if len(batch.Events) == 0 {
					return nil
				}
				return commit(ctx, lease, batch)
			}
		}, "Commit/no-events"),
		{name: "writes all jobs", fails: []string{"Commit/other-jobs"}, make: func(b *broken) {
			var mu sync.Mutex
			var last orchestrator.Progress
			b.commit = func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				mu.Lock()
				defer mu.Unlock()
				last = batch.Progress.Clone()
				return b.able.Commit(ctx, lease, batch)
			}
			b.edit = func(job *orchestrator.Job) {
				mu.Lock()
				defer mu.Unlock()
				if last.State != "" {
					job.Progress = last.Clone()
				}
			}
		}},
		commitMutant("commits one event after the other", func(_ *broken, commit commitFunc) commitFunc {
			return func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				for i := range batch.Events {
					one := orchestrator.Batch{Progress: batch.Progress, Events: batch.Events[i : i+1]}
					one.Progress.LastEvent = batch.Events[i].ID
					if err := commit(ctx, lease, one); err != nil {
						return err
					}
					pause()
				}
				return nil
			}
		}, "Commit/seen-together", "Commit/numbers", "Commit/progress-end"),
		commitMutant("commits with the next commit", func(_ *broken, commit commitFunc) commitFunc {
			var mu sync.Mutex
			var waiting func() error
			return func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				mu.Lock()
				defer mu.Unlock()
				before := waiting
				waiting = func() error { return commit(ctx, lease, batch) }
				if before == nil {
					return nil
				}
				return before()
			}
		}, "Commit/seen-at-once", "Job/last-commit", "Store/keeps"),
		{name: "takes a stop back with a commit", fails: []string{"Commit/asked"}, make: func(b *broken) {
			stopped := newStops(b)
			b.requestStop = func(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
				stopped.ask(id, force)
				return b.able.Job(ctx, id)
			}
			b.commit = func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				stopped.forget(lease.Job)
				return b.able.Commit(ctx, lease, batch)
			}
		}},
		commitMutant("commits before it looks at the numbers", func(_ *broken, commit commitFunc) commitFunc {
			return func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				err := commit(ctx, lease, batch)
				if !errors.Is(err, orchestrator.ErrInvalid) {
					return err
				}
				for wanted := range orchestrator.EventID(1000) {
					if commit(ctx, lease, renumbered(batch, wanted)) == nil {
						break
					}
				}
				return err
			}
		}, "Commit/numbers", "Commit/progress-end"),
		commitMutant("numbers events itself", func(_ *broken, commit commitFunc) commitFunc {
			return func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				err := commit(ctx, lease, batch)
				for wanted := orchestrator.EventID(0); errors.Is(err, orchestrator.ErrInvalid) && wanted < 1000; wanted++ {
					err = commit(ctx, lease, renumbered(batch, wanted))
				}
				return err
			}
		}, "Commit/numbers", "Commit/progress-end"),
		commitMutant("has an error of its own for wrong numbers", func(_ *broken, commit commitFunc) commitFunc {
			return func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				if err := commit(ctx, lease, batch); err != nil {
					return errors.New(err.Error())
				}
				return nil
			}
		}, "Commit/numbers", "Commit/progress-end", "Commit/lease-lost", "Store/lost-ended"),
		refusing("takes no more than 1000 events", func(b orchestrator.Batch) bool { return len(b.Events) > 1000 }, "Commit/most-events", "Commit/most-bytes"),
		refusing("takes less than the most bytes", func(b orchestrator.Batch) bool { return size(b) >= orchestrator.MaxBatchBytes },
			"Commit/most-bytes", "Commit/one-big-result", "Commit/one-big-message"),
	}
}

// size returns what MaxBatchBytes limits.
func size(b orchestrator.Batch) (bytes int) {
	for _, e := range b.Events {
		bytes += len(e.Node.Result) + len(e.Node.Message)
	}
	return bytes
}

// renumbered returns the batch with its events numbered on from last.
func renumbered(b orchestrator.Batch, last orchestrator.EventID) orchestrator.Batch {
	b.Events = slices.Clone(b.Events)
	for i := range b.Events {
		last++
		b.Events[i].ID = last
	}
	b.Progress.LastEvent = last
	return b
}

// keepFirst makes a node stay as the first event of a batch leaves it.
func keepFirst(b *broken) {
	var mu sync.Mutex
	first := map[int]orchestrator.Node{}
	b.commit = func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range slices.Backward(batch.Events) {
			first[e.Node.Index] = e.Node.Clone()
		}
		return b.able.Commit(ctx, lease, batch)
	}
	b.eachNode(func(_ orchestrator.JobID, n *orchestrator.Node) {
		mu.Lock()
		defer mu.Unlock()
		if kept, ok := first[n.Index]; ok {
			*n = kept.Clone()
		}
	})
}

func stopMutants() []mutant {
	return []mutant{
		{name: "returns a job as it was before it was asked to stop", fails: []string{"RequestStop/asks", "RequestStop/held", "RequestStop/milder"}, make: func(b *broken) {
			b.requestStop = func(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
				job, err := b.able.Job(ctx, id)
				if err == nil {
					_, err = b.able.RequestStop(ctx, id, force)
				}
				return job, err
			}
		}},
		{name: "stops no job that is held", fails: []string{"RequestStop/held"}, make: func(b *broken) {
			book := keepLeases(b)
			b.requestStop = func(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
				if book.newest(id).Fence > 0 {
					return b.able.Job(ctx, id)
				}
				return b.able.RequestStop(ctx, id, force)
			}
		}},
		{name: "takes a stop back for a milder one", fails: []string{"RequestStop/milder", "RequestStop/at-once"}, make: func(b *broken) {
			stopped := newStops(b)
			b.requestStop = func(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
				stopped.ask(id, force)
				return b.able.Job(ctx, id)
			}
		}},
		{name: "makes no stop stronger", fails: []string{"RequestStop/milder"}, make: func(b *broken) {
			b.requestStop = func(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
				job, err := b.able.Job(ctx, id)
				if err != nil || job.Stop != orchestrator.StopNone {
					return job, err
				}
				return b.able.RequestStop(ctx, id, force)
			}
		}},
		{name: "stops jobs that have ended", fails: []string{"RequestStop/terminal"}, make: func(b *broken) {
			stopped := newStops(b)
			b.requestStop = func(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
				stopped.ask(id, force)
				return b.able.RequestStop(ctx, id, force)
			}
		}},
		{name: "has an error for jobs that have ended", fails: []string{"RequestStop/terminal"}, make: func(b *broken) {
			b.requestStop = func(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
				job, err := b.able.RequestStop(ctx, id, force)
				if job.State.Terminal() {
					err = orchestrator.ErrInvalid
				}
				return job, err
			}
		}},
	}
}
