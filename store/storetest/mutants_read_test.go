package storetest

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

func readMutants() []mutant {
	return []mutant{
		{name: "forgets the events of jobs that have ended", fails: []string{"Store/keeps"}, make: func(b *broken) {
			b.events = func(ctx context.Context, id orchestrator.JobID, from orchestrator.EventID) iter.Seq2[orchestrator.Event, error] {
				if job, err := b.able.Job(ctx, id); err == nil && job.State.Terminal() {
					from = job.LastEvent
				}
				return b.able.Events(ctx, id, from)
			}
		}},
		{name: "shows a job as it was before its last commit", fails: []string{"Job/last-commit"}, make: func(b *broken) {
			var before orchestrator.Progress
			b.commit = func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				job, _ := b.able.Job(ctx, lease.Job)
				before = job.Progress
				return b.able.Commit(ctx, lease, batch)
			}
			b.job = func(ctx context.Context, id orchestrator.JobID) (orchestrator.Job, error) {
				job, err := b.able.Job(ctx, id)
				job.Progress = before
				return job, err
			}
		}},
		{name: "has an error of its own for a job that there is not", fails: []string{
			"Job/unknown", "Nodes/unknown", "Events/unknown", "RequestStop/unknown", "Claim/none",
		}, make: ownError},
		{name: "lists no jobs that have ended", fails: []string{"Jobs/all"}, make: func(b *broken) {
			b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
				page, err := b.able.Jobs(ctx, q)
				var open []orchestrator.Job
				for _, job := range page.Jobs {
					if !job.State.Terminal() {
						open = append(open, job)
					}
				}
				page.Jobs = open
				return page, err
			}
		}},
		{name: "has an error for no jobs", fails: []string{"Jobs/none"}, make: func(b *broken) {
			b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
				page, err := b.able.Jobs(ctx, q)
				if page.Total == 0 {
					return page, orchestrator.ErrNotFound
				}
				return page, err
			}
		}},
		{name: "lists jobs without their requests to stop", fails: []string{"Jobs/same-as-Job"}, make: func(b *broken) {
			b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
				page, err := b.able.Jobs(ctx, q)
				for i := range page.Jobs {
					page.Jobs[i].Stop = orchestrator.StopNone
				}
				return page, err
			}
		}},
		{name: "counts jobs with one byte", fails: []string{"Nodes/of-one-job"}, make: func(b *broken) {
			b.nodes = func(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
				if id > 256 {
					id -= 256
				}
				return b.able.Nodes(ctx, id, q)
			}
		}},
		{name: "yields events from the beginning", fails: []string{"Events/from"}, make: func(b *broken) {
			b.events = func(ctx context.Context, id orchestrator.JobID, _ orchestrator.EventID) iter.Seq2[orchestrator.Event, error] {
				return b.able.Events(ctx, id, 0)
			}
		}},
		{name: "yields events behind from", fails: []string{"Events/from"}, make: func(b *broken) {
			b.events = func(ctx context.Context, id orchestrator.JobID, from orchestrator.EventID) iter.Seq2[orchestrator.Event, error] {
				if from > 0 {
					from++
				}
				return b.able.Events(ctx, id, from)
			}
		}},
		{name: "has an error for no events", fails: []string{"Events/none"}, make: func(b *broken) {
			b.events = func(ctx context.Context, id orchestrator.JobID, from orchestrator.EventID) iter.Seq2[orchestrator.Event, error] {
				return func(yield func(orchestrator.Event, error) bool) {
					if job, err := b.able.Job(ctx, id); err == nil && job.LastEvent == 0 {
						yield(orchestrator.Event{}, orchestrator.ErrNotFound)
						return
					}
					b.able.Events(ctx, id, from)(yield)
				}
			}
		}},
		{name: "yields no error for a job that there is not", fails: []string{"Nodes/unknown", "Events/unknown"}, make: func(b *broken) {
			b.iterations(quietly[orchestrator.Node], quietly[orchestrator.Event], quietly[orchestrator.FeedEvent])
		}},
	}
}

// quietly returns the iterator without errors.
func quietly[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		seq(func(value T, err error) bool { return err == nil && yield(value, nil) })
	}
}

// ownError makes a store return an error that does not match ErrNotFound.
func ownError(b *broken) {
	own := func(err error) error {
		if errors.Is(err, orchestrator.ErrNotFound) {
			return errors.New(err.Error())
		}
		return err
	}
	b.job = func(ctx context.Context, id orchestrator.JobID) (orchestrator.Job, error) {
		job, err := b.able.Job(ctx, id)
		return job, own(err)
	}
	b.requestStop = func(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
		job, err := b.able.RequestStop(ctx, id, force)
		return job, own(err)
	}
	claim := b.claim
	b.claim = func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
		lease, job, err := claim(ctx, by, ttl)
		return lease, job, own(err)
	}
	b.iterations(withErrors[orchestrator.Node](own), withErrors[orchestrator.Event](own), withErrors[orchestrator.FeedEvent](own))
}

func withErrors[T any](change func(error) error) func(iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(seq iter.Seq2[T, error]) iter.Seq2[T, error] {
		return func(yield func(T, error) bool) {
			seq(func(value T, err error) bool { return yield(value, change(err)) })
		}
	}
}
