package memory

import (
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// matches reports whether a job passes the filters of the query, except the one for a node.
func matches(job *orchestrator.Job, q *orchestrator.JobQuery) bool {
	return (q.Command == "" || job.Command == q.Command) &&
		(q.Task == "" || job.Command == orchestrator.CommandTask && strings.Contains(job.Task.Name, q.Task)) &&
		(q.State == "" || job.State == q.State) &&
		finishedWithin(job, q)
}

func finishedWithin(job *orchestrator.Job, q *orchestrator.JobQuery) bool {
	if q.FinishedFrom.IsZero() && q.FinishedTo.IsZero() {
		return true
	}
	finished := job.Finished()
	return job.State.Terminal() && !finished.Before(q.FinishedFrom) &&
		(q.FinishedTo.IsZero() || !finished.After(q.FinishedTo))
}

// filters reports whether the query asks for less than all jobs.
func filters(q *orchestrator.JobQuery) bool {
	return q.Command != "" || q.Task != "" || q.State != "" || q.Node != "" || !q.FinishedFrom.IsZero() || !q.FinishedTo.IsZero()
}

// matching returns the jobs that pass the filters of the query, ordered by ID. The caller holds
// s.mu.
func (s *Store) matching(q *orchestrator.JobQuery) []*orchestrator.Job {
	var jobs []*orchestrator.Job
	if q.Node != "" {
		of := s.nodes[q.Node]
		if of == nil {
			return nil
		}
		for _, id := range *of {
			if job := s.the(id).job; matches(job, q) {
				jobs = append(jobs, job)
			}
		}
		return jobs
	}
	for _, rec := range s.records {
		if matches(rec.job, q) {
			jobs = append(jobs, rec.job)
		}
	}
	return jobs
}
