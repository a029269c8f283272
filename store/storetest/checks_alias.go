package storetest

import (
	"context"
	"fmt"

	"github.com/seed-54b7607b/orchestrator"
)

const aliasRule = "Values passed in and values returned share no memory with the store, unless a query borrows them."

func aliasChecks() []Check {
	return []Check{
		{Name: "Store/json", Rule: "JSON comes back byte for byte.", Run: checkEveryField},
		{Name: "Store/sharing-created", Rule: aliasRule, Run: checkSharingCreated},
		{Name: "Store/sharing-committed", Rule: aliasRule, Run: checkSharingCommitted},
		{Name: "Store/sharing-returned-jobs", Rule: aliasRule, Run: checkSharingReturnedJobs},
		{Name: "Store/sharing-returned-values", Rule: aliasRule, Run: checkSharingReturnedValues},
	}
}

func checkSharingCreated(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	job, nodes := fullJob(), nodeNames(3)
	created, err := s.CreateJob(ctx, job, nodes)
	if err != nil {
		return err
	}
	want := newHistory(created, nodes)
	scribble(&job)
	scribble(&nodes)
	return unchanged(ctx, s, want)
}

func checkSharingCommitted(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 3)
	if err != nil {
		return err
	}
	b := w.batch(fullNode(0), fullNode(2))
	if err := w.commit(ctx, b); err != nil {
		return err
	}
	want := newHistory(w.job, nodeNames(3))
	want.apply(b)
	scribble(&b)
	return unchanged(ctx, s, want)
}

// jobReaders returns the ways to get a job out of a store. The job must not be held, and must
// be the only one.
func jobReaders() map[string]func(context.Context, orchestrator.Store, orchestrator.JobID) (orchestrator.Job, error) {
	return map[string]func(context.Context, orchestrator.Store, orchestrator.JobID) (orchestrator.Job, error){
		"Job": func(ctx context.Context, s orchestrator.Store, id orchestrator.JobID) (orchestrator.Job, error) {
			return s.Job(ctx, id)
		},
		"Jobs": func(ctx context.Context, s orchestrator.Store, _ orchestrator.JobID) (orchestrator.Job, error) {
			return onlyJob(s.Jobs(ctx, orchestrator.JobQuery{}))
		},
		"Jobs by owner": func(ctx context.Context, s orchestrator.Store, _ orchestrator.JobID) (orchestrator.Job, error) {
			return onlyJob(s.Jobs(ctx, orchestrator.JobQuery{OrderBy: orchestrator.OrderByOwner}))
		},
		"RequestStop": func(ctx context.Context, s orchestrator.Store, id orchestrator.JobID) (orchestrator.Job, error) {
			return s.RequestStop(ctx, id, true)
		},
		"Claim": func(ctx context.Context, s orchestrator.Store, _ orchestrator.JobID) (orchestrator.Job, error) {
			_, job, err := s.Claim(ctx, alice, long)
			return job, err
		},
	}
}

func onlyJob(page orchestrator.JobPage, err error) (orchestrator.Job, error) {
	if err != nil {
		return orchestrator.Job{}, err
	}
	if len(page.Jobs) != 1 {
		return orchestrator.Job{}, fmt.Errorf("got %d jobs, want 1", len(page.Jobs))
	}
	return page.Jobs[0], nil
}

func checkSharingReturnedJobs(ctx context.Context, open Opener) error {
	for name, read := range jobReaders() {
		s, err := open(ctx)
		if err != nil {
			return err
		}
		created, err := s.CreateJob(ctx, fullJob(), nodeNames(1))
		if err != nil {
			return err
		}
		want := created.Clone()
		scribble(&created)
		for range 3 {
			job, err := read(ctx, s, want.ID)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if name == "RequestStop" {
				want.Stop = orchestrator.StopForce
			}
			if err := same(name, want, job); err != nil {
				return err
			}
			scribble(&job)
			if name == "Claim" {
				if _, err := s.Renew(ctx, alice, 0); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func checkSharingReturnedValues(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 3)
	if err != nil {
		return err
	}
	b := w.batch(fullNode(0), fullNode(1), fullNode(2))
	if err := w.commit(ctx, b); err != nil {
		return err
	}
	want := newHistory(w.job, nodeNames(3))
	want.apply(b)
	nodes, err := readNodes(ctx, s, w.job.ID)
	if err != nil {
		return err
	}
	scribble(&nodes)
	if err := unchanged(ctx, s, want); err != nil {
		return fmt.Errorf("after the nodes were overwritten: %w", err)
	}
	events, err := readEvents(ctx, s, w.job.ID)
	if err != nil {
		return err
	}
	scribble(&events)
	if err := unchanged(ctx, s, want); err != nil {
		return fmt.Errorf("after the events were overwritten: %w", err)
	}
	return checkSharingLeases(ctx, s, w)
}

func checkSharingLeases(ctx context.Context, s orchestrator.Store, w *worker) error {
	for range 2 {
		leases, err := s.Renew(ctx, alice, long)
		if err != nil {
			return err
		}
		if len(leases) != 1 || leases[0].Job != w.job.ID || leases[0].Fence != w.lease.Fence {
			return fmt.Errorf("Renew: got %v, want the lease %v renewed", leases, w.lease)
		}
		scribble(&leases)
	}
	return nil
}
