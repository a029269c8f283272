package orchestrator_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/internal/faulty"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// fleet is where runs go on without anyone who watches them. Each takes three minutes.
type fleet struct {
	mu     sync.Mutex
	begun  map[string]time.Time
	killed map[string]error // by what
	asks   int              // how often a run was to be picked up
	err    error            // what picking up comes to, if not nil
}

func newFleet() *fleet {
	return &fleet{begun: make(map[string]time.Time), killed: make(map[string]error)}
}

func (f *fleet) Run(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	f.mu.Lock()
	_, twice := f.begun[req.Node]
	f.begun[req.Node] = time.Now()
	f.mu.Unlock()
	if twice {
		return orchestrator.RunResult{}, errors.New("begun twice")
	}
	return f.watch(ctx, req)
}

func (f *fleet) Reattach(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	f.mu.Lock()
	f.asks++
	_, known := f.begun[req.Node]
	err := f.err
	f.mu.Unlock()
	if err != nil {
		return orchestrator.RunResult{}, err
	}
	if !known {
		return orchestrator.RunResult{}, orchestrator.ErrNotRunning
	}
	return f.watch(ctx, req)
}

func (f *fleet) watch(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	f.mu.Lock()
	ends := f.begun[req.Node].Add(3 * time.Minute)
	f.mu.Unlock()
	select {
	case <-time.After(time.Until(ends)):
		return orchestrator.RunResult{Result: []byte(`{"ran":true}`)}, nil
	case <-ctx.Done():
	}
	cause := context.Cause(ctx)
	if errors.Is(cause, orchestrator.ErrStopped) || errors.Is(cause, orchestrator.ErrLeaseLost) {
		return orchestrator.RunResult{}, orchestrator.ErrDetached
	}
	f.mu.Lock()
	f.killed[req.Node] = cause
	f.mu.Unlock()
	return orchestrator.RunResult{}, cause
}

// forget makes the fleet know nothing of a node.
func (f *fleet) forget(node string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.begun, node)
}

// crashed runs a job for half a minute, until the process that began it is gone.
func crashed(t *testing.T, f *fleet, timeout time.Duration) (orchestrator.Store, orchestrator.JobID) {
	below := memory.New()
	dying := faulty.New(below)
	first := started(t, dying, f, nil)
	id := deployRequest(t, first, orchestrator.DeployRequest{
		Scope: orchestrator.Scope{Nodes: names(6)}, Concurrency: 3, Timeout: timeout,
	}).ID
	<-time.After(30 * time.Second)
	dying.Kill()
	return below, id
}

func TestRunsArePickedUpAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet()
		store, id := crashed(t, f, 0)
		second := started(t, store, f, &orchestrator.Options{MaxConcurrency: 2})
		job := orchestratortest.Await(t, second, id)
		wantEnd(t, job, orchestrator.JobFinished, orchestrator.NodeCounts{Finished: 6})
		if f.asks != 3 {
			t.Errorf("asked for %d runs, of 3", f.asks)
		}
		// The three that were picked up, then two, then one.
		if late := f.begun[names(6)[5]].Sub(f.begun[names(6)[0]]); late < 6*time.Minute {
			t.Errorf("the last began %s after the first: those that were picked up have no slots", late)
		}
		eventsOf(t, second, id)
	})
}

func TestRunOfWhichNothingIsKnown(t *testing.T) {
	for _, test := range []struct {
		err     error
		message string
	}{
		{nil, "outcome unknown: the orchestrator was restarted"},
		{errors.New("no route to host"), "outcome unknown: the orchestrator was restarted: no route to host"},
		{orchestrator.ErrDetached, "outcome unknown: the orchestrator was restarted: the run goes on by itself"},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet()
			store, id := crashed(t, f, 0)
			f.err = test.err
			for _, name := range names(3) {
				f.forget(name)
			}
			second := started(t, store, f, nil)
			wantEnd(t, orchestratortest.Await(t, second, id), orchestrator.JobFailed, orchestrator.NodeCounts{Errored: 3, Finished: 3})
			for _, n := range nodesOf(t, second, id)[:3] {
				if n.Message != test.message {
					t.Errorf("message %q, want %q", n.Message, test.message)
				}
			}
		})
	}
}

func TestStopLeavesRunsThatGoOnByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, store := newFleet(), memory.New()
		first := started(t, store, f, nil)
		id := deploy(t, first, "a", "b").ID
		<-time.After(10 * time.Second)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := first.Stop(ended); err != nil {
			t.Errorf("nothing was cut short, but Stop returned %v", err)
		}
		job, err := first.Job(t.Context(), id)
		if err != nil || job.Counts != (orchestrator.NodeCounts{Running: 2}) {
			t.Errorf("left %+v, %v", job.Counts, err)
		}
		second := started(t, store, f, nil)
		wantEnd(t, orchestratortest.Await(t, second, id), orchestrator.JobFinished, orchestrator.NodeCounts{Finished: 2})
		if len(f.killed) > 0 {
			t.Errorf("killed %v", f.killed)
		}
	})
}

func TestRunsThatWerePickedUpAreEnded(t *testing.T) {
	for name, test := range map[string]struct {
		timeout time.Duration
		force   bool
		want    orchestrator.JobState
		cause   error
	}{
		"by force":          {0, true, orchestrator.JobStopped, orchestrator.ErrJobStopped},
		"when time is over": {45 * time.Second, false, orchestrator.JobFailed, orchestrator.ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet()
				store, id := crashed(t, f, test.timeout)
				second := created(t, store, f, &orchestrator.Options{RunGrace: time.Second})
				if test.force {
					if _, err := second.StopJob(t.Context(), id, &orchestrator.StopOptions{Force: true}); err != nil {
						t.Fatal(err)
					}
				}
				if err := second.Start(context.Background()); err != nil {
					t.Fatal(err)
				}
				defer second.Stop(context.Background())
				job := orchestratortest.Await(t, second, id)
				if job.State != test.want || job.Counts.Errored == 0 || job.Counts.Running > 0 {
					t.Errorf("%s with %+v", job.State, job.Counts)
				}
				for _, node := range names(3) {
					if !errors.Is(f.killed[node], test.cause) {
						t.Errorf("%s: ended by %v", node, f.killed[node])
					}
				}
			})
		})
	}
}

// A failure that is known when the orchestrator is stopped is one, if the stop has not caused it.
func TestFailureOfARunThatIsSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := started(t, nil, sparedRunner{}, nil)
		id := deploy(t, o, "a").ID
		synctest.Wait()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := o.Stop(ended); err != nil {
			t.Error(err)
		}
		job, err := o.Job(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		wantEnd(t, job, orchestrator.JobFailed, orchestrator.NodeCounts{Failed: 1})
	})
}

// sparedRunner learns that the run has failed just when it is to leave it.
type sparedRunner struct{ *fleet }

func (sparedRunner) Run(ctx context.Context, _ orchestrator.RunRequest) (orchestrator.RunResult, error) {
	<-ctx.Done()
	return orchestrator.RunResult{Failed: true}, nil
}
