package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	zeroQueryRule  = "The zero JobQuery asks for all jobs, the oldest first."
	descendingRule = "the greatest first"
	afterRule      = "start behind this job; 0 starts at the beginning; [ErrNotFound] if there is no such job, unless the order is by ID"
	offsetRule     = "leave out so many"
	limitRule      = "return at most so many; 0 means all"
	totalRule      = "how many jobs the query asks for, those included that After, Offset and Limit leave out"
)

func pageChecks() []Check {
	return []Check{
		{Name: "JobQuery/zero", Rule: zeroQueryRule, Run: checkPages(orchestrator.JobQuery{})},
		{Name: "JobQuery/descending", Rule: descendingRule, Run: checkPages(orchestrator.JobQuery{Descending: true})},
		{Name: "JobQuery/after", Rule: afterRule, Run: checkPages(
			orchestrator.JobQuery{After: 1}, orchestrator.JobQuery{After: 12}, orchestrator.JobQuery{After: 23}, orchestrator.JobQuery{After: 24})},
		{Name: "JobQuery/after-missing", Rule: afterRule, Run: checkAfterMissing},
		{Name: "JobQuery/offset", Rule: offsetRule, Run: checkPages(
			orchestrator.JobQuery{Offset: 1}, orchestrator.JobQuery{Offset: 23}, orchestrator.JobQuery{Offset: 24}, orchestrator.JobQuery{Offset: math.MaxInt})},
		{Name: "JobQuery/limit", Rule: limitRule, Run: checkPages(
			orchestrator.JobQuery{Limit: 0}, orchestrator.JobQuery{Limit: 1}, orchestrator.JobQuery{Limit: 23}, orchestrator.JobQuery{Limit: 24}, orchestrator.JobQuery{Limit: math.MaxInt})},
		{Name: "Jobs/after-offset-limit", Rule: jobsRule, Run: checkPages(
			orchestrator.JobQuery{After: 5, Offset: 3, Limit: 7}, orchestrator.JobQuery{After: 20, Offset: 3, Limit: 7},
			orchestrator.JobQuery{After: 24, Offset: 3, Limit: 7}, orchestrator.JobQuery{Offset: 20, Limit: 7},
			orchestrator.JobQuery{After: 1, Offset: math.MaxInt, Limit: math.MaxInt})},
		{Name: "JobQuery/once-each", Rule: afterRule, Run: checkOnceEach},
		{Name: "JobPage/total", Rule: totalRule, Run: checkTotal},
	}
}

// checkPages returns a check of queries among 24 jobs, each query in every order and direction
// unless it is descending itself. Their After is the place of a job in the order by ID.
func checkPages(queries ...orchestrator.JobQuery) func(context.Context, Opener) error {
	return func(ctx context.Context, open Opener) error {
		s, err := open(ctx)
		if err != nil {
			return err
		}
		jobs, err := createOrdered(ctx, s, 24)
		if err != nil {
			return err
		}
		for _, q := range queries {
			if q.After != 0 {
				q.After = jobs[q.After-1].ID
			}
			for _, q.OrderBy = range orders() {
				if err := ordered(ctx, s, jobs, q); err != nil {
					return err
				}
			}
			q.Descending = true
			for _, q.OrderBy = range orders() {
				if err := ordered(ctx, s, jobs, q); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

func checkAfterMissing(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	jobs, err := createOrdered(ctx, s, 5)
	if err != nil {
		return err
	}
	for _, after := range []orchestrator.JobID{jobs[4].ID + 1, jobs[4].ID + 300, unknown} {
		for _, order := range orders() {
			for _, descending := range []bool{false, true} {
				q := orchestrator.JobQuery{OrderBy: order, Descending: descending, After: after}
				if order == orchestrator.OrderByID {
					if err := ordered(ctx, s, jobs, q); err != nil {
						return err
					}
					continue
				}
				_, err := s.Jobs(ctx, q)
				if !errors.Is(err, orchestrator.ErrNotFound) {
					return fmt.Errorf("Jobs(%+v): got the error %v, want %v", q, err, orchestrator.ErrNotFound)
				}
			}
		}
	}
	return nil
}

// checkOnceEach reads all jobs in pages, in every order and direction, while jobs are created.
func checkOnceEach(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	jobs, err := createOrdered(ctx, s, 24)
	if err != nil {
		return err
	}
	for _, order := range orders() {
		for _, descending := range []bool{false, true} {
			q := orchestrator.JobQuery{OrderBy: order, Descending: descending, Limit: 7}
			seen, err := readInPages(ctx, s, q)
			if err != nil {
				return err
			}
			for _, job := range jobs {
				if seen[job.ID] != 1 {
					return fmt.Errorf("Jobs in pages of 7, %+v: got the job %d %d times, want it once", q, job.ID, seen[job.ID])
				}
			}
		}
	}
	return nil
}

// readInPages reads all pages that the query is the first of, creating jobs in between, and
// returns how often it has seen which job.
func readInPages(ctx context.Context, s orchestrator.Store, q orchestrator.JobQuery) (map[orchestrator.JobID]int, error) {
	const created = 3 // as many pages are followed by a creation
	seen := map[orchestrator.JobID]int{}
	for n := 0; ; n++ {
		page, err := s.Jobs(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("Jobs(%+v): %w", q, err)
		}
		if len(page.Jobs) == 0 {
			return seen, nil
		}
		for _, job := range page.Jobs {
			if seen[job.ID]++; seen[job.ID] > 1 {
				return nil, fmt.Errorf("Jobs(%+v): got the job %d again", q, job.ID)
			}
		}
		q.After = page.Jobs[len(page.Jobs)-1].ID
		if n < created {
			if _, err := create(ctx, s, 1); err != nil {
				return nil, err
			}
		}
	}
}

func checkTotal(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	jobs, err := createOrdered(ctx, s, 9)
	if err != nil {
		return err
	}
	for _, q := range []orchestrator.JobQuery{
		{}, {Limit: 2}, {Offset: 3}, {Offset: 20, Limit: 1}, {After: jobs[4].ID, Limit: 2}, {After: jobs[4].ID, Offset: 1, Descending: true},
	} {
		for _, q.OrderBy = range orders() {
			page, err := s.Jobs(ctx, q)
			if err != nil {
				return fmt.Errorf("Jobs(%+v): %w", q, err)
			}
			if page.Total != len(jobs) {
				return fmt.Errorf("Jobs(%+v): got the total %d of %d jobs", q, page.Total, len(jobs))
			}
		}
	}
	return nil
}
