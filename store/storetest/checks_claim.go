package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	claimRule      = "Claim gives the instance by a lease, for ttl, on a job that is not in a terminal state and that nobody holds: one without a lease, or with an expired one of another instance."
	claimOrderRule = "Jobs that were asked to stop come first, then the oldest."
	claimNoneRule  = "It returns [ErrNotFound] if there is no such job."
	claimAloneRule = "Two instances never hold a valid lease on one job."
)

func claimChecks() []Check {
	return []Check{
		{Name: "Claim/lease", Rule: claimRule, Run: checkClaim},
		{Name: "Claim/ttl", Rule: claimRule, Run: checkClaimTTL},
		{Name: "Claim/expired-of-another", Rule: claimRule, Run: checkClaimExpired},
		{Name: "Claim/expired-own", Rule: claimRule, Run: checkClaimOwn},
		{Name: "Claim/ended", Rule: claimRule, Run: checkClaimEnded},
		{Name: "Claim/order", Rule: claimOrderRule, Run: checkClaimOrder},
		{Name: "Claim/none", Rule: claimNoneRule, Run: checkClaimNone},
		{Name: "Claim/once-each", Rule: claimAloneRule, Run: checkClaimOnceEach},
		{Name: "Claim/alone", Rule: claimAloneRule, Run: checkClaimAlone},
	}
}

func checkClaim(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	created, err := s.CreateJob(ctx, fullJob(), nodeNames(2))
	if err != nil {
		return err
	}
	before := time.Now()
	lease, job, err := s.Claim(ctx, alice, long)
	if err != nil {
		return fmt.Errorf("Claim: %w", err)
	}
	if err := same("claimed job", created, job); err != nil {
		return err
	}
	want := orchestrator.Lease{Job: created.ID, Holder: alice, Fence: lease.Fence, Expires: lease.Expires}
	if err := same("lease", want, lease); err != nil {
		return err
	}
	return expiresIn(lease, before, long)
}

// expiresIn returns an error if a lease given for ttl, not earlier than before, does not expire
// then by the store's clock, which may be a minute off.
func expiresIn(lease orchestrator.Lease, before time.Time, ttl time.Duration) error {
	const off = time.Minute
	if lease.Expires.Before(before.Add(ttl-off)) || lease.Expires.After(time.Now().Add(ttl+off)) {
		return fmt.Errorf("lease: it expires at %v, want %v from %v", lease.Expires, ttl, before)
	}
	return nil
}

func checkClaimTTL(ctx context.Context, open Opener) error {
	const slack = 2 * time.Millisecond // what is lost by counting in milliseconds
	s, job, err := openWith(ctx, open, 1)
	if err != nil {
		return err
	}
	before := time.Now()
	if _, err := claimJob(ctx, s, alice, short, job.ID); err != nil {
		return err
	}
	if _, err := claimSoon(ctx, s, bob, job.ID); err != nil {
		return err
	}
	if held := time.Since(before); held < short-slack {
		return fmt.Errorf("Claim: a lease for %v was given to another after %v", short, held)
	}
	return nothingToClaim(ctx, s, carol)
}

func checkClaimExpired(ctx context.Context, open Opener) error {
	s, expired, err := openExpired(ctx, open)
	if err != nil {
		return err
	}
	if err := expired.run(ctx, 0); err != nil {
		return err
	}
	w, err := claimJob(ctx, s, carol, long, expired.job.ID)
	if err != nil {
		return err
	}
	if w.lease.Fence <= expired.lease.Fence || w.lease.Holder != carol {
		return fmt.Errorf("Claim: got the lease %v after the lease %v", w.lease, expired.lease)
	}
	return same("job claimed from another", expired.job, w.job)
}

func checkClaimOwn(ctx context.Context, open Opener) error {
	s, _, err := openExpired(ctx, open)
	if err != nil {
		return err
	}
	return nothingToClaim(ctx, s, alice)
}

func checkClaimEnded(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	for _, state := range []orchestrator.JobState{orchestrator.JobFinished, orchestrator.JobFailed, orchestrator.JobStopped} {
		job, err := create(ctx, s, 1)
		if err != nil {
			return err
		}
		w, err := claimJob(ctx, s, alice, long, job.ID)
		if err != nil {
			return err
		}
		if _, err := s.RequestStop(ctx, job.ID, true); err != nil {
			return err
		}
		if err := w.end(ctx, state); err != nil {
			return err
		}
		for _, by := range []uuid.UUID{alice, bob} {
			if err := nothingToClaim(ctx, s, by); err != nil {
				return fmt.Errorf("after the only job became %s: %w", state, err)
			}
		}
	}
	return nil
}

