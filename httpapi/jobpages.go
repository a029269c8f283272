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
	query orchestrator.JobQuery // of the first page; its Limit is the size of all
	total int                   // of all jobs that are asked for, as of the first page
}

// all yields the jobs of the list to its end, and sets total before the first. Jobs that are
// created while it is read do not make it longer.
func (p *jobPages) all(ctx context.Context) iter.Seq2[orchestrator.Job, error] {
	return func(yield func(orchestrator.Job, error) bool) {
		page, err := p.o.Jobs(ctx, p.query)
		p.total = page.Total
		left := max(page.Total-p.query.Offset, 0)
		for place := p.query.Offset; err == nil; {
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
			page, err = p.next(ctx, &jobs[len(jobs)-1], place)
		}
		yield(orchestrator.Job{}, err)
	}
}

// next returns the page behind the job that was the last so far. While that page was read, the
// job may have moved, because its state changed in a list ordered by it, or may have been removed;
// then the page begins somewhere else. In that case it is read again by its place in the list.
func (p *jobPages) next(ctx context.Context, last *orchestrator.Job, place int) (orchestrator.JobPage, error) {
	q := p.query
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
