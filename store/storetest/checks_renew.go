package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	renewRule  = "Renew makes all valid leases of the instance by expire ttl from now and returns them, in the order of their jobs, each with what its job was asked to do."
	giveUpRule = "A ttl of 0 or less gives all of them up at once and returns none."
)

func renewChecks() []Check {
	return []Check{
		{Name: "Renew/all", Rule: renewRule, Run: checkRenewAll},
		{Name: "Renew/valid-only", Rule: renewRule, Run: checkRenewValid},
		{Name: "Renew/expired", Rule: renewRule, Run: checkRenewExpired},
		{Name: "Renew/shorter", Rule: renewRule, Run: checkRenewShorter},
		{Name: "Renew/give-up", Rule: giveUpRule, Run: checkGiveUp},
	}
}

// renewed returns an error unless Renew returns the leases of the workers as they are now.
func renewed(ctx context.Context, s orchestrator.Store, by uuid.UUID, workers ...*worker) error {
	before := time.Now()
	leases, err := s.Renew(ctx, by, 2*long)
	if err != nil {
		return fmt.Errorf("Renew: %w", err)
	}
	var want []orchestrator.Lease
	for i, w := range workers {
		lease := w.lease
		if i < len(leases) {
			if err := expiresIn(leases[i], before, 2*long); err != nil {
				return fmt.Errorf("Renew: %w", err)
			}
			lease.Expires = leases[i].Expires
		}
		want = append(want, lease)
	}
	return same("Renew", want, leases)
}

// checkRenewAll claims jobs in another order than that of their IDs.
func checkRenewAll(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	first, err := createMany(ctx, s, 4)
	if err != nil {
		return err
	}
	if _, err := s.RequestStop(ctx, first+2, false); err != nil {
		return err
	}
	workers := map[orchestrator.JobID]*worker{}
	for _, claimed := range []struct {
		job orchestrator.JobID
		by  uuid.UUID
	}{{2, alice}, {0, alice}, {1, bob}, {3, alice}} {
		w, err := claimJob(ctx, s, claimed.by, long, first+claimed.job)
		if err != nil {
			return err
		}
		workers[claimed.job] = w
	}
	if workers[2].lease.Stop != orchestrator.StopSoft {
		return fmt.Errorf("Claim of a job asked to stop: got the lease %v, want it to say %q", workers[2].lease, orchestrator.StopSoft)
	}
	if err := renewed(ctx, s, alice, workers[0], workers[2], workers[3]); err != nil {
		return err
	}
	if _, err := s.RequestStop(ctx, first, true); err != nil {
		return err
	}
	if err := workers[0].run(ctx, 0); err != nil {
		return fmt.Errorf("under a renewed lease: %w", err)
	}
	workers[0].lease.Stop = orchestrator.StopForce
	if err := renewed(ctx, s, alice, workers[0], workers[2], workers[3]); err != nil {
		return err
	}
	return renewed(ctx, s, bob, workers[1])
}

// checkRenewValid renews the leases of an instance that has lost some.
func checkRenewValid(ctx context.Context, open Opener) error {
	s, first, err := openHeld(ctx, open, 1)
	if err != nil {
		return err
	}
	if err := renewed(ctx, s, carol); err != nil {
		return fmt.Errorf("by an instance that never had a lease: %w", err)
	}
	taken, err := create(ctx, s, 1)
	if err != nil {
		return err
	}
	if _, err := claimJob(ctx, s, alice, short, taken.ID); err != nil {
		return err
	}
	second, err := claimSoon(ctx, s, bob, taken.ID)
	if err != nil {
		return err
	}
	if err := renewed(ctx, s, alice, first); err != nil {
		return fmt.Errorf("after a lease was lost to another: %w", err)
	}
	if err := renewed(ctx, s, bob, second); err != nil {
		return err
	}
	if err := first.end(ctx, orchestrator.JobFinished); err != nil {
		return err
	}
	if err := renewed(ctx, s, alice); err != nil {
		return fmt.Errorf("after the only job has ended: %w", err)
	}
	return nil
}

// checkRenewExpired renews a lease that has expired and is valid still.
func checkRenewExpired(ctx context.Context, open Opener) error {
	s, expired, err := openExpired(ctx, open)
	if err != nil {
		return err
	}
	leases, err := s.Renew(ctx, alice, long)
	if err != nil {
		return fmt.Errorf("Renew: %w", err)
	}
	if len(leases) != 2 || leases[0].Job != expired.job.ID || leases[0].Fence != expired.lease.Fence {
		return fmt.Errorf("Renew: got %v, want the expired lease %v and another one", leases, expired.lease)
	}
	if err := nothingToClaim(ctx, s, carol); err != nil {
		return fmt.Errorf("after an expired lease was renewed: %w", err)
	}
	return expired.run(ctx, 0)
}

// checkRenewShorter makes a lease end earlier than it would have.
func checkRenewShorter(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 1)
	if err != nil {
		return err
	}
	if _, err := s.Renew(ctx, alice, short); err != nil {
		return fmt.Errorf("Renew: %w", err)
	}
	_, err = claimSoon(ctx, s, bob, w.job.ID)
	return err
}

func checkGiveUp(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	first, err := createMany(ctx, s, 3)
	if err != nil {
		return err
	}
	kept, err := claimJob(ctx, s, bob, long, first)
	if err != nil {
		return err
	}
	for _, ttl := range []time.Duration{0, -time.Second} {
		var workers []*worker
		for i := range orchestrator.JobID(2) {
			w, err := claimJob(ctx, s, alice, long, first+1+i)
			if err != nil {
				return err
			}
			workers = append(workers, w)
		}
		leases, err := s.Renew(ctx, alice, ttl)
		if err != nil || len(leases) != 0 {
			return fmt.Errorf("Renew with the ttl %v: got the leases %v and the error %v, want none", ttl, leases, err)
		}
		for _, w := range workers {
			if err := w.lost(ctx, "after the lease was given up"); err != nil {
				return err
			}
		}
		if err := renewed(ctx, s, alice); err != nil {
			return err
		}
	}
	if _, err := claimJob(ctx, s, carol, long, first+1); err != nil {
		return err
	}
	return kept.run(ctx, 0)
}
