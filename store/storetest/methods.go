package storetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// method is a method of a store, for the checks that are about all of them.
type method struct {
	name string
	call func(ctx context.Context, s orchestrator.Store, w *worker) error
}

// methods returns all methods but Close, those of optional interfaces included that the store has,
// each with a call of it that works while the worker's lease is valid, and that leaves it valid.
func methods(s orchestrator.Store) []method {
	return slices.Concat(storeMethods(), prunerMethods(s), keyerMethods(s), feederMethods(s))
}

func prunerMethods(s orchestrator.Store) []method {
	if _, ok := s.(orchestrator.Pruner); !ok {
		return nil
	}
	return []method{
		{"PruneJobs", func(ctx context.Context, s orchestrator.Store, _ *worker) error {
			_, err := s.(orchestrator.Pruner).PruneJobs(ctx, at(0))
			return err
		}},
	}
}

func keyerMethods(s orchestrator.Store) []method {
	if _, ok := s.(orchestrator.Keyer); !ok {
		return nil
	}
	return []method{
		{"JobWithKey", func(ctx context.Context, s orchestrator.Store, _ *worker) error {
			_, err := s.(orchestrator.Keyer).JobWithKey(ctx, "none")
			if errors.Is(err, orchestrator.ErrNotFound) {
				return nil
			}
			return err
		}},
	}
}

func feederMethods(s orchestrator.Store) []method {
	if _, ok := s.(orchestrator.Feeder); !ok {
		return nil
	}
	return []method{
		{"Feed", func(ctx context.Context, s orchestrator.Store, _ *worker) error {
			_, err := collect(s.(orchestrator.Feeder).Feed(ctx, 1))
			return err
		}},
		{"FeedEnd", func(ctx context.Context, s orchestrator.Store, _ *worker) error {
			_, err := s.(orchestrator.Feeder).FeedEnd(ctx)
			return err
		}},
	}
}

func storeMethods() []method {
	return []method{
		{"CreateJob", func(ctx context.Context, s orchestrator.Store, _ *worker) error {
			_, err := create(ctx, s, 2)
			return err
		}},
		{"Job", func(ctx context.Context, s orchestrator.Store, w *worker) error {
			_, err := s.Job(ctx, w.job.ID)
			return err
		}},
		{"Jobs", func(ctx context.Context, s orchestrator.Store, _ *worker) error {
			_, err := s.Jobs(ctx, orchestrator.JobQuery{OrderBy: orchestrator.OrderByOwner, Limit: 10})
			return err
		}},
		{"Nodes", func(ctx context.Context, s orchestrator.Store, w *worker) error {
			_, err := readNodes(ctx, s, w.job.ID)
			return err
		}},
		{"Events", func(ctx context.Context, s orchestrator.Store, w *worker) error {
			_, err := readEvents(ctx, s, w.job.ID)
			return err
		}},
		{"Claim", func(ctx context.Context, s orchestrator.Store, _ *worker) error {
			_, _, err := s.Claim(ctx, bob, long)
			if errors.Is(err, orchestrator.ErrNotFound) {
				return nil
			}
			return err
		}},
		{"Renew", func(ctx context.Context, s orchestrator.Store, w *worker) error {
			_, err := s.Renew(ctx, w.lease.Holder, 2*time.Hour)
			return err
		}},
		{"Renew, giving up", func(ctx context.Context, s orchestrator.Store, _ *worker) error {
			_, err := s.Renew(ctx, uuid.New(), 0)
			return err
		}},
		{"Commit", func(ctx context.Context, _ orchestrator.Store, w *worker) error {
			return w.run(ctx, 0)
		}},
		{"RequestStop", func(ctx context.Context, s orchestrator.Store, w *worker) error {
			_, err := s.RequestStop(ctx, w.job.ID, false)
			return err
		}},
	}
}
