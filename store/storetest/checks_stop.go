package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	stopRule         = "RequestStop durably asks for a job to be stopped and returns the job."
	stopMilderRule   = "A request is never taken back: a milder one than an earlier one changes nothing."
	stopTerminalRule = "On a job in a terminal state it changes nothing and is no error."
	stopUnknownRule  = "It returns [ErrNotFound] if there is no such job."
)

func stopChecks() []Check {
	return []Check{
		{Name: "RequestStop/asks", Rule: stopRule, Run: checkStop},
		{Name: "RequestStop/held", Rule: stopRule, Run: checkStopHeld},
		{Name: "RequestStop/milder", Rule: stopMilderRule, Run: checkStopMilder},
		{Name: "RequestStop/at-once", Rule: stopMilderRule, Run: checkStopAtOnce},
		{Name: "RequestStop/terminal", Rule: stopTerminalRule, Run: checkStopTerminal},
		{Name: "RequestStop/unknown", Rule: stopUnknownRule, Run: checkStopUnknown},
	}
}

// requested asks for the job to be stopped and returns an error unless that leaves it as given,
// in what is returned and in what is read.
func requested(ctx context.Context, s orchestrator.Store, force bool, want history) error {
	job, err := s.RequestStop(ctx, want.Job.ID, force)
	if err != nil {
		return fmt.Errorf("RequestStop, force %t: %w", force, err)
	}
	if err := same(fmt.Sprintf("RequestStop, force %t", force), want.Job, job); err != nil {
		return err
	}
	return unchanged(ctx, s, want)
}

func checkStop(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	for i, force := range []bool{false, true} {
		job, err := s.CreateJob(ctx, fullJobNo(i), nodeNames(2))
		if err != nil {
			return err
		}
		want := newHistory(job, nodeNames(2))
		want.Job.Stop = orchestrator.StopSoft
		if force {
			want.Job.Stop = orchestrator.StopForce
		}
		if err := requested(ctx, s, force, want); err != nil {
			return err
		}
		w, err := claimJob(ctx, s, alice, long, job.ID)
		if err != nil {
			return err
		}
		if w.job.Stop != want.Job.Stop || w.lease.Stop != want.Job.Stop {
			return fmt.Errorf("Claim: got a job that says %q and a lease that says %q, want %q", w.job.Stop, w.lease.Stop, want.Job.Stop)
		}
	}
	return nil
}

// checkStopHeld asks for a job to be stopped that another instance is writing.
func checkStopHeld(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 3)
	if err != nil {
		return err
	}
	b := w.batch(runningNode(1), fullNode(2))
	if err := w.commit(ctx, b); err != nil {
		return err
	}
	want := newHistory(w.job, nodeNames(3))
	want.apply(b)
	want.Job.Stop = orchestrator.StopForce
	if err := requested(ctx, s, true, want); err != nil {
		return err
	}
	return w.run(ctx, 0)
}

func checkStopMilder(ctx context.Context, open Opener) error {
	s, job, err := openWith(ctx, open, 1)
	if err != nil {
		return err
	}
	want := newHistory(job, nodeNames(1))
	for _, request := range []struct {
		force bool
		want  orchestrator.StopMode
	}{
		{false, orchestrator.StopSoft},
		{false, orchestrator.StopSoft},
		{true, orchestrator.StopForce},
		{false, orchestrator.StopForce},
		{true, orchestrator.StopForce},
		{false, orchestrator.StopForce},
	} {
		want.Job.Stop = request.want
		if err := requested(ctx, s, request.force, want); err != nil {
			return err
		}
	}
	return nil
}

// checkStopAtOnce has mild and strong requests come in at once, while the job is written, and
// one more mild one from everybody once all strong ones have been answered.
func checkStopAtOnce(ctx context.Context, open Opener) error {
	const strong, mild, rounds = 4, 4, 5
	s, w, err := openHeld(ctx, open, 1)
	if err != nil {
		return err
	}
	id := w.job.ID
	var answered sync.WaitGroup
	answered.Add(strong)
	err = together(strong+mild+1, func(i int) error {
		if i == strong+mild {
			return repeat(rounds, func() error { return w.run(ctx, 0) })
		}
		force := i < strong
		err := repeat(rounds, func() error { return stopsAtLeast(ctx, s, id, force, force) })
		if force {
			answered.Done()
		}
		answered.Wait()
		return errors.Join(err, stopsAtLeast(ctx, s, id, false, true))
	})
	if err != nil {
		return err
	}
	job, err := s.Job(ctx, id)
	if err != nil {
		return err
	}
	w.job.Stop = orchestrator.StopForce
	return same("job", w.job, job)
}

// stopsAtLeast makes a request and returns an error unless the job is then asked to stop, by
// force if it has to be.
func stopsAtLeast(ctx context.Context, s orchestrator.Store, id orchestrator.JobID, force, byForce bool) error {
	job, err := s.RequestStop(ctx, id, force)
	if err != nil {
		return fmt.Errorf("RequestStop: %w", err)
	}
	if job.Stop == orchestrator.StopNone || byForce && job.Stop != orchestrator.StopForce {
		return fmt.Errorf("RequestStop, force %t: got a job that says %q", force, job.Stop)
	}
	return nil
}

// repeat calls do n times, or until it returns an error.
func repeat(n int, do func() error) error {
	for range n {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

func checkStopTerminal(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	for _, before := range []orchestrator.StopMode{orchestrator.StopNone, orchestrator.StopSoft} {
		for _, state := range []orchestrator.JobState{orchestrator.JobFinished, orchestrator.JobFailed, orchestrator.JobStopped} {
			want, err := endAs(ctx, s, before, state)
			if err != nil {
				return err
			}
			for _, force := range []bool{false, true} {
				if err := requested(ctx, s, force, want); err != nil {
					return fmt.Errorf("on a job that is %s: %w", state, err)
				}
			}
		}
	}
	return nothingToClaim(ctx, s, bob)
}

// endAs creates a job, has it asked to stop and ended, and returns what it should have become.
func endAs(ctx context.Context, s orchestrator.Store, stop orchestrator.StopMode, state orchestrator.JobState) (history, error) {
	job, err := create(ctx, s, 1)
	if err != nil {
		return history{}, err
	}
	w, err := claimJob(ctx, s, alice, long, job.ID)
	if err != nil {
		return history{}, err
	}
	if stop != orchestrator.StopNone {
		if w.job, err = s.RequestStop(ctx, job.ID, stop == orchestrator.StopForce); err != nil {
			return history{}, err
		}
	}
	b := w.ending(state)
	want := newHistory(w.job, nodeNames(1))
	want.apply(b)
	return want, w.commit(ctx, b)
}

func checkStopUnknown(ctx context.Context, open Opener) error {
	return eachUnknown(ctx, open, "RequestStop", func(s orchestrator.Store, id orchestrator.JobID) error {
		_, err := s.RequestStop(ctx, id, true)
		return err
	})
}
