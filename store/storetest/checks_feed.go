package storetest

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	feedRule     = "Feed yields the events of all jobs whose position is from or greater, in the order of their positions."
	feedJobsRule = "The events of a job are in the order of their ids, and those of jobs that were removed are left out."
	feedEndRule  = "FeedEnd returns the position of the newest event of all jobs, 0 if there was none yet."
	positionRule = "Position numbers the events of all jobs in the order in which they were committed."
	neverAgain   = "Positions are positive and strictly increasing, and are never reused."
)

func feedChecks() []Check {
	return []Check{
		{Name: "Feed/from", Rule: feedRule, Run: feeding(checkFeedFrom)},
		{Name: "Feed/large", Rule: feedRule, Run: feeding(checkFeedLarge)},
		{Name: "Feed/polled", Rule: feedJobsRule, Run: feeding(checkFeedPolled)},
		{Name: "Feed/removed", Rule: feedJobsRule, Run: feeding(checkFeedRemoved)},
		{Name: "FeedEnd/newest", Rule: feedEndRule, Run: feeding(checkFeedEnd)},
		{Name: "Position/order", Rule: positionRule, Run: feeding(checkFeedOrder)},
		{Name: "Position/removed", Rule: neverAgain, Run: feeding(checkPositionRemoved)},
	}
}

// feeder is a store that can tell of the events of all jobs.
type feeder interface {
	orchestrator.Store
	orchestrator.Feeder
}

// feeding returns a check of stores that can tell of the events of all jobs, which others pass.
func feeding(check func(ctx context.Context, s feeder) error) func(context.Context, Opener) error {
	return func(ctx context.Context, open Opener) error {
		s, err := open(ctx)
		if err != nil {
			return err
		}
		if f, ok := s.(feeder); ok {
			return check(ctx, f)
		}
		return nil
	}
}

// fed is the events of several jobs in the order in which they were committed.
type fed []orchestrator.FeedEvent

// add appends the events of a batch. Their positions are not known yet.
func (f *fed) add(id orchestrator.JobID, b orchestrator.Batch) {
	for i := range b.Events {
		*f = append(*f, orchestrator.FeedEvent{Event: b.Events[i].Clone(), Job: id})
	}
}

// without returns what is left without a job.
func (f fed) without(id orchestrator.JobID) (left fed) {
	for _, e := range f {
		if e.Job != id {
			left = append(left, e)
		}
	}
	return left
}

// read reads the feed from a position on, and returns an error unless it holds these events at
// increasing positions, which it sets.
func (f fed) read(ctx context.Context, s orchestrator.Feeder, from orchestrator.Position) error {
	got, err := collect(s.Feed(ctx, from))
	if err != nil {
		return fmt.Errorf("Feed from %d: %w", from, err)
	}
	if len(got) != len(f) {
		return fmt.Errorf("Feed from %d: got %d events, want %d", from, len(got), len(f))
	}
	before := max(from, 1) - 1
	for i := range f {
		if got[i].Position <= before {
			return fmt.Errorf("Feed from %d: got the position %d after the position %d", from, got[i].Position, before)
		}
		before, f[i].Position = got[i].Position, got[i].Position
	}
	return same(fmt.Sprintf("Feed from %d", from), []orchestrator.FeedEvent(f), got)
}

// writeFed has jobs of three nodes written in turns, some of them to their ends, and returns their
// events with their positions.
func writeFed(ctx context.Context, s feeder, jobs, rounds int) (fed, []*worker, error) {
	var all fed
	workers := make([]*worker, jobs)
	for i := range workers {
		var err error
		if workers[i], err = heldJob(ctx, s, 3); err != nil {
			return nil, nil, err
		}
	}
	for round := range rounds {
		for i, w := range workers {
			b := w.batch([]orchestrator.Node{busyNode(0), runningNode(1), busyNode(2)}[:(i+round)%4%3]...)
			if i%2 == 1 && round == rounds-1 {
				b = w.ending(orchestrator.JobFinished)
			}
			if err := w.commit(ctx, b); err != nil {
				return nil, nil, err
			}
			all.add(w.job.ID, b)
		}
	}
	return all, workers, all.read(ctx, s, 0)
}

