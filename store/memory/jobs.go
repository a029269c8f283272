package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// Job returns a job as of its last commit.
func (s *Store) Job(ctx context.Context, id orchestrator.JobID) (orchestrator.Job, error) {
	if err := s.enter(ctx); err != nil {
		return orchestrator.Job{}, err
	}
	defer s.leave()

	job, err := s.current(id)
	if err != nil {
		return orchestrator.Job{}, err
	}
	return job.Clone(), nil
}

// JobWithKey returns the job that has a key, as of its last commit, or [orchestrator.ErrNotFound].
func (s *Store) JobWithKey(ctx context.Context, key string) (orchestrator.Job, error) {
	if err := s.enter(ctx); err != nil {
		return orchestrator.Job{}, err
	}
	defer s.leave()

	s.mu.RLock()
	defer s.mu.RUnlock()
	rec := s.keys[key]
	if rec == nil {
		return orchestrator.Job{}, orchestrator.ErrNotFound
	}
	return rec.job.Clone(), nil
}

func (s *Store) current(id orchestrator.JobID) (*orchestrator.Job, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	rec, err := s.find(id)
	if err != nil {
		return nil, err
	}
	return rec.job, nil
}

// Jobs returns a page of all jobs. A page of the order by ID, without filters, costs as much as the
// page is long; any other looks at all jobs, or at those of a node.
func (s *Store) Jobs(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
	if err := s.enter(ctx); err != nil {
		return orchestrator.JobPage{}, err
	}
	defer s.leave()

	if err := validate(q); err != nil {
		return orchestrator.JobPage{}, err
	}
	jobs, total, err := s.page(q)
	if err != nil {
		return orchestrator.JobPage{}, err
	}
	page := orchestrator.JobPage{Jobs: make([]orchestrator.Job, len(jobs)), Total: total}
	for i, job := range jobs {
		page.Jobs[i] = job.Clone()
	}
	return page, nil
}

func validate(q orchestrator.JobQuery) error {
	if comparison(q.OrderBy) == nil {
		return &orchestrator.InvalidError{Field: "OrderBy", Value: string(q.OrderBy), Reason: "must be an order of jobs"}
	}
	return validatePart(q.Offset, q.Limit)
}

// validatePart says what is wrong with the part of a list that is asked for.
func validatePart(offset, limit int) error {
	const negative = "must not be negative"
	switch {
	case offset < 0:
		return &orchestrator.InvalidError{Field: "Offset", Value: offset, Reason: negative}
	case limit < 0:
		return &orchestrator.InvalidError{Field: "Limit", Value: limit, Reason: negative}
	default:
		return nil
	}
}

// page returns the jobs that a valid query asks for, and how many jobs pass its filters.
func (s *Store) page(q orchestrator.JobQuery) (jobs []*orchestrator.Job, total int, err error) {
	if q.OrderBy == orchestrator.OrderByID && !filters(&q) {
		jobs, total = s.pageOfAll(q)
		return jobs, total, nil
	}
	jobs, after, err := s.candidates(&q)
	if err != nil {
		return nil, 0, err
	}
	total = len(jobs)
	compare := comparison(q.OrderBy)
	if q.Descending {
		ascending := compare
		compare = func(a, b *orchestrator.Job) int { return ascending(b, a) }
	}
	slices.SortFunc(jobs, compare)
	if after != nil {
		i, found := slices.BinarySearchFunc(jobs, after, compare)
		if found {
			i++
		}
		jobs = jobs[i:]
	}
	from, to := window(len(jobs), q.Offset, q.Limit)
	return jobs[from:to], total, nil
}

// candidates returns the jobs that pass the filters of the query, ordered by ID, and the one to
// start behind, nil if there is none.
func (s *Store) candidates(q *orchestrator.JobQuery) (jobs []*orchestrator.Job, after *orchestrator.Job, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if q.After != 0 {
		rec, err := s.find(q.After)
		switch {
		case err == nil:
			after = rec.job
		case q.OrderBy == orchestrator.OrderByID:
			after = &orchestrator.Job{ID: q.After}
		default:
			return nil, nil, err
		}
	}
	return s.matching(q), after, nil
}

// pageOfAll returns the page of a query without filters in the order by ID.
func (s *Store) pageOfAll(q orchestrator.JobQuery) (jobs []*orchestrator.Job, total int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	left := s.records
	if q.After != 0 {
		i, found := s.place(q.After)
		switch {
		case q.Descending:
			left = left[:i]
		case found:
			left = left[i+1:]
		default:
			left = left[i:]
		}
	}
	from, to := window(len(left), q.Offset, q.Limit)
	jobs = make([]*orchestrator.Job, 0, to-from)
	for i := from; i < to; i++ {
		place := i
		if q.Descending {
			place = len(left) - 1 - i
		}
		jobs = append(jobs, left[place].job)
	}
	return jobs, len(s.records)
}

// window returns which of n values are left by an offset and a limit.
func window(n, offset, limit int) (from, to int) {
	from, to = min(offset, n), n
	if limit != 0 {
		to = from + min(limit, n-from)
	}
	return from, to
}

// comparison returns how an order compares jobs, nil if there is no such order. No two jobs are
// equal by it.
func comparison(order orchestrator.JobOrder) func(a, b *orchestrator.Job) int {
	var by func(a, b *orchestrator.Job) int
	switch order {
	case orchestrator.OrderByID:
		by = func(_, _ *orchestrator.Job) int { return 0 }
	case orchestrator.OrderByOwner:
		by = func(a, b *orchestrator.Job) int { return strings.Compare(a.Owner.Login, b.Owner.Login) }
	case orchestrator.OrderByTimestamp:
		by = func(a, b *orchestrator.Job) int { return a.Updated().Compare(b.Updated()) }
	case orchestrator.OrderByEnvironment:
		by = func(a, b *orchestrator.Job) int { return strings.Compare(a.Environment, b.Environment) }
	case orchestrator.OrderByState:
		by = func(a, b *orchestrator.Job) int { return strings.Compare(string(a.State), string(b.State)) }
	default:
		return nil
	}
	return func(a, b *orchestrator.Job) int { return cmp.Or(by(a, b), cmp.Compare(a.ID, b.ID)) }
}
