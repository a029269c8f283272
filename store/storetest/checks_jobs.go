package storetest

import (
	"context"
	"fmt"
	"math"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	jobRule        = "Job returns a job as of its last commit."
	jobUnknownRule = "It returns [ErrNotFound] if there is no such job."
	jobsRule       = "Jobs returns a page of all jobs."
	jobsSameRule   = "It shows the same job as Job does."
)

func jobChecks() []Check {
	return []Check{
		{Name: "Job/last-commit", Rule: jobRule, Run: checkLastCommit},
		{Name: "Job/unknown", Rule: jobUnknownRule, Run: checkJobUnknown},
		{Name: "Jobs/all", Rule: jobsRule, Run: checkJobsAll},
		{Name: "Jobs/none", Rule: jobsRule, Run: checkJobsNone},
		{Name: "Jobs/same-as-Job", Rule: jobsSameRule, Run: checkJobsSame},
	}
}

// eachUnknown calls call with IDs of jobs that do not exist, and returns an error unless each
// call returns ErrNotFound.
func eachUnknown(ctx context.Context, open Opener, what string, call func(orchestrator.Store, orchestrator.JobID) error) error {
	s, job, err := openWith(ctx, open, 1)
	if err != nil {
		return err
	}
	for _, id := range []orchestrator.JobID{0, -1, -job.ID, job.ID + 1, job.ID + 256, unknown, math.MaxInt64, math.MinInt64} {
		if err := wantError(fmt.Sprintf("%s of the job %d", what, id), call(s, id), orchestrator.ErrNotFound); err != nil {
			return err
		}
	}
	return nil
}

func checkJobUnknown(ctx context.Context, open Opener) error {
	return eachUnknown(ctx, open, "Job", func(s orchestrator.Store, id orchestrator.JobID) error {
		_, err := s.Job(ctx, id)
		return err
	})
}

func checkLastCommit(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 3)
	if err != nil {
		return err
	}
	step := func(b orchestrator.Batch) error {
		if err := w.commit(ctx, b); err != nil {
			return err
		}
		job, err := s.Job(ctx, w.job.ID)
		if err != nil {
			return err
		}
		return same("job", w.job, job)
	}
	for i := range 3 {
		if err := step(w.batch(runningNode(i))); err != nil {
			return err
		}
	}
	return step(w.ending(orchestrator.JobStopped))
}

func checkJobsAll(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	var want []orchestrator.Job
	for i := range 3 {
		h, err := liveThrough(ctx, s, fullJobNo(i), 1)
		if err != nil {
			return err
		}
		want = append(want, h.Job)
	}
	waiting, err := create(ctx, s, 2)
	if err != nil {
		return err
	}
	want = append(want, waiting)
	got, err := readJobs(ctx, s)
	if err != nil {
		return err
	}
	return same("Jobs", want, got)
}

func checkJobsNone(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	for _, q := range []orchestrator.JobQuery{{}, {Descending: true, Limit: 5, Offset: 1}, {OrderBy: orchestrator.OrderByState}} {
		page, err := s.Jobs(ctx, q)
		if err != nil {
			return fmt.Errorf("Jobs of an empty store: %w", err)
		}
		if len(page.Jobs) != 0 || page.Total != 0 {
			return fmt.Errorf("Jobs of an empty store: got %d jobs and the total %d", len(page.Jobs), page.Total)
		}
	}
	return nil
}

func checkJobsSame(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	created, err := s.CreateJob(ctx, fullJob(), nodeNames(3))
	if err != nil {
		return err
	}
	alike := func(when string) error {
		job, err := s.Job(ctx, created.ID)
		if err != nil {
			return err
		}
		for _, q := range []orchestrator.JobQuery{{}, {Descending: true, Limit: 1}, {OrderBy: orchestrator.OrderByOwner}} {
			listed, err := onlyJob(s.Jobs(ctx, q))
			if err != nil {
				return fmt.Errorf("Jobs: %w", err)
			}
			if err := same("Jobs, "+when, job, listed); err != nil {
				return err
			}
		}
		return nil
	}
	if err := alike("after the creation"); err != nil {
		return err
	}
	w, err := claimJob(ctx, s, alice, long, created.ID)
	if err != nil {
		return err
	}
	if err := w.run(ctx, 1); err != nil {
		return err
	}
	if err := alike("after a commit"); err != nil {
		return err
	}
	if _, err := s.RequestStop(ctx, created.ID, false); err != nil {
		return err
	}
	if err := alike("after a request to stop"); err != nil {
		return err
	}
	if err := w.end(ctx, orchestrator.JobStopped); err != nil {
		return err
	}
	return alike("after the end")
}