func checkFeedOrder(ctx context.Context, s feeder) error {
	_, _, err := writeFed(ctx, s, 5, 20)
	return err
}

// checkFeedFrom reads the feed from all positions, and from such as there are not.
func checkFeedFrom(ctx context.Context, s feeder) error {
	if err := (fed{}).read(ctx, s, 0); err != nil {
		return err
	}
	all, _, err := writeFed(ctx, s, 4, 12)
	if err != nil {
		return err
	}
	for i, e := range all {
		if err := all[i:].read(ctx, s, e.Position); err != nil {
			return err
		}
		if err := all[i+1:].read(ctx, s, e.Position+1); err != nil {
			return err
		}
	}
	for _, from := range []orchestrator.Position{math.MinInt64, -1, 0, 1} {
		if err := all.read(ctx, s, from); err != nil {
			return err
		}
	}
	return (fed{}).read(ctx, s, math.MaxInt64)
}

// checkFeedLarge has many events, and as many in a batch as there may be.
func checkFeedLarge(ctx context.Context, s feeder) error {
	const nodes = 3 * orchestrator.MaxBatchEvents
	h, err := endedJob(ctx, s, nodes)
	if err != nil {
		return err
	}
	var all fed
	all.add(h.Job.ID, orchestrator.Batch{Events: h.Events})
	if err := all.read(ctx, s, 1); err != nil {
		return err
	}
	for _, i := range []int{1, 255, 256, 1023, 1024, 1025, nodes - 1, nodes} {
		if err := all[i:].read(ctx, s, all[i].Position); err != nil {
			return err
		}
	}
	return nil
}

// checkFeedEnd compares the end of the feed with the feed itself while it grows.
func checkFeedEnd(ctx context.Context, s feeder) error {
	ends := func(what string) (orchestrator.Position, error) {
		end, err := s.FeedEnd(ctx)
		if err != nil {
			return 0, fmt.Errorf("FeedEnd: %w", err)
		}
		all, err := collect(s.Feed(ctx, 1))
		if err != nil {
			return 0, fmt.Errorf("Feed: %w", err)
		}
		if len(all) == 0 && end != 0 || len(all) > 0 && end != all[len(all)-1].Position {
			return 0, fmt.Errorf("FeedEnd %s: got %d, want the last position of the %d that Feed yields", what, end, len(all))
		}
		return end, nil
	}
	if _, err := ends("of an empty store"); err != nil {
		return err
	}
	w, err := heldJob(ctx, s, 3)
	if err != nil {
		return err
	}
	for _, nodes := range [][]orchestrator.Node{{}, {runningNode(0)}, {}, {fullNode(0), runningNode(1)}, {fullNode(1), fullNode(2)}} {
		before, err := ends("before a commit")
		if err != nil {
			return err
		}
		if err := w.commit(ctx, w.batch(nodes...)); err != nil {
			return err
		}
		after, err := ends("after a commit")
		if err != nil {
			return err
		}
		if (after > before) != (len(nodes) > 0) {
			return fmt.Errorf("FeedEnd: got %d, and %d after a commit of %d events", before, after, len(nodes))
		}
	}
	return nil
}

