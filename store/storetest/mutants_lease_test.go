package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// claimFunc is what Claim is.
type claimFunc = func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error)

// renewFunc is what Renew is.
type renewFunc = func(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error)

// claimMutant returns a mutant whose Claim is made of the Claim that works.
func claimMutant(name string, change func(b *broken, claim claimFunc) claimFunc, fails ...string) mutant {
	return mutant{name: name, fails: fails, make: func(b *broken) { b.claim = change(b, b.able.Claim) }}
}

// renewMutant returns a mutant whose Renew is made of the Renew that works.
func renewMutant(name string, change func(b *broken, renew renewFunc) renewFunc, fails ...string) mutant {
	return mutant{name: name, fails: fails, make: func(b *broken) { b.renew = change(b, b.able.Renew) }}
}

func leaseMutants() []mutant {
	return slices.Concat(claimMutants(), renewMutants(), []mutant{
		{name: "does not fence", fails: []string{
			"Store/fence", "Store/lost-to-another", "Store/lost-given-up", "Claim/expired-of-another", "Claim/alone", "Commit/lease-lost",
		}, make: unfenced},
		{name: "says that a commit under a lost lease has worked", fails: []string{
			"Store/holder", "Store/fence", "Store/lost-to-another", "Store/lost-given-up", "Store/lost-ended", "Commit/lease-lost", "Commit/terminal",
		}, make: func(b *broken) {
			b.commit = func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				if err := b.able.Commit(ctx, lease, batch); !errors.Is(err, orchestrator.ErrLeaseLost) {
					return err
				}
				return nil
			}
		}},
		{name: "lets anybody write a job that nobody holds", fails: []string{"Store/holder", "Store/lost-given-up"}, make: func(b *broken) {
			b.commit = func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				err := b.able.Commit(ctx, lease, batch)
				if !errors.Is(err, orchestrator.ErrLeaseLost) {
					return err
				}
				stranger := uuid.New()
				defer func() { _, _ = b.able.Renew(ctx, stranger, 0) }()
				claimed, _, claimErr := b.able.Claim(ctx, stranger, long)
				if claimErr != nil || claimed.Job != lease.Job {
					return err
				}
				return b.able.Commit(ctx, claimed, batch)
			}
		}},
		{name: "looks at the time of the lease it is shown", fails: []string{"Store/fence-not-clock"}, make: func(b *broken) {
			b.commit = func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				if time.Now().After(lease.Expires) {
					return orchestrator.ErrLeaseLost
				}
				return b.able.Commit(ctx, lease, batch)
			}
		}},
		{name: "refuses commits under an expired lease", fails: []string{"Store/expired-is-good"}, make: func(b *broken) {
			var expires sync.Map
			b.claim = func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
				lease, job, err := b.able.Claim(ctx, by, ttl)
				expires.Store(lease.Job, lease.Expires)
				return lease, job, err
			}
			b.commit = func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
				if t, ok := expires.Load(lease.Job); ok && !time.Now().Before(t.(time.Time)) {
					return orchestrator.ErrLeaseLost
				}
				return b.able.Commit(ctx, lease, batch)
			}
		}},
	})
}

