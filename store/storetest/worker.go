package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// worker is an instance that holds the lease of a job and writes the job. It must not be used
// from several goroutines at once.
type worker struct {
	store orchestrator.Store
	lease orchestrator.Lease
	job   orchestrator.Job // as of the worker's last commit

	states map[int]orchestrator.NodeState // of the nodes that are not new
}

// claim makes the instance a worker on a job.
func claim(ctx context.Context, s orchestrator.Store, by uuid.UUID, ttl time.Duration) (*worker, error) {
	lease, job, err := s.Claim(ctx, by, ttl)
	if err != nil {
		return nil, fmt.Errorf("Claim: %w", err)
	}
	w := &worker{store: s, lease: lease, job: job, states: map[int]orchestrator.NodeState{}}
	if job.Counts.New == job.NodeCount {
		return w, nil
	}
	for n, err := range s.Nodes(ctx, job.ID, orchestrator.NodeQuery{}) {
		if err != nil {
			return nil, fmt.Errorf("Nodes: %w", err)
		}
		w.states[n.Index] = n.State
	}
	return w, nil
}

// claimJob is claim for a certain job, which must be the one that is to be given.
func claimJob(ctx context.Context, s orchestrator.Store, by uuid.UUID, ttl time.Duration, id orchestrator.JobID) (*worker, error) {
	w, err := claim(ctx, s, by, ttl)
	if err != nil {
		return nil, fmt.Errorf("job %d: %w", id, err)
	}
	if w.job.ID != id || w.lease.Job != id {
		return nil, fmt.Errorf("Claim: got a lease on the job %d with the job %d, want %d", w.lease.Job, w.job.ID, id)
	}
	return w, nil
}

// claimSoon is claimJob for a job whose lease is about to expire.
func claimSoon(ctx context.Context, s orchestrator.Store, by uuid.UUID, id orchestrator.JobID) (*worker, error) {
	var w *worker
	err := eventually(ctx, "the end of a lease", func() (bool, error) {
		var err error
		w, err = claimJob(ctx, s, by, long, id)
		if errors.Is(err, orchestrator.ErrNotFound) {
			return false, nil
		}
		return true, err
	})
	return w, err
}

// nothingToClaim returns an error if there is a job that the instance can claim.
func nothingToClaim(ctx context.Context, s orchestrator.Store, by uuid.UUID) error {
	lease, _, err := s.Claim(ctx, by, long)
	if err == nil {
		return fmt.Errorf("Claim: got the job %d, want none", lease.Job)
	}
	return wantError("Claim", err, orchestrator.ErrNotFound)
}

// openHeld opens a store with a job of n nodes that alice holds.
func openHeld(ctx context.Context, open Opener, n int) (orchestrator.Store, *worker, error) {
	s, job, err := openWith(ctx, open, n)
	if err != nil {
		return nil, nil, err
	}
	w, err := claimJob(ctx, s, alice, long, job.ID)
	return s, w, err
}

// batch returns a batch that leaves the nodes as given, except that each gets its event.
func (w *worker) batch(nodes ...orchestrator.Node) orchestrator.Batch {
	b := orchestrator.Batch{Progress: w.job.Progress.Clone()}
	if b.Progress.State != orchestrator.JobRunning {
		b.Progress.State = orchestrator.JobRunning
		b.Progress.Status = append(b.Progress.Status, orchestrator.StateChange{State: orchestrator.JobRunning, At: at(10)})
	}
	states := map[int]orchestrator.NodeState{}
	for _, n := range nodes {
		was := cmp.Or(states[n.Index], w.states[n.Index], orchestrator.NodeNew)
		*countOf(&b.Progress.Counts, was)--
		*countOf(&b.Progress.Counts, n.State)++
		states[n.Index] = n.State
		b.Progress.LastEvent++
		id := b.Progress.LastEvent
		n.LatestEvent, n.Updated = id, at(int(id))
		b.Events = append(b.Events, orchestrator.Event{ID: id, Type: eventType(n.State), Time: at(int(id)), Node: n})
	}
	return b
}

// countOf returns the count of the nodes in a state.
func countOf(c *orchestrator.NodeCounts, state orchestrator.NodeState) *int {
	switch state {
	case orchestrator.NodeRunning:
		return &c.Running
	case orchestrator.NodeFinished:
		return &c.Finished
	case orchestrator.NodeFailed:
		return &c.Failed
	case orchestrator.NodeErrored:
		return &c.Errored
	case orchestrator.NodeSkipped:
		return &c.Skipped
	default:
		return &c.New
	}
}

// ending returns a batch that brings the job into a terminal state.
func (w *worker) ending(state orchestrator.JobState) orchestrator.Batch {
	b := orchestrator.Batch{Progress: w.job.Progress.Clone()}
	b.Progress.LastEvent++
	b.Progress.State = state
	when := at(int(b.Progress.LastEvent))
	b.Progress.Status = append(b.Progress.Status, orchestrator.StateChange{State: state, At: when})
	b.Events = []orchestrator.Event{{
		ID: b.Progress.LastEvent, Type: orchestrator.EventJobFinished, Time: when, JobState: state,
	}}
	return b
}

// commit commits a batch and, if that works, goes on from there.
func (w *worker) commit(ctx context.Context, b orchestrator.Batch) error {
	if err := w.store.Commit(ctx, w.lease, b); err != nil {
		return fmt.Errorf("Commit: %w", err)
	}
	w.job.Progress = b.Progress.Clone()
	for i := range b.Events {
		if n := &b.Events[i].Node; n.Name != "" && w.states != nil {
			w.states[n.Index] = n.State
		}
	}
	return nil
}

// run commits that the node with the index is running.
func (w *worker) run(ctx context.Context, index int) error {
	return w.commit(ctx, w.batch(runningNode(index)))
}

// end commits that the job has come into a terminal state.
func (w *worker) end(ctx context.Context, state orchestrator.JobState) error {
	return w.commit(ctx, w.ending(state))
}

// refused returns an error unless a commit of the batch gives the error target and changes
// nothing.
func (w *worker) refused(ctx context.Context, what string, b orchestrator.Batch, target error) error {
	was, err := readHistory(ctx, w.store, w.job.ID)
	if err != nil {
		return err
	}
	if err := wantError("Commit "+what, w.store.Commit(ctx, w.lease, b), target); err != nil {
		return err
	}
	if err := unchanged(ctx, w.store, was); err != nil {
		return fmt.Errorf("Commit %s: %w", what, err)
	}
	return nil
}

// lost returns an error unless the worker's lease is lost.
func (w *worker) lost(ctx context.Context, what string) error {
	return w.refused(ctx, what, w.batch(runningNode(0)), orchestrator.ErrLeaseLost)
}

func runningNode(index int) orchestrator.Node {
	return orchestrator.Node{Index: index, Name: nodeName(index), State: orchestrator.NodeRunning, Started: at(index)}
}

func eventType(state orchestrator.NodeState) orchestrator.EventType {
	switch state {
	case orchestrator.NodeRunning:
		return orchestrator.EventNodeRunning
	case orchestrator.NodeFinished:
		return orchestrator.EventNodeFinished
	case orchestrator.NodeFailed:
		return orchestrator.EventNodeFailed
	case orchestrator.NodeErrored:
		return orchestrator.EventNodeErrored
	default:
		return orchestrator.EventNodeSkipped
	}
}
