package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	eventsRule        = "Events yields the events of a job whose id is from or greater, in the order of their ids."
	eventsUnknownRule = "It yields [ErrNotFound] if there is no such job."
)

func eventChecks() []Check {
	return []Check{
		{Name: "Events/from", Rule: eventsRule, Run: checkEventsFrom},
		{Name: "Events/none", Rule: eventsRule, Run: checkEventsNone},
		{Name: "Events/unknown", Rule: eventsUnknownRule, Run: checkEventsUnknown},
	}
}

func checkEventsFrom(ctx context.Context, open Opener) error {
	const events = 600
	s, w, err := openHeld(ctx, open, 3)
	if err != nil {
		return err
	}
	all := newHistory(w.job, nodeNames(3))
	for len(all.Events) < events {
		var nodes []orchestrator.Node
		for i := range 100 {
			nodes = append(nodes, busyNode(i%3))
		}
		b := w.batch(nodes...)
		if err := w.commit(ctx, b); err != nil {
			return err
		}
		all.apply(b)
	}
	for _, from := range []orchestrator.EventID{
		math.MinInt64, -1, 0, 1, 2, 99, 100, 101, 255, 256, 257, 512, events - 1, events, events + 1, events + 256, math.MaxInt64,
	} {
		got, err := collect(s.Events(ctx, w.job.ID, from))
		if err != nil {
			return fmt.Errorf("Events from %d: %w", from, err)
		}
		want := all.Events[min(max(from, 1)-1, events):]
		if err := same(fmt.Sprintf("Events from %d", from), want, got); err != nil {
			return err
		}
	}
	return nil
}

func checkEventsNone(ctx context.Context, open Opener) error {
	s, job, err := openWith(ctx, open, 3)
	if err != nil {
		return err
	}
	for _, from := range []orchestrator.EventID{0, 1, 5} {
		if got, err := collect(s.Events(ctx, job.ID, from)); err != nil || len(got) != 0 {
			return fmt.Errorf("Events of a job without any, from %d: got %d events and the error %v", from, len(got), err)
		}
	}
	return nil
}

func checkEventsUnknown(ctx context.Context, open Opener) error {
	return eachUnknown(ctx, open, "Events", func(s orchestrator.Store, id orchestrator.JobID) error {
		_, err := collect(s.Events(ctx, id, math.MaxInt64))
		if !errors.Is(err, orchestrator.ErrNotFound) {
			return err
		}
		_, err = readEvents(ctx, s, id)
		return err
	})
}
