package orchestrator_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/internal/faulty"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

var errDisk = errors.New("no space left on device")

func TestRestartAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memory.New()
		dying := faulty.New(below)
		runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Minute}}
		first := started(t, dying, runner, nil)
		id := deployRequest(t, first, orchestrator.DeployRequest{Scope: orchestrator.Scope{Nodes: names(10)}, Concurrency: 4}).ID
		<-time.After(90 * time.Second) // four nodes have finished, four are running, two are new
		dying.Kill()

		second := started(t, below, runner, nil)
		job := orchestratortest.Await(t, second, id)
		wantEnd(t, job, orchestrator.JobFailed, orchestrator.NodeCounts{Finished: 6, Errored: 4})
		runs := make(map[string]int)
		for _, req := range runner.Runs() {
			runs[req.Node]++
		}
		for _, n := range nodesOf(t, second, id) {
			if runs[n.Name] != 1 {
				t.Errorf("%s ran %d times", n.Name, runs[n.Name])
			}
			if n.State == orchestrator.NodeErrored && n.Message != "outcome unknown: the orchestrator was restarted" {
				t.Errorf("message %q", n.Message)
			}
		}
		events := eventsOf(t, second, id)
		for i, e := range events {
			if e.ID != orchestrator.EventID(i+1) || i > 0 && e.Time.Before(events[i-1].Time) {
				t.Errorf("event %d is out of line: %+v after %+v", i+1, e, events[max(0, i-1)])
			}
		}
	})
}

func TestTwoOrchestratorsShareOneStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Second}}
		one := started(t, store, runner, &orchestrator.Options{MaxConcurrency: 3})
		two := started(t, store, runner, &orchestrator.Options{MaxConcurrency: 3})
		var ids []orchestrator.JobID
		for range 30 {
			ids = append(ids, deploy(t, one, "a", "b").ID)
		}
		for i, id := range ids {
			reader := []*orchestrator.Orchestrator{one, two}[i%2]
			wantEnd(t, orchestratortest.Await(t, reader, id), orchestrator.JobFinished, orchestrator.NodeCounts{Finished: 2})
		}
		if got := len(runner.Runs()); got != 60 {
			t.Errorf("%d runs of 60 nodes", got)
		}
		if runner.Peak() <= 3 {
			t.Errorf("only one of the two has worked")
		}

		slow := deploy(t, one, "slow")
		if _, err := two.StopJob(t.Context(), slow.ID, nil); err != nil {
			t.Fatal(err)
		}
		orchestratortest.Await(t, two, slow.ID)
	})
}

func TestHolderThatLostItsLeaseWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memory.New()
		paused := faulty.New(below)
		runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: 45 * time.Second}}
		first := started(t, paused, runner, nil)
		id := deployRequest(t, first, orchestrator.DeployRequest{Scope: orchestrator.Scope{Nodes: names(3)}, Concurrency: 1}).ID
		synctest.Wait()
		paused.FailCommits(false, func(int) error { return errDisk }) // it can no longer write
		paused.FailRenewals(errDisk)                                  // nor say that it is alive
		second := started(t, below, runner, nil)
		job := orchestratortest.Await(t, second, id)
		wantEnd(t, job, orchestrator.JobFailed, orchestrator.NodeCounts{Errored: 1, Finished: 2})
		paused.FailCommits(false, nil)
		paused.FailRenewals(nil)
		<-time.After(time.Minute)
		if again, err := second.Job(t.Context(), id); err != nil || again.LastEvent != job.LastEvent {
			t.Errorf("after the end: %+v, %v", again, err)
		}
		if got := len(runner.Runs()); got != 3 {
			t.Errorf("%d runs of 3 nodes", got)
		}
	})
}

func TestFailingDiskHoldsUpButLosesNothing(t *testing.T) {
	for name, written := range map[string]bool{"commit not carried out": false, "commit carried out": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := faulty.New(memory.New())
				store.FailCommits(written, func(n int) error {
					if n%3 != 0 {
						return errDisk
					}
					return nil
				})
				runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Second}}
				o := started(t, store, runner, &orchestrator.Options{MaxConcurrency: 2})
				job := orchestratortest.Await(t, o, deploy(t, o, names(10)...).ID)
				wantEnd(t, job, orchestrator.JobFinished, orchestrator.NodeCounts{Finished: 10})
				if got := len(runner.Runs()); got != 10 {
					t.Errorf("%d runs of 10 nodes", got)
				}
			})
		})
	}
}

func TestStopDoesNotWaitForADeadDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(memory.New())
		store.FailCommits(false, func(int) error { return errDisk })
		o := created(t, store, &orchestratortest.Runner{}, nil)
		if err := o.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		deploy(t, o, "a")
		<-time.After(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		if err := o.Stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if took := time.Since(begin); took > time.Minute+12*time.Second {
			t.Errorf("Stop took %v", took)
		}
	})
}
