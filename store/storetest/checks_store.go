package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

func storeChecks() []Check {
	return []Check{{
		Name: "Store/keeps",
		Rule: "Store keeps jobs, their nodes and their events.",
		Run:  checkKeeps,
	}}
}

func concurrencyChecks() []Check {
	return []Check{{
		Name: "Store/goroutines",
		Rule: "All methods may be called from many goroutines at once.",
		Run:  checkGoroutines,
	}}
}

func checkKeeps(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	var want []history
	for i := range 3 {
		h, err := liveThrough(ctx, s, fullJobNo(i), 5)
		if err != nil {
			return err
		}
		want = append(want, h)
	}
	for _, h := range want {
		got, err := readHistory(ctx, s, h.Job.ID)
		if err != nil {
			return err
		}
		if err := same(fmt.Sprintf("job %d", h.Job.ID), h, got); err != nil {
			return err
		}
	}
	return nil
}

// liveThrough takes a job from its creation to its end and returns what it should have become.
// There must be no other job to claim.
func liveThrough(ctx context.Context, s orchestrator.Store, job orchestrator.Job, nodes int) (history, error) {
	job, err := s.CreateJob(ctx, job, nodeNames(nodes))
	if err != nil {
		return history{}, fmt.Errorf("CreateJob: %w", err)
	}
	want := newHistory(job, nodeNames(nodes))
	w, err := claimJob(ctx, s, alice, long, job.ID)
	if err != nil {
		return history{}, err
	}
	var batches []orchestrator.Batch
	for i := range nodes {
		b := w.batch(runningNode(i), fullNode(i))
		if err := w.commit(ctx, b); err != nil {
			return history{}, err
		}
		batches = append(batches, b)
	}
	b := w.ending(orchestrator.JobFailed)
	if err := w.commit(ctx, b); err != nil {
		return history{}, err
	}
	for _, b := range append(batches, b) {
		want.apply(b)
	}
	return want, nil
}

func checkGoroutines(ctx context.Context, open Opener) error {
	const goroutines, rounds = 8, 5
	s, err := open(ctx)
	if err != nil {
		return err
	}
	err = together(goroutines, func(int) error {
		instance := uuid.New()
		for range rounds {
			if err := anyRound(ctx, s, instance); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	page, err := s.Jobs(ctx, orchestrator.JobQuery{})
	if err != nil {
		return err
	}
	if len(page.Jobs) != goroutines*rounds || page.Total != goroutines*rounds {
		return fmt.Errorf("Jobs: got %d jobs of a total of %d, want %d", len(page.Jobs), page.Total, goroutines*rounds)
	}
	return nil
}

// anyRound makes one call of each method and expects of it what holds whatever others do.
func anyRound(ctx context.Context, s orchestrator.Store, instance uuid.UUID) error {
	created, err := create(ctx, s, 3)
	if err != nil {
		return err
	}
	if _, err := s.RequestStop(ctx, created.ID, false); err != nil {
		return fmt.Errorf("RequestStop: %w", err)
	}
	if _, err := s.Jobs(ctx, orchestrator.JobQuery{Descending: true, Limit: 5}); err != nil {
		return fmt.Errorf("Jobs: %w", err)
	}
	w, err := claim(ctx, s, instance, long)
	if errors.Is(err, orchestrator.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := w.run(ctx, 2); err != nil {
		return err
	}
	if leases, err := s.Renew(ctx, instance, long); err != nil || len(leases) != 1 {
		return fmt.Errorf("Renew: got %d leases and the error %v, want 1 lease", len(leases), err)
	}
	if err := w.end(ctx, orchestrator.JobFinished); err != nil {
		return err
	}
	h, err := readHistory(ctx, s, w.job.ID)
	if err != nil {
		return err
	}
	return same("job", w.job.Progress, h.Job.Progress)
}
