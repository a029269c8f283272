package storetest

import (
	"context"

	"github.com/seed-54b7607b/orchestrator"
)

func borrowMutants() []mutant {
	return []mutant{
		pageMutant("lends jobs without what was asked", func(q orchestrator.JobQuery, page *orchestrator.JobPage) {
			for i := range page.Jobs {
				if q.Borrow {
					page.Jobs[i].Userdata = nil
				}
			}
		}, "JobQuery/borrow"),
		lendingMutant("writes into jobs that it has lent when one is committed", func(b *broken, spoil func()) {
			b.commit = func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				spoil()
				return b.able.Commit(ctx, lease, batch)
			}
		}),
		lendingMutant("writes into jobs that it has lent when one ends", func(b *broken, spoil func()) {
			b.commit = func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				if batch.Progress.State.Terminal() {
					spoil()
				}
				return b.able.Commit(ctx, lease, batch)
			}
		}),
		lendingMutant("writes into jobs that it has lent when one is stopped", func(b *broken, spoil func()) {
			b.requestStop = func(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
				spoil()
				return b.able.RequestStop(ctx, id, force)
			}
		}),
		lendingMutant("uses the memory of jobs that it has lent for the next page", func(b *broken, spoil func()) {
			lend := b.jobs
			b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
				if q.Borrow {
					spoil()
				}
				return lend(ctx, q)
			}
		}),
	}
}

// lendingMutant is a store that spoils the page it has lent last.
func lendingMutant(name string, damage func(b *broken, spoil func())) mutant {
	return mutant{name: name, fails: []string{"JobQuery/borrow"}, make: func(b *broken) {
		var lent []orchestrator.Job
		b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
			page, err := b.able.Jobs(ctx, q)
			if q.Borrow {
				lent = page.Jobs
			}
			return page, err
		}
		damage(b, func() {
			for i := range lent {
				clear(lent[i].Status)
			}
		})
	}}
}