func checkClaimOrder(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	first, err := createMany(ctx, s, 7)
	if err != nil {
		return err
	}
	for _, i := range []orchestrator.JobID{4, 6, 2} {
		if _, err := s.RequestStop(ctx, first+i, i == 6); err != nil {
			return err
		}
	}
	for _, i := range []orchestrator.JobID{2, 4, 6, 0, 1} {
		if _, err := claimJob(ctx, s, alice, long, first+i); err != nil {
			return err
		}
	}
	if _, err := s.RequestStop(ctx, first+5, true); err != nil {
		return err
	}
	for _, i := range []orchestrator.JobID{5, 3} {
		if _, err := claimJob(ctx, s, bob, long, first+i); err != nil {
			return err
		}
	}
	return nil
}

func checkClaimNone(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	if err := nothingToClaim(ctx, s, alice); err != nil {
		return fmt.Errorf("of an empty store: %w", err)
	}
	job, err := create(ctx, s, 1)
	if err != nil {
		return err
	}
	if _, err := claimJob(ctx, s, alice, long, job.ID); err != nil {
		return err
	}
	for _, by := range []uuid.UUID{alice, bob} {
		if err := nothingToClaim(ctx, s, by); err != nil {
			return fmt.Errorf("while the only job is held: %w", err)
		}
	}
	return nil
}

// checkClaimOnceEach has many instances claim all of many jobs at once.
func checkClaimOnceEach(ctx context.Context, open Opener) error {
	const jobs, claimers = 200, 16
	s, err := open(ctx)
	if err != nil {
		return err
	}
	first, err := createMany(ctx, s, jobs)
	if err != nil {
		return err
	}
	claimed := make([][]orchestrator.JobID, claimers)
	err = together(claimers, func(i int) error {
		by := uuid.New()
		for {
			lease, _, err := s.Claim(ctx, by, long)
			if errors.Is(err, orchestrator.ErrNotFound) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("Claim: %w", err)
			}
			if n := len(claimed[i]); n > jobs || n > 0 && lease.Job <= claimed[i][n-1] {
				return fmt.Errorf("Claim: one instance got the job %d after the job %d", lease.Job, claimed[i][n-1])
			}
			claimed[i] = append(claimed[i], lease.Job)
		}
	})
	if err != nil {
		return err
	}
	all := slices.Concat(claimed...)
	slices.Sort(all)
	if len(all) != jobs || all[0] != first {
		return fmt.Errorf("Claim: %d leases were given on %d jobs", len(all), jobs)
	}
	return consecutive(all)
}

// checkClaimAlone has several instances take jobs from one another under leases that expire at
// once. Each event tells the fence it was written under.
func checkClaimAlone(ctx context.Context, open Opener) error {
	const jobs, claimers, attempts = 2, 6, 12
	s, err := open(ctx)
	if err != nil {
		return err
	}
	first, err := createMany(ctx, s, jobs)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	fences := map[orchestrator.JobID]map[uint64]bool{}
	given := func(l orchestrator.Lease) error {
		mu.Lock()
		defer mu.Unlock()
		if fences[l.Job] == nil {
			fences[l.Job] = map[uint64]bool{}
		}
		if fences[l.Job][l.Fence] {
			return fmt.Errorf("Claim: the fence %d of the job %d was given twice", l.Fence, l.Job)
		}
		fences[l.Job][l.Fence] = true
		return nil
	}
	err = together(claimers, func(int) error {
		by := uuid.New()
		for range attempts {
			if err := claimAndWrite(ctx, s, by, given); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for id := first; id < first+jobs; id++ {
		if err := fencesGrow(ctx, s, id); err != nil {
			return err
		}
	}
	return nil
}

func claimAndWrite(ctx context.Context, s orchestrator.Store, by uuid.UUID, given func(orchestrator.Lease) error) error {
	w, err := claim(ctx, s, by, time.Millisecond)
	if errors.Is(err, orchestrator.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := given(w.lease); err != nil {
		return err
	}
	for range 2 {
		node := orchestrator.Node{Index: 0, Name: nodeName(0), State: orchestrator.NodeRunning, Message: fmt.Sprint(w.lease.Fence)}
		if err := w.commit(ctx, w.batch(node)); err != nil && !errors.Is(err, orchestrator.ErrLeaseLost) {
			return err
		}
	}
	_, err = s.Renew(ctx, by, 0)
	return err
}

// fencesGrow returns an error if an event was written under an older lease than the one before.
func fencesGrow(ctx context.Context, s orchestrator.Store, id orchestrator.JobID) error {
	events, err := readEvents(ctx, s, id)
	if err != nil {
		return err
	}
	newest := uint64(0)
	for i, e := range events {
		var fence uint64
		if _, err := fmt.Sscan(e.Node.Message, &fence); err != nil {
			return fmt.Errorf("event %d of the job %d: %w", e.ID, id, err)
		}
		if e.ID != orchestrator.EventID(i+1) || fence < newest {
			return fmt.Errorf("event %d of the job %d in the place %d: got the fence %d after the fence %d", e.ID, id, i+1, fence, newest)
		}
		newest = fence
	}
	return nil
}
