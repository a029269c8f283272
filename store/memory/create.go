package memory

import (
	"context"

	"github.com/seed-54b7607b/orchestrator"
)

// CreateJob stores a new job with its nodes and returns it with its ID, or, with
// [orchestrator.ErrExists], the job that has its key.
func (s *Store) CreateJob(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
	if err := s.enter(ctx); err != nil {
		return orchestrator.Job{}, err
	}
	defer s.leave()

	stored := newJob(&job, len(nodes))
	stored, err := s.add(&record{job: stored, nodes: newNodes(nodes)})
	return stored.Clone(), err
}

// add gives the job its ID and makes it visible, unless another job has its key.
func (s *Store) add(rec *record) (*orchestrator.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.keys[rec.job.Key]; other != nil {
		return other.job, orchestrator.ErrExists
	}
	s.last++
	rec.job.ID = s.last
	s.records = append(s.records, rec)
	if rec.job.Key != "" {
		s.keys[rec.job.Key] = rec
	}
	for i := range rec.nodes {
		name := rec.nodes[i].Name
		if s.nodes[name] == nil {
			s.nodes[name] = &idList{}
		}
		s.nodes[name].add(rec.job.ID)
	}
	if rec.job.State.Terminal() {
		s.end(rec)
	} else {
		s.unfinished.add(rec.job.ID)
	}
	return rec.job, nil
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
