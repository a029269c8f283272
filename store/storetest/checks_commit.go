package storetest

import (
	"context"
	"fmt"
	"math"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	commitRule     = "Commit makes the batch's progress that of the lease's job, sets the nodes of the batch's events to what the events hold, and appends the events; all of it, or nothing."
	survivesRule   = "It returns once all of it survives a crash and a power cut; a store that cannot keep this says so."
	leaseLostRule  = "It returns [ErrLeaseLost], and changes nothing, if the lease is not valid."
	neverAskedRule = "It never changes what the job was asked, Stop included."
	terminalRule   = "A progress in a terminal state ends the lease."
)

func commitChecks() []Check {
	return []Check{
		{Name: "Commit/all", Rule: commitRule, Run: checkCommitAll},
		{Name: "Commit/node-twice", Rule: commitRule, Run: checkCommitTwice},
		{Name: "Commit/no-events", Rule: commitRule, Run: checkCommitNoEvents},
		{Name: "Commit/other-jobs", Rule: commitRule, Run: checkCommitOthers},
		{Name: "Commit/seen-together", Rule: commitRule, Run: checkCommitTogether},
		{Name: "Commit/seen-at-once", Rule: survivesRule, Run: checkCommitSeen},
		{Name: "Commit/lease-lost", Rule: leaseLostRule, Run: checkCommitLeaseLost},
		{Name: "Commit/asked", Rule: neverAskedRule, Run: checkCommitAsked},
		{Name: "Commit/terminal", Rule: terminalRule, Run: checkCommitTerminal},
	}
}

// commits hands the batches to Commit one after the other and compares the whole job each time.
func commits(ctx context.Context, w *worker, nodes int, batches ...func() orchestrator.Batch) error {
	want := newHistory(w.job, nodeNames(nodes))
	for _, batch := range batches {
		b := batch()
		if err := w.commit(ctx, b); err != nil {
			return err
		}
		want.apply(b)
		if err := unchanged(ctx, w.store, want); err != nil {
			return fmt.Errorf("after a commit: %w", err)
		}
	}
	return nil
}

func checkCommitAll(ctx context.Context, open Opener) error {
	_, w, err := openHeld(ctx, open, 4)
	if err != nil {
		return err
	}
	state := func(i int, state orchestrator.NodeState) orchestrator.Node {
		n := fullNode(i)
		n.State = state
		return n
	}
	return commits(ctx, w, 4,
		func() orchestrator.Batch { return w.batch(runningNode(2)) },
		func() orchestrator.Batch { return w.batch(busyNode(0), runningNode(3)) },
		func() orchestrator.Batch { return w.batch(runningNode(0)) }, // a node loses what it had
		func() orchestrator.Batch {
			return w.batch(state(0, orchestrator.NodeFinished), state(3, orchestrator.NodeFailed), state(2, orchestrator.NodeErrored))
		},
		func() orchestrator.Batch {
			return w.batch(orchestrator.Node{Index: 1, Name: nodeName(1), State: orchestrator.NodeSkipped, Message: "stopped"})
		},
		func() orchestrator.Batch { return w.ending(orchestrator.JobFailed) },
	)
}

func checkCommitTwice(ctx context.Context, open Opener) error {
	_, w, err := openHeld(ctx, open, 2)
	if err != nil {
		return err
	}
	return commits(ctx, w, 2,
		func() orchestrator.Batch { return w.batch(runningNode(1), fullNode(1), busyNode(0)) },
		func() orchestrator.Batch { return w.batch(busyNode(0), runningNode(0), fullNode(0)) },
	)
}

func checkCommitNoEvents(ctx context.Context, open Opener) error {
	_, w, err := openHeld(ctx, open, 2)
	if err != nil {
		return err
	}
	return commits(ctx, w, 2,
		func() orchestrator.Batch { return w.batch() },
		func() orchestrator.Batch { return w.batch(runningNode(0)) },
		func() orchestrator.Batch {
			b := w.batch()
			b.Progress.State = orchestrator.JobStopping
			b.Progress.Status = append(b.Progress.Status, orchestrator.StateChange{State: orchestrator.JobStopping, At: at(50)})
			return b
		},
	)
}

// checkCommitOthers makes sure that a commit leaves other jobs alone.
func checkCommitOthers(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 2)
	if err != nil {
		return err
	}
	other, err := s.CreateJob(ctx, fullJob(), nodeNames(2))
	if err != nil {
		return err
	}
	was := newHistory(other, nodeNames(2))
	if err := w.run(ctx, 1); err != nil {
		return err
	}
	if err := w.end(ctx, orchestrator.JobFinished); err != nil {
		return err
	}
	return unchanged(ctx, s, was)
}

// checkCommitTogether watches a job being written: whoever has seen one part of a commit then
// sees all of it.
func checkCommitTogether(ctx context.Context, open Opener) error {
	const nodes, rounds = 40, 20
	s, w, err := openHeld(ctx, open, nodes)
	if err != nil {
		return err
	}
	id := w.job.ID
	all := make([]orchestrator.Node, nodes)
	for i := range all {
		all[i] = runningNode(i)
	}
	work := func() error {
		for range rounds {
			if err := w.commit(ctx, w.batch(all...)); err != nil {
				return err
			}
		}
		return nil
	}
	observe := func() error {
		before, err := s.Job(ctx, id)
		if err != nil {
			return err
		}
		got, err := readNodes(ctx, s, id)
		if err != nil {
			return err
		}
		events, err := readEvents(ctx, s, id)
		if err != nil {
			return err
		}
		after, err := s.Job(ctx, id)
		if err != nil {
			return err
		}
		return inStep(before, got, events, after)
	}
	return meanwhile(work, observe)
}

