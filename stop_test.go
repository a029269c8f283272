package orchestrator_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// stopping starts a job of five nodes, two at a time, each of which takes a minute, asks for it to
// be stopped after ten seconds, and returns it when it has ended.
func stopping(t *testing.T, step orchestratortest.Step, opts ...*orchestrator.StopOptions) (*orchestrator.Orchestrator, orchestrator.Job, time.Duration) {
	runner := &orchestratortest.Runner{Default: step}
	o := started(t, nil, runner, nil)
	t.Cleanup(runner.Release)
	begin := time.Now()
	job := deployRequest(t, o, orchestrator.DeployRequest{Scope: orchestrator.Scope{Nodes: names(5)}, Concurrency: 2})
	<-time.After(10 * time.Second)
	for i, opt := range opts {
		got, err := o.StopJob(t.Context(), job.ID, opt)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 && got.Counts.Running != 2 {
			t.Errorf("StopJob returned %+v", got)
		}
		synctest.Wait()
	}
	return o, orchestratortest.Await(t, o, job.ID), time.Since(begin)
}

func TestSoftStopLetsRunningNodesFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, job, took := stopping(t, orchestratortest.Step{Takes: time.Minute}, nil)
		wantEnd(t, job, orchestrator.JobStopped, orchestrator.NodeCounts{Finished: 2, Skipped: 3})
		if took != time.Minute {
			t.Errorf("the job ended after %v", took)
		}
		events := eventsOf(t, o, job.ID)
		if got := events[2].Type; got != orchestrator.EventJobStopping {
			t.Errorf("event 3 is %s", got)
		}
		if got := events[len(events)-1]; got.Type != orchestrator.EventJobFinished || got.JobState != orchestrator.JobStopped {
			t.Errorf("the last event is %+v", got)
		}
		if n := nodesOf(t, o, job.ID)[4]; n.Message == "" || !n.Started.IsZero() || !n.Finished.IsZero() || n.Updated.IsZero() {
			t.Errorf("a skipped node is %+v", n)
		}
	})
}

func TestForcedStopCancelsRunningNodes(t *testing.T) {
	for name, opts := range map[string][]*orchestrator.StopOptions{
		"at once":         {{Force: true}},
		"after a request": {nil, {Force: true}},
		"never milder":    {{Force: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, job, took := stopping(t, orchestratortest.Step{Takes: time.Minute}, opts...)
				wantEnd(t, job, orchestrator.JobStopped, orchestrator.NodeCounts{Errored: 2, Skipped: 3})
				if took != 10*time.Second {
					t.Errorf("the job ended after %v", took)
				}
				if n := nodesOf(t, o, job.ID)[0]; !strings.Contains(n.Message, "stopped by force") {
					t.Errorf("message of a cancelled node: %q", n.Message)
				}
				events := eventsOf(t, o, job.ID)
				if got := events[len(events)-1].Type; got != orchestrator.EventJobAborted {
					t.Errorf("the last event is %s", got)
				}
			})
		})
	}
}

func TestForcedStopGivesUpARunThatDoesNotReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, job, took := stopping(t, orchestratortest.Step{Deaf: true}, &orchestrator.StopOptions{Force: true})
		wantEnd(t, job, orchestrator.JobStopped, orchestrator.NodeCounts{Errored: 2, Skipped: 3})
		if took != 20*time.Second {
			t.Errorf("the job ended after %v, want the 10s until the stop and 10s of grace", took)
		}
	})
}

func TestCancelledRunIsBelievedOnlyWhenItSucceeds(t *testing.T) {
	causes := make(chan error, 3)
	runner := orchestrator.RunnerFunc(func(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
		<-ctx.Done()
		causes <- context.Cause(ctx)
		switch req.Node {
		case "succeeds":
			return orchestrator.RunResult{}, nil
		case "fails":
			return orchestrator.RunResult{Failed: true}, nil
		default:
			return orchestrator.RunResult{}, errors.New("the process could not be killed")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		o := started(t, nil, runner, nil)
		job := deploy(t, o, "succeeds", "fails", "errs")
		synctest.Wait()
		if _, err := o.StopJob(t.Context(), job.ID, &orchestrator.StopOptions{Force: true}); err != nil {
			t.Fatal(err)
		}
		wantEnd(t, orchestratortest.Await(t, o, job.ID), orchestrator.JobStopped, orchestrator.NodeCounts{Finished: 1, Errored: 2})
		if n := nodesOf(t, o, job.ID)[2]; !strings.HasSuffix(n.Message, ": the process could not be killed") {
			t.Errorf("message %q", n.Message)
		}
		for range 3 {
			if cause := <-causes; !errors.Is(cause, orchestrator.ErrJobStopped) {
				t.Errorf("cause %v", cause)
			}
		}
	})
}

func TestStopOfAJobThatHasNotStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Hour}}
		o := started(t, nil, runner, &orchestrator.Options{MaxConcurrency: 1, NodeTimeout: 2 * time.Hour})
		for range 5 { // more than there is room for
			deploy(t, o, "busy")
		}
		last := deploy(t, o, names(3000)...)
		synctest.Wait()
		if _, err := o.StopJob(t.Context(), last.ID, nil); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		job := orchestratortest.Await(t, o, last.ID)
		wantEnd(t, job, orchestrator.JobStopped, orchestrator.NodeCounts{Skipped: 3000})
		if took := time.Since(begin); took > time.Second {
			t.Errorf("the stop took %v: it waited for other jobs", took)
		}
	})
}

func TestStopOfAnEndedJobChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := started(t, nil, &orchestratortest.Runner{}, nil)
		job := orchestratortest.Await(t, o, deploy(t, o, "a").ID)
		got, err := o.StopJob(t.Context(), job.ID, &orchestrator.StopOptions{Force: true})
		if err != nil || got.State != orchestrator.JobFinished || got.LastEvent != job.LastEvent {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestStopOfAnUnknownJob(t *testing.T) {
	_, err := created(t, nil, &orchestratortest.Runner{}, nil).StopJob(t.Context(), 7, nil)
	var e *orchestrator.Error
	if !errors.Is(err, orchestrator.ErrNotFound) || !errors.As(err, &e) || e.Job != 7 || err.Error() != "stop job 7: not found" {
		t.Errorf("%v", err)
	}
}
