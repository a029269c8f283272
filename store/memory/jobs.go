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

func (s *Store) current(id orchestrator.JobID) (*orchestrator.Job, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	rec, err := s.find(id)
	if err != nil {
		return nil, err
	}
	return rec.job, nil
}

// Jobs returns a page of all jobs. A page of the order by ID costs as much as the page is
// long; one of another order sorts all jobs.
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
	const negative = "must not be negative"
	switch {
	case q.Offset < 0:
		return &orchestrator.InvalidError{Field: "Offset", Value: q.Offset, Reason: negative}
	case q.Limit < 0:
		return &orchestrator.InvalidError{Field: "Limit", Value: q.Limit, Reason: negative}
	case q.OrderBy != orchestrator.OrderByID && comparison(q.OrderBy) == nil:
		return &orchestrator.InvalidError{Field: "OrderBy", Value: string(q.OrderBy), Reason: "must be an order of jobs"}
	default:
		return nil
	}
}

// page returns the jobs that a valid query asks for, and how many jobs there are.
func (s *Store) page(q orchestrator.JobQuery) (jobs []*orchestrator.Job, total int, err error) {
	if q.OrderBy == orchestrator.OrderByID {
		jobs, total = s.pageByID(q)
		return jobs, total, nil
	}
	jobs = s.all()
	total = len(jobs)
	compare := comparison(q.OrderBy)
	if q.Descending {
		ascending := compare
		compare = func(a, b *orchestrator.Job) int { return ascending(b, a) }
	}
	// The job to start behind has to be found before the order by ID is lost.
	var after *orchestrator.Job
	if q.After != 0 {
		if q.After < 1 || int64(q.After) > int64(total) {
			return nil, 0, orchestrator.ErrNotFound
		}
		after = jobs[q.After-1]
	}
	slices.SortFunc(jobs, compare)
	if after != nil {
		i, _ := slices.BinarySearchFunc(jobs, after, compare)
		jobs = jobs[i+1:]
	}
	from, to := window(len(jobs), q)
	return jobs[from:to], total, nil
}

func (s *Store) pageByID(q orchestrator.JobQuery) (jobs []*orchestrator.Job, total int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	total = len(s.records)
	left := s.records
	after := int(min(max(int64(q.After), 0), int64(total)+1))
	switch {
	case q.Descending && q.After != 0:
		left = left[:max(after-1, 0)]
	case !q.Descending:
		left = left[min(after, total):]
	}
	from, to := window(len(left), q)
	jobs = make([]*orchestrator.Job, 0, to-from)
	for i := from; i < to; i++ {
		place := i
		if q.Descending {
			place = len(left) - 1 - i
		}
		jobs = append(jobs, left[place].job)
	}
	return jobs, total
}

// all returns all jobs, ordered by ID.
func (s *Store) all() []*orchestrator.Job {
	s.mu.RLock()
	defer s.mu.RUnlock()
	jobs := make([]*orchestrator.Job, len(s.records))
	for i, rec := range s.records {
		jobs[i] = rec.job
	}
	return jobs
}

// window returns which of n jobs are left by the query's offset and limit.
func window(n int, q orchestrator.JobQuery) (from, to int) {
	from, to = min(q.Offset, n), n
	if q.Limit != 0 {
		to = from + min(q.Limit, n-from)
	}
	return from, to
}

// comparison returns how an order that is not the one by ID compares jobs, nil if there is no
// such order. No two jobs are equal by it.
func comparison(order orchestrator.JobOrder) func(a, b *orchestrator.Job) int {
	var by func(a, b *orchestrator.Job) int
	switch order {
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
