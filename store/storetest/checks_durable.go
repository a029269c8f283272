package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// voidRule is not of the contract: it holds for the stores that [RunExclusive] is for.
const voidRule = "The leases that were given before the store was opened are void."

func durableChecks() []durableCheck {
	return append(lastingChecks(), []durableCheck{
		{name: "Store/reopened", rule: "Store keeps jobs, their nodes and their events.", run: checkReopened},
		{name: "Store/reopened-fence", rule: fenceRule, run: checkReopenedFence},
		{name: "CreateJob/reopened", rule: wholeRule, run: checkReopenedCreate},
		{name: "CreateJob/reopened-ids", rule: idsRule, run: checkReopenedIDs},
		{name: "RequestStop/reopened", rule: stopRule, run: checkReopenedStop},
		{name: "Commit/crash", rule: survivesRule, run: checkCrash},
		{name: "Close/reopened", rule: closeRule, run: checkReopenedInProgress},
	}...)
}

func exclusiveChecks() []durableCheck {
	return []durableCheck{
		{name: "Store/reopened-leases", rule: voidRule, run: checkReopenedLeases},
	}
}

// writeAll fills a store with jobs that have ended, one that is being written and one that
// waits, and returns them as they should be.
func writeAll(ctx context.Context, s orchestrator.Store) ([]history, error) {
	var all []history
	for i := range 3 {
		h, err := liveThrough(ctx, s, fullJobNo(i), 7)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	job, err := s.CreateJob(ctx, fullJobNo(3), nodeNames(300))
	if err != nil {
		return nil, err
	}
	w, err := claimJob(ctx, s, bob, long, job.ID)
	if err != nil {
		return nil, err
	}
	running := newHistory(job, nodeNames(300))
	for i := range 20 {
		b := w.batch(runningNode(i*15), fullNode(i*14))
		if err := w.commit(ctx, b); err != nil {
			return nil, err
		}
		running.apply(b)
	}
	if running.Job.Stop, err = softly(ctx, s, job.ID); err != nil {
		return nil, err
	}
	waiting, err := create(ctx, s, 2)
	return append(all, running, newHistory(waiting, nodeNames(2))), err
}

// softly asks for a job to be stopped and returns what it then says.
func softly(ctx context.Context, s orchestrator.Store, id orchestrator.JobID) (orchestrator.StopMode, error) {
	job, err := s.RequestStop(ctx, id, false)
	return job.Stop, err
}

// holds returns an error unless the store holds these jobs, and no others.
func holds(ctx context.Context, s orchestrator.Store, all []history) error {
	var jobs []orchestrator.Job
	for _, h := range all {
		if err := unchanged(ctx, s, h); err != nil {
			return fmt.Errorf("job %d: %w", h.Job.ID, err)
		}
		jobs = append(jobs, h.Job)
	}
	got, err := readJobs(ctx, s)
	if err != nil {
		return err
	}
	return same("Jobs", jobs, got)
}

func checkReopened(ctx context.Context, p *place) error {
	s, err := p.reopen(ctx)
	if err != nil {
		return err
	}
	all, err := writeAll(ctx, s)
	if err != nil {
		return err
	}
	for range 2 {
		if s, err = p.reopen(ctx); err != nil {
			return err
		}
		if err := holds(ctx, s, all); err != nil {
			return fmt.Errorf("after the store was opened again: %w", err)
		}
	}
	return nil
}

// checkReopenedFence has a job claimed before and after the store is opened again, whether or
// not that ends the lease from before.
func checkReopenedFence(ctx context.Context, p *place) error {
	s, err := p.reopen(ctx)
	if err != nil {
		return err
	}
	job, err := create(ctx, s, 2)
	if err != nil {
		return err
	}
	for _, by := range []uuid.UUID{alice, bob, carol} {
		before, err := claimSoon(ctx, s, by, job.ID)
		if err != nil {
			return err
		}
		if err := before.run(ctx, 0); err != nil {
			return err
		}
		if _, err := s.Renew(ctx, by, short); err != nil {
			return err
		}
		if s, err = p.reopen(ctx); err != nil {
			return err
		}
		after, err := claimSoon(ctx, s, uuid.New(), job.ID)
		if err != nil {
			return err
		}
		if after.lease.Fence <= before.lease.Fence {
			return fmt.Errorf("Claim: got the fence %d after the fence %d, want a greater one", after.lease.Fence, before.lease.Fence)
		}
		before.store = s
		if err := before.lost(ctx, "under a lease from before the store was opened"); err != nil {
			return err
		}
		if _, err := s.Renew(ctx, after.lease.Holder, 0); err != nil {
			return err
		}
	}
	return nil
}

// checkReopenedCreate opens the store again at once after a large job was created.
func checkReopenedCreate(ctx context.Context, p *place) error {
	s, err := p.reopen(ctx)
	if err != nil {
		return err
	}
	job, err := create(ctx, s, large)
	if err != nil {
		return err
	}
	if s, err = p.reopen(ctx); err != nil {
		return err
	}
	return unchanged(ctx, s, newHistory(job, nodeNames(large)))
}

func checkReopenedIDs(ctx context.Context, p *place) error {
	var created []orchestrator.JobID
	for range 4 {
		s, err := p.reopen(ctx)
		if err != nil {
			return err
		}
		for range 2 {
			job, err := create(ctx, s, 1)
			if err != nil {
				return err
			}
			created = append(created, job.ID)
		}
	}
	return consecutive(created)
}

func checkReopenedStop(ctx context.Context, p *place) error {
	s, err := p.reopen(ctx)
	if err != nil {
		return err
	}
	first, err := createMany(ctx, s, 2)
	if err != nil {
		return err
	}
	for _, force := range []bool{false, true} {
		want, err := s.RequestStop(ctx, first+1, force)
		if err != nil {
			return err
		}
		if s, err = p.reopen(ctx); err != nil {
			return err
		}
		got, err := s.Job(ctx, first+1)
		if err != nil {
			return err
		}
		if err := same("job", want, got); err != nil {
			return err
		}
	}
	_, err = claimJob(ctx, s, alice, long, first+1)
	return err
}

// checkCrash ends the store without closing it.
func checkCrash(ctx context.Context, p *place) error {
	s, err := p.reopen(ctx)
	if err != nil {
		return err
	}
	all, err := writeAll(ctx, s)
	if err != nil {
		return err
	}
	s, ok, err := p.crash(ctx)
	if err != nil || !ok {
		return err
	}
	if err := holds(ctx, s, all); err != nil {
		return fmt.Errorf("after a crash: %w", err)
	}
	next, err := create(ctx, s, 1)
	if err != nil {
		return err
	}
	return consecutive([]orchestrator.JobID{all[len(all)-1].Job.ID, next.ID})
}

// checkReopenedInProgress closes the store while jobs are being created, and looks whether
// those are there that were created.
func checkReopenedInProgress(ctx context.Context, p *place) error {
	const callers = 8
	s, err := p.reopen(ctx)
	if err != nil {
		return err
	}
	created := make([][]orchestrator.JobID, callers)
	var started sync.WaitGroup
	started.Add(callers)
	err = together(callers+1, func(i int) error {
		if i == callers {
			started.Wait()
			return p.close(ctx)
		}
		start := sync.OnceFunc(started.Done)
		defer start()
		for {
			job, err := create(ctx, s, 20)
			if errors.Is(err, orchestrator.ErrClosed) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("CreateJob while the store is closed: %w", err)
			}
			created[i] = append(created[i], job.ID)
			start()
		}
	})
	if err != nil {
		return err
	}
	if s, err = p.reopen(ctx); err != nil {
		return err
	}
	all, err := readJobs(ctx, s)
	if err != nil {
		return err
	}
	want := slices.Concat(created...)
	slices.Sort(want)
	if !slices.Equal(ids(all), want) {
		return fmt.Errorf("Jobs: got the jobs %v after the store was closed, want those whose creation returned no error: %v", ids(all), want)
	}
	return nil
}

// checkReopenedLeases opens the store again while a lease is far from its expiry.
func checkReopenedLeases(ctx context.Context, p *place) error {
	s, err := p.reopen(ctx)
	if err != nil {
		return err
	}
	job, err := create(ctx, s, 2)
	if err != nil {
		return err
	}
	for _, by := range []uuid.UUID{alice, alice, bob} {
		w, err := claimJob(ctx, s, by, long, job.ID)
		if err != nil {
			return err
		}
		if s, err = p.reopen(ctx); err != nil {
			return err
		}
		w.store = s
		if err := w.lost(ctx, "under a lease from before the store was opened"); err != nil {
			return err
		}
		if err := renewed(ctx, s, by); err != nil {
			return fmt.Errorf("after the store was opened again: %w", err)
		}
	}
	return nil
}
