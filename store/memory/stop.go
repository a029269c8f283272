package memory

import (
	"context"

	"github.com/seed-54b7607b/orchestrator"
)

// RequestStop asks for a job to be stopped and returns the job.
func (s *Store) RequestStop(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
	if err := s.enter(ctx); err != nil {
		return orchestrator.Job{}, err
	}
	defer s.leave()

	mode := orchestrator.StopSoft
	if force {
		mode = orchestrator.StopForce
	}
	job, err := s.requestStop(id, mode)
	if err != nil {
		return orchestrator.Job{}, err
	}
	return job.Clone(), nil
}

func (s *Store) requestStop(id orchestrator.JobID, mode orchestrator.StopMode) (*orchestrator.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, err := s.find(id)
	if err != nil {
		return nil, err
	}
	if !rec.job.State.Terminal() {
		rec.change(func(job *orchestrator.Job) { job.Stop = job.Stop.Stronger(mode) })
		s.stopping.add(id)
	}
	return rec.job, nil
}
