package orchestrator_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/internal/faulty"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// slowClaims answers claims late, as a database across a network does.
type slowClaims struct{ orchestrator.Store }

func (s slowClaims) Claim(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
	lease, job, err := s.Store.Claim(ctx, by, ttl)
	if err == nil {
		<-time.After(100 * time.Millisecond)
	}
	return lease, job, err
}

func TestStopWhileTheJobIsBeingClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Second}}
		o := started(t, slowClaims{memory.New()}, runner, &orchestrator.Options{MaxConcurrency: 1})
		job := deploy(t, o, names(20)...)
		<-time.After(50 * time.Millisecond)
		if _, err := o.StopJob(t.Context(), job.ID, nil); err != nil {
			t.Fatal(err)
		}
		wantEnd(t, orchestratortest.Await(t, o, job.ID), orchestrator.JobStopped, orchestrator.NodeCounts{Skipped: 20})
	})
}

func TestRunnerThatEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := started(t, nil, orchestrator.RunnerFunc(func(context.Context, orchestrator.RunRequest) (orchestrator.RunResult, error) {
			runtime.Goexit() // as t.FailNow does
			return orchestrator.RunResult{}, nil
		}), nil)
		job := orchestratortest.Await(t, o, deploy(t, o, "a").ID)
		wantEnd(t, job, orchestrator.JobFailed, orchestrator.NodeCounts{Errored: 1})
		if n := nodesOf(t, o, job.ID)[0]; n.Message != "the runner ended its goroutine" {
			t.Errorf("message %q", n.Message)
		}
	})
}

func TestSmallJobsDoNotStarveALargeOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Second}}
		o := started(t, nil, runner, &orchestrator.Options{MaxConcurrency: 4})
		large := deploy(t, o, names(100)...)
		for range 500 { // more small jobs than there are slots for
			for range 6 {
				deploy(t, o, "small")
			}
			<-time.After(time.Second)
		}
		if job, err := o.Job(t.Context(), large.ID); err != nil || job.State != orchestrator.JobFinished {
			t.Errorf("the large job is %s with %+v, %v", job.State, job.Counts, err)
		}
	})
}

func TestStopWithAnEndedContextWhenNothingRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := created(t, nil, &orchestratortest.Runner{}, nil)
		if err := o.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := o.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestForcedStopDoesNotWaitForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(memory.New())
		ended := make(chan time.Time, 1)
		o := started(t, store, orchestrator.RunnerFunc(func(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
			if req.Node == "quick" {
				<-time.After(time.Second)
				return orchestrator.RunResult{}, nil
			}
			<-ctx.Done()
			ended <- time.Now()
			return orchestrator.RunResult{}, context.Cause(ctx)
		}), nil)
		job := deploy(t, o, "quick", "hangs")
		synctest.Wait()
		store.FailCommits(false, func(int) error { return errDisk })
		<-time.After(time.Minute) // the outcome of the quick node is being written all the time
		asked := time.Now()
		if _, err := o.StopJob(t.Context(), job.ID, &orchestrator.StopOptions{Force: true}); err != nil {
			t.Fatal(err)
		}
		if took := (<-ended).Sub(asked); took != 0 {
			t.Errorf("the run was cancelled after %v", took)
		}
		store.FailCommits(false, nil)
		wantEnd(t, orchestratortest.Await(t, o, job.ID), orchestrator.JobStopped, orchestrator.NodeCounts{Finished: 1, Errored: 1})
	})
}

// A replica that gets a job back while its first execution of it still waits for a deaf run has two
// executions of it for a while; the end of the first must not be taken for that of the second.
func TestJobThatComesBackWhileItsOldRunLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memory.New()
		silent := faulty.New(below)
		release := make(chan struct{})
		runner := orchestrator.RunnerFunc(func(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
			if req.Node == names(1)[0] {
				<-release // it is deaf
				return orchestrator.RunResult{}, nil
			}
			select {
			case <-time.After(45 * time.Second):
				return orchestrator.RunResult{}, nil
			case <-ctx.Done():
				return orchestrator.RunResult{}, ctx.Err()
			}
		})
		opts := &orchestrator.Options{RunGrace: 2 * time.Minute}
		first := started(t, silent, runner, opts)
		id := deployRequest(t, first, orchestrator.DeployRequest{Scope: orchestrator.Scope{Nodes: names(12)}, Concurrency: 1}).ID
		synctest.Wait()
		silent.FailCommits(false, func(int) error { return errDisk })
		silent.FailRenewals(errDisk)
		second := started(t, below, runner, opts)
		<-time.After(time.Minute) // the second has taken the job over
		silent.FailCommits(false, nil)
		silent.FailRenewals(nil)
		<-time.After(15 * time.Second) // the first has learned of it
		if err := second.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		wantEnd(t, orchestratortest.Await(t, first, id), orchestrator.JobFailed, orchestrator.NodeCounts{Errored: 1, Finished: 11})
		close(release)
	})
}

func TestTimeDoesNotRunBackwardsFromOneReplicaToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		o := created(t, store, &orchestratortest.Runner{}, nil)
		job := deploy(t, o, "a", "b")
		ahead := time.Now().UTC().Add(5 * time.Minute) // the other replica's clock
		lease, _, err := store.Claim(t.Context(), uuid.New(), time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		p := job.Progress.Clone()
		p.State = orchestrator.JobRunning
		p.Status = append(p.Status,
			orchestrator.StateChange{State: orchestrator.JobReady, At: job.Created()},
			orchestrator.StateChange{State: orchestrator.JobRunning, At: job.Created()})
		p.Counts, p.LastEvent = orchestrator.NodeCounts{New: 1, Running: 1}, 1
		node := orchestrator.Node{Index: 0, Name: "a", State: orchestrator.NodeRunning, Started: ahead, Updated: ahead, LatestEvent: 1}
		event := orchestrator.Event{ID: 1, Type: orchestrator.EventNodeRunning, Time: ahead, Node: node}
		if err := store.Commit(t.Context(), lease, orchestrator.Batch{Progress: p, Events: []orchestrator.Event{event}}); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Second)
		if err := o.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		orchestratortest.Await(t, o, job.ID)
		for _, e := range eventsOf(t, o, job.ID) {
			if e.Time.Before(ahead) {
				t.Errorf("event %d (%s) is at %v, after one at %v", e.ID, e.Type, e.Time, ahead)
			}
		}
		if err := o.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestStopOfADeadStoreReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(memory.New())
		o := created(t, store, &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Second}}, nil)
		if err := o.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		deploy(t, o, "a")
		synctest.Wait()
		store.Kill()
		<-time.After(time.Hour)
		if err := o.Stop(context.Background()); err != nil && !strings.Contains(err.Error(), "closed") && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
