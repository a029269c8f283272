package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// checkPruneSeen looks at jobs while they are removed: one that is gone for one reader is gone for
// all.
func checkPruneSeen(ctx context.Context, s pruner, _ Opener) error {
	const jobs, kept = 60, 10
	var created []orchestrator.JobID
	for i := range jobs {
		h, err := endedJob(ctx, s, 1+i%3)
		if err != nil {
			return err
		}
		created = append(created, h.Job.ID)
	}
	for range kept {
		if _, err := create(ctx, s, 1); err != nil {
			return err
		}
	}
	work := func() error {
		_, err := pruneAll(ctx, s, never())
		return err
	}
	observe := func() error {
		page, err := s.Jobs(ctx, orchestrator.JobQuery{})
		if err != nil {
			return err
		}
		if page.Total != len(page.Jobs) {
			return fmt.Errorf("Jobs while jobs are removed: got %d jobs and the total %d", len(page.Jobs), page.Total)
		}
		there := ids(page.Jobs)
		for _, id := range created {
			if slices.Contains(there, id) {
				continue
			}
			if err := gone(ctx, s, id); err != nil {
				return err
			}
		}
		return nil
	}
	if err := meanwhile(work, observe); err != nil {
		return err
	}
	left, err := readJobs(ctx, s)
	if err == nil && len(left) != kept {
		err = fmt.Errorf("Jobs: got %d jobs after those that had ended were removed, want the %d others", len(left), kept)
	}
	return err
}

// checkPruneIterations removes a job of several pages in the loop body of each iterator over what
// belongs to it.
func checkPruneIterations(ctx context.Context, s pruner, _ Opener) error {
	for name := range iteratorsOf(ctx, s, unknown) {
		h, err := endedJob(ctx, s, 8*iterated)
		if err != nil {
			return err
		}
		seq := iteratorsOf(ctx, s, h.Job.ID)[name]
		if err := endsEarly(ctx, s, name, seq); err != nil {
			return err
		}
		if err := onlyError(map[string]iter.Seq2[int, error]{name + " of a job that was removed": seq}, orchestrator.ErrNotFound); err != nil {
			return err
		}
		if err := gone(ctx, s, h.Job.ID); err != nil {
			return err
		}
	}
	return nil
}

// endsEarly removes all jobs in the loop body of the iterator. What it yields from then on is right.
func endsEarly(ctx context.Context, s pruner, name string, seq iter.Seq2[int, error]) error {
	number := 0
	for got, err := range seq {
		if errors.Is(err, orchestrator.ErrNotFound) && number > 0 {
			return nil
		}
		if number++; err != nil || got != number {
			return fmt.Errorf("%s of a job that its loop body has removed: got the value number %d and the error %v, want number %d", name, got, err, number)
		}
		if number > 1 {
			continue
		}
		if n, err := pruneAll(ctx, s, never()); err != nil || n != 1 {
			return fmt.Errorf("PruneJobs in the loop body of %s: removed %d jobs with the error %v, want 1", name, n, err)
		}
	}
	return nil
}

// checkPruneIDs removes all jobs, or all but one that runs, and goes on with others.
func checkPruneIDs(ctx context.Context, s pruner, _ Opener) error {
	var created []orchestrator.JobID
	for round := range 6 {
		for range round {
			h, err := endedJob(ctx, s, 1)
			if err != nil {
				return err
			}
			created = append(created, h.Job.ID)
		}
		if _, err := pruneAll(ctx, s, never()); err != nil {
			return err
		}
		if round == 3 {
			w, err := heldJob(ctx, s, 1)
			if err != nil {
				return err
			}
			created = append(created, w.job.ID)
		}
	}
	return consecutive(created)
}

// checkPruneKey uses the key of a job that was removed.
func checkPruneKey(ctx context.Context, s pruner, _ Opener) error {
	var created []orchestrator.JobID
	for range 3 {
		job, err := s.CreateJob(ctx, keyed("key"), nodeNames(2))
		if err != nil {
			return fmt.Errorf("CreateJob with a key that no job has any more: %w", err)
		}
		created = append(created, job.ID)
		if _, err := pruneAll(ctx, s, never()); err != nil {
			return err
		}
		_, err = s.CreateJob(ctx, keyed("key"), nodeNames(2))
		if err := wantError("CreateJob with the key of a job that was not removed", err, orchestrator.ErrExists); err != nil {
			return err
		}
		w, err := claimJob(ctx, s, alice, long, job.ID)
		if err != nil {
			return err
		}
		if err := w.end(ctx, orchestrator.JobFinished); err != nil {
			return err
		}
		if n, err := pruneAll(ctx, s, never()); err != nil || n != 1 {
			return fmt.Errorf("PruneJobs: removed %d jobs with the error %v, want 1", n, err)
		}
	}
	return consecutive(created)
}
