package httpapi

import (
	"context"
	"errors"
	"iter"
	"math"

	"github.com/seed-54b7607b/orchestrator"
)

// jobView is the part of a list of jobs that a client asks for, out of those that it may see.
type jobView struct {
	h    *handler
	c    *call
	list *jobList

	total int                // how many jobs there are that it may see; known once jobs has ended
	next  orchestrator.JobID // the last job of this part, if there are more behind it; known then too
}

// jobs yields the jobs, the same memory for any number of them.
func (v *jobView) jobs(ctx context.Context) iter.Seq2[orchestrator.Job, error] {
	return func(yield func(orchestrator.Job, error) bool) {
		if v.list.kind == planTask {
			return
		}
		all, err := v.h.viewsAll(v.c)
		switch {
		case err != nil:
			yield(orchestrator.Job{}, err)
		case all:
			v.part(ctx, yield)
		default:
			v.visible(ctx, yield)
		}
	}
}

// part yields the jobs for a principal that may see all: the store counts them, and begins where
// they begin. Whether there are more behind the last is seen by reading one more, where a list can
// be gone on with.
func (v *jobView) part(ctx context.Context, yield func(orchestrator.Job, error) bool) {
	left := v.length()
	pages := jobPages{o: v.h.o, query: v.list.query()}
	pages.query.After, pages.query.Offset = v.list.after, v.list.offset
	pages.query.Limit = max(1, min(left, pageSize)) // 0 would mean all
	pages.query.Borrow = true
	if v.list.orderBy == "name" && left < pageSize {
		pages.query.Limit = left + 1
	}
	var last orchestrator.JobID
	for job, err := range pages.all(ctx) {
		v.total = pages.total
		if err == nil && left == 0 {
			v.next = last
			return
		}
		if !yield(job, err) || err != nil {
			return
		}
		last = job.ID
		if left--; left == 0 && v.list.orderBy != "name" {
			return
		}
	}
	v.total = pages.total
}

// visible yields the jobs for a principal that has to be asked about for each of them. It goes
// through the whole list, to count.
func (v *jobView) visible(ctx context.Context, yield func(orchestrator.Job, error) bool) {
	left, skip := v.length(), v.list.offset
	pages := jobPages{o: v.h.o, query: v.list.query()}
	pages.query.Limit = pageSize
	var last orchestrator.JobID
	for job, err := range pages.all(ctx) {
		may := false
		if err == nil {
			may, err = v.h.views(v.c, &job)
		}
		if err != nil {
			yield(job, err)
			return
		}
		if !may {
			continue
		}
		v.total++
		switch {
		case !v.list.beyond(job.ID):
		case skip > 0:
			skip--
		case left > 0:
			if !yield(job, nil) {
				return
			}
			left--
			last = job.ID
		case v.list.orderBy == "name":
			v.next = last
		}
	}
}

// length returns how many jobs are wanted at most.
func (v *jobView) length() int {
	if v.list.limit == nil {
		return math.MaxInt
	}
	return *v.list.limit
}

// beyond reports whether a job comes after the one that the list is to begin behind.
func (l *jobList) beyond(id orchestrator.JobID) bool {
	if l.after == 0 {
		return true
	}
	if l.order == "desc" {
		return id < l.after
	}
	return id > l.after
}

// viewsAll reports whether the principal may see all jobs.
func (h *handler) viewsAll(c *call) (bool, error) {
	err := h.may(c, Action{Verb: VerbViewAll})
	if errors.Is(err, ErrForbidden) {
		return false, nil
	}
	return err == nil, err
}

// views reports whether the principal may see a job. One that is removed while this is being found
// out cannot be seen.
func (h *handler) views(c *call, job *orchestrator.Job) (bool, error) {
	err := h.mayView(c, job)
	if errors.Is(err, orchestrator.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
