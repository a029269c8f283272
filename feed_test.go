package orchestrator_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/internal/faulty"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

func TestWatchAllYieldsEveryEventOfEveryJobOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Second}}
		o := started(t, nil, runner, &orchestrator.Options{MaxConcurrency: 4})
		const jobs, nodes = 6, 5
		type seen struct {
			events map[string]int
			err    error
		}
		results := make(chan seen)
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 5 {
			go func() {
				<-time.After(time.Duration(i) * time.Second)
				got := seen{events: make(map[string]int)}
				var latest orchestrator.Position
				ids := make(map[orchestrator.JobID]orchestrator.EventID)
				for e, err := range o.WatchAll(ctx, 0) {
					if err != nil {
						got.err = err
						break
					}
					if e.Position <= latest || e.ID != ids[e.Job]+1 {
						t.Errorf("position %d after %d, event %d of job %d after %d", e.Position, latest, e.ID, e.Job, ids[e.Job])
					}
					latest, ids[e.Job] = e.Position, e.ID
					got.events[fmt.Sprint(e.Job, "/", e.ID)]++
				}
				results <- got
			}()
		}
		for range jobs {
			deploy(t, o, names(nodes)...)
			<-time.After(700 * time.Millisecond)
		}
		<-time.After(time.Minute)
		cancel()
		for range 5 {
			got := <-results
			if !errors.Is(got.err, context.Canceled) || len(got.events) != jobs*(2*nodes+1) {
				t.Errorf("%d different events, %v", len(got.events), got.err)
			}
		}
		end, err := o.FeedEnd(t.Context())
		if err != nil || end < jobs*(2*nodes+1) {
			t.Errorf("end %d, %v", end, err)
		}
	})
}

func TestWatchAllEndsWithTheOrchestrator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := created(t, nil, &orchestratortest.Runner{}, nil)
		ended := make(chan error)
		go func() {
			for _, err := range o.WatchAll(t.Context(), 1) {
				ended <- err
			}
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

func TestWatchFeedEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := started(t, nil, &orchestratortest.Runner{}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		var newest orchestrator.Position
		ended := make(chan error)
		go func() {
			for end, err := range o.WatchFeedEnd(ctx) {
				if err != nil {
					ended <- err
					return
				}
				newest = end
			}
		}()
		synctest.Wait()
		if newest != 0 {
			t.Errorf("%d before the first event", newest)
		}
		orchestratortest.Await(t, o, deploy(t, o, names(3)...).ID)
		synctest.Wait()
		if end, err := o.FeedEnd(ctx); newest == 0 || newest != end || err != nil {
			t.Errorf("%d, and the newest is %d, %v", newest, end, err)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

func TestFeedNeedsAStoreThatHasOne(t *testing.T) {
	o := created(t, faulty.New(memory.New()), &orchestratortest.Runner{}, nil)
	if _, err := o.FeedEnd(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v", err)
	}
	for _, err := range o.Feed(t.Context(), 1) {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%v", err)
		}
	}
	for _, err := range o.WatchAll(t.Context(), 1) {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%v", err)
		}
	}
	for _, err := range o.WatchFeedEnd(t.Context()) {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%v", err)
		}
	}
}
