package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	orderRule = "JobOrder is what a list of jobs is ordered by."
	tiesRule  = "Jobs that are equal by it are ordered by ID, in the same direction."
	textsRule = "Texts are ordered by their bytes."
)

func orderChecks() []Check {
	return []Check{
		{Name: "JobOrder/by-id", Rule: orderRule, Run: checkOrderByID},
		{Name: "JobOrder/orders", Rule: orderRule, Run: checkOrders},
		{Name: "JobOrder/changes", Rule: orderRule, Run: checkOrderChanges},
		{Name: "JobOrder/ties", Rule: tiesRule, Run: checkTies},
		{Name: "JobOrder/texts", Rule: textsRule, Run: checkTexts},
	}
}

// orders returns all orders of jobs.
func orders() []orchestrator.JobOrder {
	return []orchestrator.JobOrder{
		orchestrator.OrderByID,
		orchestrator.OrderByOwner,
		orchestrator.OrderByTimestamp,
		orchestrator.OrderByEnvironment,
		orchestrator.OrderByState,
	}
}

// ordered returns an error unless the store gives the page of the jobs that the query asks for.
func ordered(ctx context.Context, s orchestrator.Store, all []orchestrator.Job, q orchestrator.JobQuery) error {
	page, err := s.Jobs(ctx, q)
	if err != nil {
		return fmt.Errorf("Jobs(%+v): %w", q, err)
	}
	want, _ := (&population{jobs: all}).page(q)
	if got, want := ids(page.Jobs), ids(want); !slices.Equal(got, want) {
		return fmt.Errorf("Jobs(%+v): got the jobs %v, want %v", q, got, want)
	}
	return nil
}

// eachOrder is ordered for all jobs in every order and direction.
func eachOrder(ctx context.Context, s orchestrator.Store, all []orchestrator.Job) error {
	for _, order := range orders() {
		for _, descending := range []bool{false, true} {
			if err := ordered(ctx, s, all, orchestrator.JobQuery{OrderBy: order, Descending: descending}); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkOrderByID has more jobs than one byte counts.
func checkOrderByID(ctx context.Context, open Opener) error {
	const jobs = 300
	s, err := open(ctx)
	if err != nil {
		return err
	}
	first, err := createMany(ctx, s, jobs)
	if err != nil {
		return err
	}
	for _, descending := range []bool{false, true} {
		page, err := s.Jobs(ctx, orchestrator.JobQuery{Descending: descending})
		if err != nil {
			return err
		}
		got := ids(page.Jobs)
		if descending {
			slices.Reverse(got)
		}
		if err := consecutive(got); err != nil {
			return fmt.Errorf("Jobs, descending %t: %w", descending, err)
		}
		if len(got) != jobs || got[0] != first {
			return fmt.Errorf("Jobs, descending %t: got %d jobs, want %d with %d as the oldest", descending, len(got), jobs, first)
		}
	}
	return nil
}

// createOrdered creates n jobs. No two are equal by their owner, environment or time, and by
// none of these are they ordered as by ID.
func createOrdered(ctx context.Context, s orchestrator.Store, n int) ([]orchestrator.Job, error) {
	jobs := make([]orchestrator.Job, n)
	for i := range jobs {
		job := plainJob()
		job.Owner.Login = fmt.Sprintf("user%04d", i*7%n)
		job.Environment = fmt.Sprintf("env%04d", i*11%n)
		job.Status[0].At = at(i * 13 % n)
		var err error
		if jobs[i], err = s.CreateJob(ctx, job, nodeNames(1)); err != nil {
			return nil, fmt.Errorf("CreateJob: %w", err)
		}
	}
	return jobs, nil
}

func checkOrders(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	jobs, err := createOrdered(ctx, s, 20)
	if err != nil {
		return err
	}
	return eachOrder(ctx, s, jobs)
}

// checkOrderChanges has jobs change their state, and with it when it last changed.
func checkOrderChanges(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	jobs, err := createOrdered(ctx, s, 8)
	if err != nil {
		return err
	}
	states := []orchestrator.JobState{
		orchestrator.JobStopped, orchestrator.JobFinished, orchestrator.JobStopping, orchestrator.JobReady,
		orchestrator.JobRunning, orchestrator.JobFailed,
	}
	for i, state := range states {
		w, err := claimJob(ctx, s, alice, long, jobs[i].ID)
		if err != nil {
			return err
		}
		b := w.ending(state)
		b.Progress.Status[1].At = at(100 + i*5%len(states))
		if err := w.commit(ctx, b); err != nil {
			return err
		}
		jobs[i] = w.job
		if err := eachOrder(ctx, s, jobs); err != nil {
			return err
		}
	}
	return nil
}

// checkTies has jobs that are equal by every order, or by one of them, or that are equal once
// their times are cut to the millisecond.
func checkTies(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	var jobs []orchestrator.Job
	for i := range 24 {
		job := plainJob()
		job.Owner.Login = []string{"ada", "bob"}[i/2%2]
		job.Environment = []string{"", "production", "test"}[i/3%3]
		job.Status[0].At = at(i / 4 % 2).Add(time.Duration(100-i) * time.Microsecond)
		job, err := s.CreateJob(ctx, job, nodeNames(1))
		if err != nil {
			return fmt.Errorf("CreateJob: %w", err)
		}
		job.Status[0].At = job.Status[0].At.Truncate(time.Millisecond)
		jobs = append(jobs, job)
	}
	return eachOrder(ctx, s, jobs)
}

// bytesFirst are texts that are in another order by their bytes than in that of any language, and
// some that are the beginnings of others.
func bytesFirst() []string {
	return []string{"a", "B", "", "ab", "a b", "a!", "Z", "é", "e", "a-b", "a.b", "z", "\u00e4", "ａ", "aa", "a\u0301", "10", "9", "_"}
}

func checkTexts(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	texts := bytesFirst()
	var jobs []orchestrator.Job
	for i := range 2 * len(texts) {
		job := plainJob()
		job.Owner.Login, job.Environment = texts[i%len(texts)], texts[i*5%len(texts)]
		if job, err = s.CreateJob(ctx, job, nodeNames(1)); err != nil {
			return fmt.Errorf("CreateJob: %w", err)
		}
		jobs = append(jobs, job)
	}
	if err := eachOrder(ctx, s, jobs); err != nil {
		return err
	}
	for i := 0; i < len(jobs); i += 2 { // a store may keep those that have ended elsewhere
		if jobs[i], err = stopped(ctx, s, jobs[i].ID); err != nil {
			return err
		}
	}
	return eachOrder(ctx, s, jobs)
}

// stopped ends a job, whichever others there are, and returns it.
func stopped(ctx context.Context, s orchestrator.Store, id orchestrator.JobID) (orchestrator.Job, error) {
	if _, err := s.RequestStop(ctx, id, false); err != nil {
		return orchestrator.Job{}, err
	}
	w, err := claimJob(ctx, s, alice, long, id)
	if err != nil {
		return orchestrator.Job{}, err
	}
	err = w.end(ctx, orchestrator.JobStopped)
	return w.job, err
}
