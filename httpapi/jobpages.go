package httpapi

import (
	"context"
	"errors"
	"iter"

	"github.com/seed-54b7607b/orchestrator"
)

// pageSize is how many jobs are in memory at once while a list of any length is written.
const pageSize = 200

// jobPages reads a list of jobs page by page.
type jobPages struct {
	o     *orchestrator.Orchestrator
	list  jobList
	total int // of all jobs, as of the first page
}

// all yields the jobs of the list, and sets total before the first. Jobs that are created while it
// is read do not make it longer.
func (p *jobPages) all(ctx context.Context) iter.Seq2[orchestrator.Job, error] {
	return func(yield func(orchestrator.Job, error) bool) {
		q := p.list.query()
		page, err := p.o.Jobs(ctx, q)
		p.total = page.Total
		left := p.list.length(page.Total)
		for place := q.Offset; err == nil; {
			jobs := page.Jobs[:min(len(page.Jobs), left)]
			for i := range jobs {
				if !yield(jobs[i], nil) {
					return
				}
			}
			place += len(jobs)
			left -= len(jobs)
			if left == 0 || len(jobs) == 0 {
				return
			}
			page, err = p.next(ctx, q, &jobs[len(jobs)-1], place)
		}
		yield(orchestrator.Job{}, err)
	}
}

// next returns the page behind the job that was the last so far. While that page was read, the
// job may have moved, because its state changed in a list ordered by it, or may have been removed;
// then the page begins somewhere else. In that case it is read again by its place in the list.
func (p *jobPages) next(ctx context.Context, q orchestrator.JobQuery, last *orchestrator.Job, place int) (orchestrator.JobPage, error) {
	q.Offset, q.After = 0, last.ID
	page, err := p.o.Jobs(ctx, q)
	if q.OrderBy == orchestrator.OrderByID || err != nil && !errors.Is(err, orchestrator.ErrNotFound) {
		return page, err
	}
	if err == nil {
		now, err := p.o.Job(ctx, last.ID)
		if err == nil && now.State == last.State && now.Updated().Equal(last.Updated()) {
			return page, nil
		}
	}
	q.Offset, q.After = place, 0
	return p.o.Jobs(ctx, q)
}

// maxOffset is beyond every job, and leaves room to add to it.
const maxOffset = 1 << 30

// query returns what asks for the first page of the list. A job's name is its id in decimal, and is
// ordered as the number that it is.
func (l *jobList) query() orchestrator.JobQuery {
	q := orchestrator.JobQuery{
		OrderBy:    orchestrator.JobOrder(l.orderBy),
		Descending: l.order == "desc",
		Offset:     min(l.offset, maxOffset),
		Limit:      pageSize,
	}
	if l.orderBy == "name" {
		q.OrderBy = orchestrator.OrderByID
	}
	if l.limit != nil {
		q.Limit = max(1, min(*l.limit, pageSize)) // 0 would mean all
	}
	return q
}

// length returns how many jobs the list has when there are so many in all.
func (l *jobList) length(total int) int {
	n := max(total-min(l.offset, maxOffset), 0)
	if l.limit != nil {
		n = min(n, *l.limit)
	}
	return n
}
