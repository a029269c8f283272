package storetest

import (
	"context"
	"fmt"

	"github.com/seed-54b7607b/orchestrator"
)

// The checks of this file are of what a store must not forget that it needs for what comes.

func lastingChecks() []durableCheck {
	return []durableCheck{
		{name: "CreateJob/reopened-key", rule: keyRule, run: checkReopenedKey},
		{name: "Jobs/reopened", rule: jobsRule, run: checkReopenedLists},
		{name: "PruneJobs/reopened", rule: pruneRule, run: checkReopenedPruned},
		{name: "Feed/reopened", rule: feedRule, run: checkReopenedFeed},
	}
}

func checkReopenedKey(ctx context.Context, p *place) error {
	s, err := p.reopen(ctx)
	if err != nil {
		return err
	}
	job, err := s.CreateJob(ctx, keyed("key"), nodeNames(2))
	if err != nil {
		return err
	}
	for range 2 {
		if s, err = p.reopen(ctx); err != nil {
			return err
		}
		if err := existsAlways(ctx, s, "key", newHistory(job, nodeNames(2))); err != nil {
			return fmt.Errorf("after the store was opened again: %w", err)
		}
	}
	w, err := claimJob(ctx, s, alice, long, job.ID)
	if err != nil {
		return err
	}
	b := w.ending(orchestrator.JobFinished)
	if err := w.commit(ctx, b); err != nil {
		return err
	}
	if s, err = p.reopen(ctx); err != nil {
		return err
	}
	h := newHistory(job, nodeNames(2))
	h.apply(b)
	return exists(ctx, s, "key", 2, h)
}

// checkReopenedLists asks for lists of random jobs, some of which are left to change after the store
// has been opened again.
func checkReopenedLists(ctx context.Context, p *place) error {
	r := newRandom(6)
	s, err := p.reopen(ctx)
	if err != nil {
		return err
	}
	all, _, err := populate(ctx, s, r, 120)
	if err != nil {
		return err
	}
	for range 3 {
		if _, err := s.Renew(ctx, alice, 0); err != nil {
			return err
		}
		if s, err = p.reopen(ctx); err != nil {
			return err
		}
		for range 60 {
			if err := all.shown(ctx, s, randomQuery(r, all)); err != nil {
				return fmt.Errorf("after the store was opened again: %w", err)
			}
		}
		for range 5 {
			w, err := claim(ctx, s, alice, long)
			if err != nil {
				return err
			}
			if err := w.enter(ctx, pick(r, orchestrator.JobStates()), randomTime(r)); err != nil {
				return err
			}
			all.update(w)
		}
	}
	return nil
}

// checkReopenedPruned opens the store again at once after jobs were removed, small and large ones.
func checkReopenedPruned(ctx context.Context, p *place) error {
	var created []orchestrator.JobID
	for _, sizes := range [][]int{{1, large, 300}, {iterated}, {1, 1}} {
		store, err := p.reopen(ctx)
		if err != nil {
			return err
		}
		s, ok := store.(pruner)
		if !ok {
			return nil
		}
		for _, nodes := range sizes {
			h, err := endedJob(ctx, s, nodes)
			if err != nil {
				return err
			}
			created = append(created, h.Job.ID)
		}
		if n, err := pruneAll(ctx, s, never()); err != nil || n != len(sizes) {
			return fmt.Errorf("PruneJobs: removed %d jobs with the error %v, want %d", n, err, len(sizes))
		}
		if store, err = p.reopen(ctx); err != nil {
			return err
		}
		for _, id := range created {
			if err := gone(ctx, store, id); err != nil {
				return fmt.Errorf("after the store was opened again: %w", err)
			}
		}
		if err := (&population{}).shown(ctx, store, orchestrator.JobQuery{Node: nodeName(0)}); err != nil {
			return fmt.Errorf("after the store was opened again: %w", err)
		}
	}
	return consecutive(created)
}

// checkReopenedFeed compares the feed with what it was before the store was opened again.
func checkReopenedFeed(ctx context.Context, p *place) error {
	var all fed
	for range 3 {
		store, err := p.reopen(ctx)
		if err != nil {
			return err
		}
		s, ok := store.(feeder)
		if !ok {
			return nil
		}
		if err := all.kept(ctx, s, all); err != nil {
			return fmt.Errorf("after the store was opened again: %w", err)
		}
		h, err := endedJob(ctx, s, 3)
		if err != nil {
			return err
		}
		all.add(h.Job.ID, orchestrator.Batch{Events: h.Events})
		if err := all.read(ctx, s, 1); err != nil {
			return fmt.Errorf("after the store was opened again: %w", err)
		}
		if pruner, ok := store.(pruner); ok && len(all) > 4 {
			if _, err := pruneAll(ctx, pruner, never()); err != nil {
				return err
			}
			last := all[len(all)-1].Position
			if all, err = goesOn(ctx, p, last); err != nil {
				return err
			}
		}
	}
	return nil
}

// goesOn opens the store, which has no events, again, and returns an error unless the next ones are
// behind the last position that was given.
func goesOn(ctx context.Context, p *place, last orchestrator.Position) (fed, error) {
	store, err := p.reopen(ctx)
	if err != nil {
		return nil, err
	}
	s := store.(feeder)
	h, err := endedJob(ctx, s, 3)
	if err != nil {
		return nil, err
	}
	var all fed
	all.add(h.Job.ID, orchestrator.Batch{Events: h.Events})
	return all, all.read(ctx, s, last+1)
}
