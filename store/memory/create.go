package memory

import (
	"context"

	"github.com/seed-54b7607b/orchestrator"
)

// CreateJob stores a new job with its nodes and returns it with its ID.
func (s *Store) CreateJob(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
	if err := s.enter(ctx); err != nil {
		return orchestrator.Job{}, err
	}
	defer s.leave()

	stored := newJob(&job, len(nodes))
	rec := &record{job: stored, nodes: newNodes(nodes)}
	s.add(rec)
	return stored.Clone(), nil
}

// add gives the job its ID and makes it visible.
func (s *Store) add(rec *record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec.job.ID = orchestrator.JobID(len(s.records) + 1)
	s.records = append(s.records, rec)
	if !rec.job.State.Terminal() {
		s.unfinished.add(rec.job.ID)
	}
}

// newJob returns the job as it is stored first, except for its ID.
func newJob(job *orchestrator.Job, nodes int) *orchestrator.Job {
	stored := &orchestrator.Job{
		JobSpec:   storedSpec(&job.JobSpec),
		NodeCount: nodes,
		Progress:  storedProgress(&job.Progress),
	}
	stored.Counts = orchestrator.NodeCounts{New: nodes}
	stored.LastEvent = 0
	return stored
}

func newNodes(names []string) []orchestrator.Node {
	nodes := make([]orchestrator.Node, len(names))
	for i, name := range names {
		nodes[i] = orchestrator.Node{Index: i, Name: name, State: orchestrator.NodeNew}
	}
	return nodes
}
