package memory

import (
	"context"

	"github.com/seed-54b7607b/orchestrator"
)

// Commit writes a batch to the job of a lease. It returns [orchestrator.ErrInvalid] also if an
// event is for a node that the job does not have.
func (s *Store) Commit(ctx context.Context, lease orchestrator.Lease, b orchestrator.Batch) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()

	progress, events := storedProgress(&b.Progress), storedEvents(b.Events)
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, err := s.find(lease.Job)
	if err != nil || !rec.validates(lease) {
		return orchestrator.ErrLeaseLost
	}
	if err := rec.check(&progress, events); err != nil {
		return err
	}
	rec.apply(progress, events)
	s.feed.add(rec, len(events))
	if progress.State.Terminal() {
		s.release(rec)
		s.unfinished.remove(rec.job.ID)
		s.stopping.remove(rec.job.ID)
		s.end(rec)
	}
	return nil
}

// check returns an error if the events cannot follow those of the job.
func (r *record) check(progress *orchestrator.Progress, events []orchestrator.Event) error {
	last := r.job.LastEvent
	for i := range events {
		e := &events[i]
		last++
		if e.ID != last {
			return &orchestrator.InvalidError{Field: "Events.ID", Value: e.ID, Reason: "must number the events on, without gaps"}
		}
		if n := &e.Node; n.Name != "" && !r.has(n) {
			return &orchestrator.InvalidError{Field: "Events.Node", Value: n.Name, Reason: "must be a node of the job, with its index"}
		}
	}
	if progress.LastEvent != last {
		return &orchestrator.InvalidError{Field: "Progress.LastEvent", Value: progress.LastEvent, Reason: "must be the last event"}
	}
	return nil
}

func (r *record) has(n *orchestrator.Node) bool {
	return 0 <= n.Index && n.Index < len(r.nodes) && r.nodes[n.Index].Name == n.Name
}

// apply writes what has been checked. The record keeps the memory of its arguments.
func (r *record) apply(progress orchestrator.Progress, events []orchestrator.Event) {
	r.change(func(job *orchestrator.Job) { job.Progress = progress })
	r.events = append(r.events, events...)
	for i := range events {
		if n := &events[i].Node; n.Name != "" {
			r.nodes[n.Index] = *n
		}
	}
}
