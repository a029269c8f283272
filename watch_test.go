package orchestrator_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// watched collects what Watch yields.
func watched(ctx context.Context, o *orchestrator.Orchestrator, id orchestrator.JobID, from orchestrator.EventID) (ids []orchestrator.EventID, err error) {
	for e, err := range o.Watch(ctx, id, from) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, e.ID)
	}
	return ids, nil
}

func TestWatchYieldsEveryEventOnceInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Second}}
		o := started(t, nil, runner, &orchestrator.Options{MaxConcurrency: 7})
		job := deploy(t, o, names(100)...)
		type result struct {
			from orchestrator.EventID
			ids  []orchestrator.EventID
			err  error
		}
		results := make(chan result)
		for i := range 20 {
			go func() {
				<-time.After(time.Duration(i) * time.Second) // some come late, the last after the end
				from := orchestrator.EventID(i * 10)
				ids, err := watched(context.Background(), o, job.ID, from)
				results <- result{from, ids, err}
			}()
		}
		const last = 201 // a start and an end for each node, and the end of the job
		for range 20 {
			r := <-results
			first := max(r.from, 1)
			if r.err != nil || len(r.ids) != int(last-first)+1 {
				t.Fatalf("from %d: %d events, %v", r.from, len(r.ids), r.err)
			}
			for i, id := range r.ids {
				if id != first+orchestrator.EventID(i) {
					t.Fatalf("from %d: event %d has id %d", r.from, i, id)
				}
			}
		}
	})
}

func TestWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := created(t, nil, &orchestratortest.Runner{}, nil)
		if _, err := watched(t.Context(), o, 1, 1); !errors.Is(err, orchestrator.ErrNotFound) {
			t.Errorf("unknown job: %v", err)
		}
		job := deploy(t, o, "a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := watched(ctx, o, job.ID, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("end of the context: %v", err)
		}
		stopped := make(chan error)
		go func() {
			_, err := watched(t.Context(), o, job.ID, 1)
			stopped <- err
		}()
		synctest.Wait()
		if err := o.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-stopped; !errors.Is(err, orchestrator.ErrStopped) {
			t.Errorf("stop: %v", err)
		}
	})
}

func TestWatchOfAnEndedJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := started(t, nil, &orchestratortest.Runner{}, nil)
		job := orchestratortest.Await(t, o, deploy(t, o, "a").ID)
		for from, want := range map[orchestrator.EventID]int{-5: 3, 0: 3, 3: 1, 4: 0, 1000: 0} {
			if ids, err := watched(t.Context(), o, job.ID, from); err != nil || len(ids) != want {
				t.Errorf("from %d: %v, %v", from, ids, err)
			}
		}
		for e, err := range o.Watch(t.Context(), job.ID, 1) {
			if e.ID != 1 || err != nil {
				t.Errorf("event %d, %v", e.ID, err)
			}
			break // and nothing is left behind
		}
	})
}

// Who wants to know how far a job has come is told of what happens meanwhile as one change, and of the end.
func TestWatchJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Second}}
		o := created(t, nil, runner, &orchestrator.Options{MaxConcurrency: 1})
		id := deploy(t, o, names(30)...).ID
		for _, err := range o.WatchJob(t.Context(), id+1) {
			if !errors.Is(err, orchestrator.ErrNotFound) {
				t.Errorf("unknown job: %v", err)
			}
		}
		var seen []orchestrator.EventID
		var state orchestrator.JobState
		for job, err := range o.WatchJob(t.Context(), id) {
			if err != nil {
				t.Fatal(err)
			}
			if len(seen) == 0 {
				if err := o.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			seen, state = append(seen, job.LastEvent), job.State
			<-time.After(10 * time.Second)
		}
		if len(seen) > 5 || seen[0] != 0 || seen[len(seen)-1] != 61 || state != orchestrator.JobFinished {
			t.Errorf("%v, %s", seen, state)
		}
		if err := o.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWatchJobEndsWithTheOrchestrator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := created(t, nil, &orchestratortest.Runner{}, nil)
		job := deploy(t, o, "a")
		ended := make(chan error)
		go func() {
			var last error
			for _, err := range o.WatchJob(t.Context(), job.ID) {
				last = err
			}
			ended <- last
		}()
		synctest.Wait()
		if err := o.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, orchestrator.ErrStopped) {
			t.Errorf("%v", err)
		}
	})
}
