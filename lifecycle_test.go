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
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

func TestNewRefusesWhatCannotWork(t *testing.T) {
	runner := &orchestratortest.Runner{}
	for name, test := range map[string]struct {
		store  orchestrator.Store
		runner orchestrator.Runner
		opts   *orchestrator.Options
		field  string
	}{
		"no store":             {nil, runner, nil, "store"},
		"no runner":            {memory.New(), nil, nil, "runner"},
		"negative concurrency": {memory.New(), runner, &orchestrator.Options{MaxConcurrency: -1}, "Options.MaxConcurrency"},
		"output too large":     {memory.New(), runner, &orchestrator.Options{MaxOutput: 1 << 20}, "Options.MaxOutput"},
		"negative time":        {memory.New(), runner, &orchestrator.Options{RunGrace: -1}, "Options.RunGrace"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := orchestrator.New(test.store, test.runner, test.opts)
			var invalid *orchestrator.InvalidError
			if !errors.Is(err, orchestrator.ErrInvalid) || !errors.As(err, &invalid) || invalid.Field != test.field {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestNothingRunsBeforeStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{}
		o := created(t, nil, runner, nil)
		job := deploy(t, o, "a")
		<-time.After(time.Hour)
		if len(runner.Runs()) != 0 {
			t.Error("a node was run before Start")
		}
		if err := o.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		orchestratortest.Await(t, o, job.ID)
		if err := o.Start(context.Background()); err == nil {
			t.Error("a second Start is no error")
		}
		if err := o.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestStopBeforeStartAndTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := created(t, nil, &orchestratortest.Runner{}, nil)
		for range 2 {
			if err := o.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := o.Start(t.Context()); !errors.Is(err, orchestrator.ErrStopped) {
			t.Errorf("Start after Stop: %v", err)
		}
		if _, err := o.Deploy(t.Context(), orchestrator.DeployRequest{}); !errors.Is(err, orchestrator.ErrStopped) {
			t.Errorf("Deploy after Stop: %v", err)
		}
	})
}

// stopped starts a job of three nodes, one at a time, each of which takes a minute, and stops the
// orchestrator after ten seconds with a context that ends after some time.
func stopped(t *testing.T, step orchestratortest.Step, patience time.Duration) (store *memory.Store, id orchestrator.JobID, took time.Duration, err error) {
	store = memory.New()
	runner := &orchestratortest.Runner{Default: step}
	t.Cleanup(runner.Release)
	o := created(t, store, runner, nil)
	if err := o.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	id = deployRequest(t, o, orchestrator.DeployRequest{Scope: orchestrator.Scope{Nodes: names(3)}, Concurrency: 1}).ID
	<-time.After(10 * time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	begin := time.Now()
	err = o.Stop(ctx)
	return store, id, time.Since(begin), err
}

func TestStopWaitsForRunningNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, id, took, err := stopped(t, orchestratortest.Step{Takes: time.Minute}, time.Hour)
		if err != nil || took != 50*time.Second {
			t.Errorf("Stop took %v: %v", took, err)
		}
		job, err := store.Job(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		wantEnd(t, job, orchestrator.JobRunning, orchestrator.NodeCounts{Finished: 1, New: 2})

		// The next orchestrator takes the rest up, without waiting for a lease to expire.
		begin := time.Now()
		o := started(t, store, &orchestratortest.Runner{}, nil)
		wantEnd(t, orchestratortest.Await(t, o, id), orchestrator.JobFinished, orchestrator.NodeCounts{Finished: 3})
		if took := time.Since(begin); took != 0 {
			t.Errorf("the job was taken up after %v", took)
		}
	})
}

func TestStopCancelsRunningNodesWhenItMayWaitNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, id, took, err := stopped(t, orchestratortest.Step{Takes: time.Minute}, 5*time.Second)
		if !errors.Is(err, context.DeadlineExceeded) || took != 5*time.Second {
			t.Errorf("Stop took %v: %v", took, err)
		}
		o := started(t, store, &orchestratortest.Runner{}, nil)
		wantEnd(t, orchestratortest.Await(t, o, id), orchestrator.JobFailed, orchestrator.NodeCounts{Finished: 2, Errored: 1})
		if n := nodesOf(t, o, id)[0]; !strings.Contains(n.Message, "the orchestrator was stopped") {
			t.Errorf("message %q", n.Message)
		}
	})
}

func TestStopGivesUpARunThatDoesNotReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, id, took, err := stopped(t, orchestratortest.Step{Deaf: true}, 5*time.Second)
		if !errors.Is(err, context.DeadlineExceeded) || took > 17*time.Second {
			t.Errorf("Stop took %v: %v", took, err)
		}
		job, err := store.Job(t.Context(), id)
		if err != nil || job.Counts.Errored != 1 {
			t.Errorf("%+v, %v", job.Counts, err)
		}
	})
}

func TestEndOfTheStartContextStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := created(t, nil, &orchestratortest.Runner{Default: orchestratortest.Step{Hang: true}}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		if err := o.Start(ctx); err != nil {
			t.Fatal(err)
		}
		job := deploy(t, o, "a")
		synctest.Wait()
		cancel()
		synctest.Wait()
		got, err := o.Job(t.Context(), job.ID)
		if err != nil || got.Counts.Errored != 1 {
			t.Errorf("%+v, %v", got.Counts, err)
		}
		if err := o.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