// checkFeedPolled has several jobs written at once while a reader polls the feed.
func checkFeedPolled(ctx context.Context, s feeder) error {
	const writers, rounds = 8, 40
	jobs := make([]*worker, writers)
	for i := range jobs {
		var err error
		if jobs[i], err = heldJob(ctx, s, 3); err != nil {
			return err
		}
	}
	work := func() error {
		return together(writers, func(i int) error {
			for round := range rounds {
				nodes := []orchestrator.Node{busyNode(0), runningNode(1), busyNode(2)}[:1+(i+round)%3]
				if err := jobs[i].commit(ctx, jobs[i].batch(nodes...)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var last orchestrator.Position
	seen := map[orchestrator.JobID]orchestrator.EventID{}
	observe := func() error {
		for e, err := range s.Feed(ctx, last+1) {
			if err != nil {
				return fmt.Errorf("Feed: %w", err)
			}
			if e.Position <= last || e.ID != seen[e.Job]+1 {
				return fmt.Errorf("Feed: got the event %d of the job %d at the position %d, want the event %d behind the position %d", e.ID, e.Job, e.Position, seen[e.Job]+1, last)
			}
			last, seen[e.Job] = e.Position, e.ID
		}
		return nil
	}
	if err := meanwhile(work, observe); err != nil {
		return err
	}
	for _, w := range jobs {
		if seen[w.job.ID] != w.job.LastEvent {
			return fmt.Errorf("Feed: got %d events of the job %d, which has %d", seen[w.job.ID], w.job.ID, w.job.LastEvent)
		}
	}
	return nil
}

// checkFeedRemoved removes jobs, the last time in the loop body of the feed.
func checkFeedRemoved(ctx context.Context, s feeder) error {
	p, ok := s.(pruner)
	if !ok {
		return nil
	}
	all, workers, err := writeFed(ctx, s, 6, 10)
	if err != nil {
		return err
	}
	if n, err := pruneAll(ctx, p, never()); err != nil || n != 3 {
		return fmt.Errorf("PruneJobs: removed %d jobs with the error %v, want 3", n, err)
	}
	left := all.without(workers[1].job.ID).without(workers[3].job.ID).without(workers[5].job.ID)
	if err := left.kept(ctx, s, all); err != nil {
		return err
	}
	b := workers[2].ending(orchestrator.JobFailed)
	if err := workers[2].commit(ctx, b); err != nil {
		return err
	}
	left = left.without(workers[2].job.ID)
	var got fed
	for e, err := range s.Feed(ctx, 1) {
		if err != nil {
			return fmt.Errorf("Feed of jobs that its loop body has removed: %w", err)
		}
		if got = append(got, e); len(got) > 1 {
			continue
		}
		if n, err := pruneAll(ctx, p, never()); err != nil || n != 1 {
			return fmt.Errorf("PruneJobs in the loop body of Feed: removed %d jobs with the error %v, want 1", n, err)
		}
	}
	if err := same("Feed of jobs that its loop body has removed", left, got.without(workers[2].job.ID)); err != nil {
		return err
	}
	return left.kept(ctx, s, all)
}

// kept returns an error unless the feed is what is left of all events, at their old positions,
// wherever it is read from.
func (f fed) kept(ctx context.Context, s orchestrator.Feeder, all fed) error {
	for _, e := range all {
		for len(f) > 0 && f[0].Position < e.Position {
			f = f[1:]
		}
		got, err := collect(s.Feed(ctx, e.Position))
		if err != nil {
			return fmt.Errorf("Feed: %w", err)
		}
		if err := same(fmt.Sprintf("Feed from %d after jobs were removed", e.Position), []orchestrator.FeedEvent(f), got); err != nil {
			return err
		}
	}
	return nil
}

// checkPositionRemoved removes all jobs and goes on with others.
func checkPositionRemoved(ctx context.Context, s feeder) error {
	p, ok := s.(pruner)
	if !ok {
		return nil
	}
	var last orchestrator.Position
	for range 4 {
		if _, err := endedJob(ctx, s, 2); err != nil {
			return err
		}
		for e, err := range s.Feed(ctx, 1) {
			if err != nil {
				return fmt.Errorf("Feed: %w", err)
			}
			if e.Position <= last {
				return fmt.Errorf("Feed: got the position %d after the position %d was given", e.Position, last)
			}
			last = e.Position
		}
		if n, err := pruneAll(ctx, p, never()); err != nil || n != 1 {
			return fmt.Errorf("PruneJobs: removed %d jobs with the error %v, want 1", n, err)
		}
	}
	return nil
}

// heldJob creates a job and claims it by an instance of its own.
func heldJob(ctx context.Context, s orchestrator.Store, nodes int) (*worker, error) {
	if _, err := create(ctx, s, nodes); err != nil {
		return nil, err
	}
	return claim(ctx, s, uuid.New(), long)
}