// inStep returns an error if what was read one after the other does not have all of the commits
// that what was read before has. Each commit has an event of every node.
func inStep(before orchestrator.Job, nodes []orchestrator.Node, events []orchestrator.Event, after orchestrator.Job) error {
	if before.LastEvent%orchestrator.EventID(len(nodes)) != 0 {
		return fmt.Errorf("Job: got the last event %d of the middle of a commit", before.LastEvent)
	}
	newest := before.LastEvent
	for i, n := range nodes {
		if least := before.LastEvent - orchestrator.EventID(len(nodes)-1-i); before.LastEvent > 0 && n.LatestEvent < least {
			return fmt.Errorf("Nodes: got the node %d as of its event %d after a job with the event %d", i, n.LatestEvent, least)
		}
		newest = max(newest, n.LatestEvent)
	}
	if len(events) < int(newest) {
		return fmt.Errorf("Events: got %d events after a node or a job with the event %d", len(events), newest)
	}
	if int(after.LastEvent) < len(events) {
		return fmt.Errorf("Job: got the last event %d after %d events", after.LastEvent, len(events))
	}
	return nil
}

// checkCommitSeen makes sure that nothing of a commit is yet to come when it returns. That it
// survives more than that is checked by RunDurable.
func checkCommitSeen(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 2)
	if err != nil {
		return err
	}
	for range 50 {
		if err := w.run(ctx, 1); err != nil {
			return err
		}
		last, err := collect(s.Events(ctx, w.job.ID, w.job.LastEvent))
		if err != nil || len(last) != 1 {
			return fmt.Errorf("Events: got %d events and the error %v, want the last one", len(last), err)
		}
		node, err := collect(s.Nodes(ctx, w.job.ID, orchestrator.NodeQuery{From: 1}))
		if err != nil || len(node) != 1 {
			return fmt.Errorf("Nodes: got %d nodes and the error %v, want the last one", len(node), err)
		}
		if err := same("node", last[0].Node, node[0]); err != nil {
			return err
		}
		listed, err := onlyJob(s.Jobs(ctx, orchestrator.JobQuery{}))
		if err != nil {
			return err
		}
		if err := same("job", w.job, listed); err != nil {
			return err
		}
	}
	return nil
}

func checkCommitLeaseLost(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 2)
	if err != nil {
		return err
	}
	free, err := create(ctx, s, 2)
	if err != nil {
		return err
	}
	wasHeld, wasFree := newHistory(w.job, nodeNames(2)), newHistory(free, nodeNames(2))
	for what, wrong := range wrongLeases(w.lease, free.ID) {
		for _, b := range []orchestrator.Batch{w.batch(runningNode(0)), w.ending(orchestrator.JobFinished)} {
			if err := wantError("Commit "+what, s.Commit(ctx, wrong, b), orchestrator.ErrLeaseLost); err != nil {
				return err
			}
		}
		for _, was := range []history{wasHeld, wasFree} {
			if err := unchanged(ctx, s, was); err != nil {
				return fmt.Errorf("after a commit %s: %w", what, err)
			}
		}
	}
	return w.run(ctx, 0)
}

// wrongLeases returns leases that are not valid, made from one that is.
func wrongLeases(valid orchestrator.Lease, free orchestrator.JobID) map[string]orchestrator.Lease {
	with := func(job orchestrator.JobID, fence uint64) orchestrator.Lease {
		lease := valid
		lease.Job, lease.Fence = job, fence
		return lease
	}
	return map[string]orchestrator.Lease{
		"under no lease":                   {},
		"under a fence that is to come":    with(valid.Job, valid.Fence+1),
		"under a fence that is past":       with(valid.Job, valid.Fence-1),
		"under the greatest of all fences": with(valid.Job, math.MaxUint64),
		"to a job that nobody holds":       with(free, valid.Fence),
		"to a job that there is not":       with(unknown, valid.Fence),
		"to a job that there cannot be":    with(-1, valid.Fence),
	}
}

func checkCommitAsked(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	want, err := s.CreateJob(ctx, fullJob(), nodeNames(2))
	if err != nil {
		return err
	}
	w, err := claimJob(ctx, s, alice, long, want.ID)
	if err != nil {
		return err
	}
	step := func(b orchestrator.Batch) error {
		if err := w.commit(ctx, b); err != nil {
			return err
		}
		want.Progress = w.job.Progress
		job, err := s.Job(ctx, want.ID)
		if err != nil {
			return err
		}
		return same("job after a commit", want, job)
	}
	if err := step(w.batch(runningNode(0))); err != nil {
		return err
	}
	for _, force := range []bool{false, true} {
		asked, err := s.RequestStop(ctx, want.ID, force)
		if err != nil {
			return err
		}
		want.Stop = asked.Stop
		if err := step(w.batch(runningNode(1))); err != nil {
			return err
		}
	}
	return step(w.ending(orchestrator.JobStopped))
}

func checkCommitTerminal(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	for _, state := range []orchestrator.JobState{orchestrator.JobFinished, orchestrator.JobFailed, orchestrator.JobStopped} {
		job, err := create(ctx, s, 2)
		if err != nil {
			return err
		}
		w, err := claimJob(ctx, s, alice, long, job.ID)
		if err != nil {
			return err
		}
		if err := w.run(ctx, 0); err != nil {
			return err
		}
		if err := w.end(ctx, state); err != nil {
			return err
		}
		if err := w.lost(ctx, "to a job that is "+string(state)); err != nil {
			return err
		}
		if err := renewed(ctx, s, alice); err != nil {
			return fmt.Errorf("after the only job became %s: %w", state, err)
		}
		if err := w.lost(ctx, "to a job that is "+string(state)); err != nil {
			return err
		}
	}
	return nil
}
