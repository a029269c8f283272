package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	holderRule = "A job is written by the holder of its lease alone."
	fenceRule  = "A lease is fenced: what makes it valid is its fence, which is greater with every claim of the job, and not the clock."
	lostRule   = "A lease is lost when another instance claims the job after the lease has expired, when its own instance gives it up, or when the job has ended; an expired lease is good until then."
)

func ownerChecks() []Check {
	return []Check{
		{Name: "Store/holder", Rule: holderRule, Run: checkHolder},
		{Name: "Store/fence", Rule: fenceRule, Run: checkFence},
		{Name: "Store/fence-not-clock", Rule: fenceRule, Run: checkFenceNotClock},
		{Name: "Store/lost-to-another", Rule: lostRule, Run: checkLostToAnother},
		{Name: "Store/lost-given-up", Rule: lostRule, Run: checkLostGivenUp},
		{Name: "Store/lost-ended", Rule: lostRule, Run: checkLostEnded},
		{Name: "Store/expired-is-good", Rule: lostRule, Run: checkExpiredIsGood},
	}
}

// checkHolder tries to write a job under leases that nobody was given.
func checkHolder(ctx context.Context, open Opener) error {
	s, job, err := openWith(ctx, open, 2)
	if err != nil {
		return err
	}
	forge := func(what string, holder uuid.UUID, fence uint64) error {
		w := &worker{store: s, job: job, lease: orchestrator.Lease{Job: job.ID, Holder: holder, Fence: fence, Expires: time.Now().Add(long)}}
		return w.lost(ctx, what)
	}
	for fence := range uint64(3) {
		if err := forge("to a job that nobody holds", bob, fence); err != nil {
			return err
		}
	}
	w, err := claimJob(ctx, s, alice, long, job.ID)
	if err != nil {
		return err
	}
	for _, fence := range []uint64{w.lease.Fence - 1, w.lease.Fence + 1} {
		if err := forge("to a job that another holds", bob, fence); err != nil {
			return err
		}
	}
	return w.run(ctx, 0)
}

// checkFence has a job claimed again and again, and all leases but the newest refused.
func checkFence(ctx context.Context, open Opener) error {
	s, _, err := openWith(ctx, open, 2)
	if err != nil {
		return err
	}
	var workers []*worker
	for i, by := range []uuid.UUID{alice, bob, bob, alice} {
		w, err := claim(ctx, s, by, long)
		if err != nil {
			return err
		}
		if i > 0 && w.lease.Fence <= workers[i-1].lease.Fence {
			return fmt.Errorf("Claim: got the fence %d after the fence %d, want a greater one", w.lease.Fence, workers[i-1].lease.Fence)
		}
		workers = append(workers, w)
		if err := w.run(ctx, 0); err != nil {
			return err
		}
		for _, old := range workers[:i] {
			old.job.Progress = w.job.Progress.Clone()
			if err := old.lost(ctx, "under an older lease"); err != nil {
				return err
			}
		}
		if _, err := s.Renew(ctx, by, 0); err != nil {
			return err
		}
	}
	return nil
}

// checkFenceNotClock commits under leases whose times, as the holder knows them, are wrong.
func checkFenceNotClock(ctx context.Context, open Opener) error {
	_, w, err := openHeld(ctx, open, 2)
	if err != nil {
		return err
	}
	for _, expires := range []time.Time{{}, time.Now().Add(-long), time.Now().Add(2 * long)} {
		w.lease.Expires = expires
		if err := w.run(ctx, 0); err != nil {
			return fmt.Errorf("under a valid lease with the time %v: %w", expires, err)
		}
	}
	return nil
}

func checkLostToAnother(ctx context.Context, open Opener) error {
	s, job, err := openWith(ctx, open, 2)
	if err != nil {
		return err
	}
	first, err := claimJob(ctx, s, alice, short, job.ID)
	if err != nil {
		return err
	}
	second, err := claimSoon(ctx, s, bob, job.ID)
	if err != nil {
		return err
	}
	if err := first.lost(ctx, "after another has claimed the job"); err != nil {
		return err
	}
	if err := second.run(ctx, 1); err != nil {
		return err
	}
	first.job.Progress = second.job.Progress.Clone()
	return first.lost(ctx, "after another has written the job")
}

func checkLostGivenUp(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 2)
	if err != nil {
		return err
	}
	if _, err := s.Renew(ctx, alice, 0); err != nil {
		return err
	}
	if err := w.lost(ctx, "after the lease was given up"); err != nil {
		return err
	}
	again, err := claimJob(ctx, s, alice, long, w.job.ID)
	if err != nil {
		return err
	}
	if err := w.lost(ctx, "under a lease given up, by an instance with a newer one"); err != nil {
		return err
	}
	return again.run(ctx, 0)
}

func checkLostEnded(ctx context.Context, open Opener) error {
	_, w, err := openHeld(ctx, open, 2)
	if err != nil {
		return err
	}
	if err := w.end(ctx, orchestrator.JobFinished); err != nil {
		return err
	}
	return w.lost(ctx, "after the job has ended")
}

func checkExpiredIsGood(ctx context.Context, open Opener) error {
	_, expired, err := openExpired(ctx, open)
	if err != nil {
		return err
	}
	for i := range 2 {
		if err := expired.run(ctx, i); err != nil {
			return fmt.Errorf("under an expired lease on a job that nobody has claimed since: %w", err)
		}
	}
	return nil
}

// openExpired opens a store in which alice holds two jobs of two nodes: the older, which it
// returns, under a lease that has expired, and another for long.
//
// That the lease has expired is known from bob's on the other job, which was given after it for
// as long: alice never claims what she holds, and bob's job only once his lease has expired.
// The other job is asked to stop so that bob gets it in any case.
func openExpired(ctx context.Context, open Opener) (orchestrator.Store, *worker, error) {
	s, job, err := openWith(ctx, open, 2)
	if err != nil {
		return nil, nil, err
	}
	expired, err := claimJob(ctx, s, alice, short, job.ID)
	if err != nil {
		return nil, nil, err
	}
	other, err := create(ctx, s, 2)
	if err != nil {
		return nil, nil, err
	}
	if _, err := s.RequestStop(ctx, other.ID, false); err != nil {
		return nil, nil, err
	}
	if _, err := claimJob(ctx, s, bob, short, other.ID); err != nil {
		return nil, nil, err
	}
	_, err = claimSoon(ctx, s, alice, other.ID)
	return s, expired, err
}
