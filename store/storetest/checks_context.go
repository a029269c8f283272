package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

const contextRule = "A method whose context has ended returns the context's error."

func contextChecks() []Check {
	return []Check{
		{Name: "Store/context", Rule: contextRule, Run: checkContext},
		{Name: "Store/context-nothing-done", Rule: contextRule, Run: checkContextNothingDone},
		{Name: "Store/context-iterator", Rule: contextRule, Run: checkContextIterator},
		{Name: "Store/context-iteration", Rule: contextRule, Run: checkContextIteration},
	}
}

func checkContext(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 3)
	if err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	late, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Hour))
	defer cancel()
	for _, m := range methods(s) {
		if err := wantError(m.name+" with a cancelled context", m.call(cancelled, s, w), context.Canceled); err != nil {
			return err
		}
		if err := wantError(m.name+" after its deadline", m.call(late, s, w), context.DeadlineExceeded); err != nil {
			return err
		}
	}
	return nil
}

func checkContextNothingDone(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 3)
	if err != nil {
		return err
	}
	free, err := create(ctx, s, 1)
	if err != nil {
		return err
	}
	was, err := readHistory(ctx, s, w.job.ID)
	if err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	calls := append(methods(s), method{"Renew, giving up", func(ctx context.Context, s orchestrator.Store, _ *worker) error {
		_, err := s.Renew(ctx, alice, 0)
		return err
	}})
	for _, m := range calls {
		if err := m.call(cancelled, s, w); err == nil {
			return fmt.Errorf("%s with a cancelled context: got no error", m.name)
		}
	}
	if err := unchanged(ctx, s, was); err != nil {
		return err
	}
	if jobs, err := readJobs(ctx, s); err != nil || len(jobs) != 2 {
		return fmt.Errorf("Jobs: got %d jobs and the error %v, want the 2 from before", len(jobs), err)
	}
	if _, err := claimJob(ctx, s, carol, long, free.ID); err != nil {
		return err
	}
	return w.run(ctx, 0)
}

func checkContextIterator(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 3)
	if err != nil {
		return err
	}
	if err := w.run(ctx, 0); err != nil {
		return err
	}
	ending, cancel := context.WithCancel(ctx)
	nodes := s.Nodes(ending, w.job.ID, orchestrator.NodeQuery{})
	events := s.Events(ending, w.job.ID, 0)
	cancel()
	_, err = collect(nodes)
	if err := wantError("Nodes used after its context was cancelled", err, context.Canceled); err != nil {
		return err
	}
	_, err = collect(events)
	return wantError("Events used after its context was cancelled", err, context.Canceled)
}

func checkContextIteration(ctx context.Context, open Opener) error {
	s, job, err := openWith(ctx, open, large)
	if err != nil {
		return err
	}
	ending, cancel := context.WithCancel(ctx)
	defer cancel()
	n := 0
	for _, err = range s.Nodes(ending, job.ID, orchestrator.NodeQuery{}) {
		if err != nil {
			break
		}
		n++
		cancel()
	}
	if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("Nodes whose context is cancelled at the first of %d nodes: got %d nodes and the error %v, want an end with %v", large, n, err, context.Canceled)
	}
	return nil
}