func claimMutants() []mutant {
	return []mutant{
		claimMutant("gives a lease without its holder", func(_ *broken, claim claimFunc) claimFunc {
			return func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
				lease, job, err := claim(ctx, by, ttl)
				lease.Holder = uuid.Nil
				return lease, job, err
			}
		}, "Claim/lease"),
		claimMutant("says that a lease expires at once", func(_ *broken, claim claimFunc) claimFunc {
			return func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
				lease, job, err := claim(ctx, by, ttl)
				lease.Expires = time.Now().UTC().Truncate(time.Millisecond)
				return lease, job, err
			}
		}, "Claim/lease"),
		claimMutant("ends leases early", func(_ *broken, claim claimFunc) claimFunc {
			return func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
				return claim(ctx, by, ttl/10)
			}
		}, "Claim/ttl"),
		claimMutant("gives an instance what it holds", func(b *broken, claim claimFunc) claimFunc {
			return func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
				lease, job, err := claim(ctx, by, ttl)
				if errors.Is(err, orchestrator.ErrNotFound) {
					_, _ = b.able.Renew(ctx, by, 0)
					return claim(ctx, by, ttl)
				}
				return lease, job, err
			}
		}, "Claim/expired-own", "Claim/none", "Claim/once-each"),
		claimMutant("gives jobs that have ended", func(b *broken, claim claimFunc) claimFunc {
			return func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
				lease, job, err := claim(ctx, by, ttl)
				page, _ := b.able.Jobs(ctx, orchestrator.JobQuery{Limit: 1})
				if errors.Is(err, orchestrator.ErrNotFound) && len(page.Jobs) == 1 && page.Jobs[0].State.Terminal() {
					return orchestrator.Lease{Job: page.Jobs[0].ID, Holder: by, Fence: 99}, page.Jobs[0], nil
				}
				return lease, job, err
			}
		}, "Claim/ended", "RequestStop/terminal"),
		claimMutant("gives a job to two", func(_ *broken, claim claimFunc) claimFunc {
			var mu sync.Mutex
			var given []orchestrator.Lease
			return func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
				mu.Lock()
				defer mu.Unlock()
				if len(given) == 100 {
					lease := given[50]
					lease.Holder = by
					given = nil
					return lease, orchestrator.Job{ID: lease.Job}, nil
				}
				lease, job, err := claim(ctx, by, ttl)
				given = append(given, lease)
				return lease, job, err
			}
		}, "Claim/once-each"),
		claimMutant("never ends a lease", func(_ *broken, claim claimFunc) claimFunc {
			return func(ctx context.Context, by uuid.UUID, _ time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
				return claim(ctx, by, long)
			}
		}, "Claim/ttl", "Claim/expired-of-another", "Store/lost-to-another").thatHangs(),
		{name: "gives the oldest job first, asked to stop or not", fails: []string{"Claim/order"}, make: func(b *broken) {
			stopped := newStops(b)
			b.requestStop = func(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
				stopped.ask(id, force)
				return b.able.Job(ctx, id)
			}
		}},
	}
}

func renewMutants() []mutant {
	return []mutant{
		renewMutant("returns leases the wrong way round", func(_ *broken, renew renewFunc) renewFunc {
			return func(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
				leases, err := renew(ctx, by, ttl)
				slices.Reverse(leases)
				return leases, err
			}
		}, "Renew/all", "Renew/expired"),
		renewMutant("does not say what was asked", func(_ *broken, renew renewFunc) renewFunc {
			return func(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
				leases, err := renew(ctx, by, ttl)
				for i := range leases {
					leases[i].Stop = orchestrator.StopNone
				}
				return leases, err
			}
		}, "Renew/all"),
		renewMutant("returns leases with the times from before", func(_ *broken, renew renewFunc) renewFunc {
			return func(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
				leases, err := renew(ctx, by, ttl)
				for i := range leases {
					leases[i].Expires = leases[i].Expires.Add(-ttl)
				}
				return leases, err
			}
		}, "Renew/all"),
		renewMutant("never lets a lease end earlier", func(_ *broken, renew renewFunc) renewFunc {
			return func(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
				if ttl > 0 {
					ttl = max(ttl, long)
				}
				return renew(ctx, by, ttl)
			}
		}, "Renew/shorter").thatHangs(),
		renewMutant("does not give up", func(_ *broken, renew renewFunc) renewFunc {
			return func(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
				if ttl <= 0 {
					return nil, nil
				}
				return renew(ctx, by, ttl)
			}
		}, "Renew/give-up", "Store/lost-given-up"),
		renewMutant("gives up for a ttl of 0 only", func(_ *broken, renew renewFunc) renewFunc {
			return func(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
				if ttl < 0 {
					return nil, nil
				}
				return renew(ctx, by, ttl)
			}
		}, "Renew/give-up"),
		{name: "renews what was lost", fails: []string{"Renew/valid-only", "Commit/terminal"}, make: func(b *broken) {
			book := keepLeases(b)
			b.renew = func(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
				_, err := b.able.Renew(ctx, by, ttl)
				leases := book.of(by)
				for i := range leases {
					leases[i].Expires = time.Now().Add(ttl).UTC().Truncate(time.Millisecond)
				}
				return leases, err
			}
		}},
		{name: "does not renew what has expired", fails: []string{"Renew/expired"}, make: func(b *broken) {
			book := keepLeases(b)
			b.renew = func(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
				leases, err := b.able.Renew(ctx, by, ttl)
				return slices.DeleteFunc(leases, func(l orchestrator.Lease) bool {
					return !time.Now().Before(book.newest(l.Job).Expires)
				}), err
			}
		}},
	}
}
