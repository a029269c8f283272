package httpapi

import (
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/seed-54b7607b/orchestrator"
)

// source is a log that can be watched.
type source interface {
	// past yields the records from a position on that there are.
	past(ctx context.Context, from int64) iter.Seq2[record, error]

	// live yields how far the log has come, and again each time it has, or may have, come further,
	// until it has ended.
	live(ctx context.Context) iter.Seq2[reach, error]

	// dense reports whether every position has a record.
	dense() bool

	// linked reports whether the records hold links.
	linked() bool
}

// reach is how far a log has come.
type reach struct {
	live int64 // everything before this position has happened
	over bool  // there can be no more
}

// jobSource is the log of one job: the positions are the ids of its events.
type jobSource struct {
	o   *orchestrator.Orchestrator
	job *orchestrator.Job
}

func (s *jobSource) dense() bool  { return true }
func (s *jobSource) linked() bool { return false }

func (s *jobSource) past(ctx context.Context, from int64) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		for event, err := range s.o.Events(ctx, s.job.ID, orchestrator.EventID(from)) {
			if !yield(record{position: int64(event.ID), job: s.job, event: event}, err) {
				return
			}
		}
	}
}

func (s *jobSource) live(ctx context.Context) iter.Seq2[reach, error] {
	return func(yield func(reach, error) bool) {
		for job, err := range s.o.WatchJob(ctx, s.job.ID) {
			if !yield(reach{live: int64(job.LastEvent) + 1, over: job.State.Terminal()}, err) {
				return
			}
		}
	}
}

// feedSource is the log of all jobs.
type feedSource struct {
	o    *orchestrator.Orchestrator
	jobs *jobSpecs
}

func (s *feedSource) dense() bool  { return false }
func (s *feedSource) linked() bool { return true }

// past leaves out the events of jobs that were removed meanwhile.
func (s *feedSource) past(ctx context.Context, from int64) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		for event, err := range s.o.Feed(ctx, orchestrator.Position(from)) {
			r := record{position: int64(event.Position), event: event.Event}
			if err == nil {
				r.job, err = s.jobs.of(ctx, event.Job)
			}
			if errors.Is(err, orchestrator.ErrNotFound) {
				continue
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func (s *feedSource) live(ctx context.Context) iter.Seq2[reach, error] {
	return func(yield func(reach, error) bool) {
		for end, err := range s.o.WatchFeedEnd(ctx) {
			if !yield(reach{live: int64(end) + 1}, err) {
				return
			}
		}
	}
}

// jobSpecs remembers what an event needs to know of its job to be encoded. That never changes.
type jobSpecs struct {
	o *orchestrator.Orchestrator

	mu sync.Mutex
	by map[orchestrator.JobID]*orchestrator.Job
}

// maxSpecs is how many jobs are remembered.
const maxSpecs = 1024

// of returns a job with its ID and what [encoder.event] reads of it.
func (s *jobSpecs) of(ctx context.Context, id orchestrator.JobID) (*orchestrator.Job, error) {
	s.mu.Lock()
	known := s.by[id]
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	job, err := s.o.Job(ctx, id)
	if err != nil {
		return nil, err
	}
	spec := specOf(&job)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil || len(s.by) >= maxSpecs {
		s.by = make(map[orchestrator.JobID]*orchestrator.Job)
	}
	s.by[id] = spec
	return spec, nil
}

// specOf returns a copy of a job without what events do not need.
func specOf(job *orchestrator.Job) *orchestrator.Job {
	spec := &orchestrator.Job{ID: job.ID}
	spec.Command, spec.Noop, spec.Task.Name = job.Command, job.Noop, job.Task.Name
	return spec
}
