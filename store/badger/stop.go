package badger

import (
	"context"

	"github.com/seed-54b7607b/orchestrator"
)

// RequestStop asks for a job to be stopped and returns the job.
func (s *Store) RequestStop(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
	if err := s.state.begin(ctx); err != nil {
		return orchestrator.Job{}, err
	}
	defer s.state.end()

	r := &stopRequest{id: id, mode: orchestrator.StopSoft}
	if force {
		r.mode = orchestrator.StopForce
	}
	if err := s.writer.do(ctx, r); err != nil {
		return orchestrator.Job{}, err
	}
	return s.job(id)
}

// stopRequest is the op that notes that a job was asked to stop. On a job that has ended it does
// nothing, whether it was removed or not.
type stopRequest struct {
	id      orchestrator.JobID
	mode    orchestrator.StopMode
	changes bool
	after   liveView // the job, once it is staged and if it changes
}

func (r *stopRequest) stage(g *group) error {
	if r.id > g.counters.job {
		return orchestrator.ErrNotFound // also if it is created before this is answered
	}
	v, ok := g.job(r.id)
	if !ok || v.stop.Stronger(r.mode) == v.stop {
		return nil
	}
	v.stop = v.stop.Stronger(r.mode)
	rows, err := liveRows(r.id, &v)
	if err != nil {
		return err
	}
	if err := g.put(rows); err != nil {
		return err
	}
	r.changes, r.after, g.jobs[r.id] = true, v, &r.after
	return nil
}

func (r *stopRequest) apply(st *state) error {
	if r.changes {
		st.set(st.jobs[r.id], r.after)
	}
	return nil
}
