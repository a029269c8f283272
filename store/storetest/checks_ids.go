package storetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

const idsRule = "IDs are positive and strictly increasing, in the order in which the jobs become visible to other methods; they have no gaps, and they are never reused."

func idChecks() []Check {
	return []Check{
		{Name: "CreateJob/ids", Rule: idsRule, Run: checkIDs},
		{Name: "CreateJob/ids-no-gap", Rule: idsRule, Run: checkIDsNoGap},
		{Name: "CreateJob/ids-at-once", Rule: idsRule, Run: checkIDsAtOnce},
		{Name: "CreateJob/ids-visible", Rule: idsRule, Run: checkIDsVisible},
	}
}

// consecutive returns an error unless the IDs are positive and each is the one before and 1.
func consecutive(ids []orchestrator.JobID) error {
	for i, id := range ids {
		if id <= 0 {
			return fmt.Errorf("got the ID %d, want a positive one", id)
		}
		if i > 0 && id != ids[i-1]+1 {
			return fmt.Errorf("got the ID %d after the ID %d, want %d", id, ids[i-1], ids[i-1]+1)
		}
	}
	return nil
}

// checkIDs creates jobs one after the other, while those before them end.
func checkIDs(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	var created []orchestrator.JobID
	for range 10 {
		h, err := liveThrough(ctx, s, plainJob(), 1)
		if err != nil {
			return err
		}
		created = append(created, h.Job.ID)
	}
	return consecutive(created)
}

// checkIDsNoGap has creations fail in between.
func checkIDsNoGap(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	var created []orchestrator.JobID
	for range 5 {
		job, err := create(ctx, s, 1)
		if err != nil {
			return err
		}
		created = append(created, job.ID)
		if _, err := create(cancelled, s, 1); err == nil {
			return fmt.Errorf("CreateJob with a cancelled context: got no error")
		}
	}
	return consecutive(created)
}

// The creators of the checks below: each creates some small jobs, or one large job.
const (
	creators      = 32
	largeCreators = 3
	smallJobs     = 6
)

// createAtOnce has all creators at work at once, and returns the IDs in their order.
func createAtOnce(ctx context.Context, s orchestrator.Store) ([]orchestrator.JobID, error) {
	created := make([][]orchestrator.JobID, creators)
	err := together(creators, func(i int) error {
		jobs, nodes := smallJobs, 3
		if i < largeCreators {
			jobs, nodes = 1, large
		}
		for range jobs {
			job, err := create(ctx, s, nodes)
			if err != nil {
				return fmt.Errorf("CreateJob: %w", err)
			}
			created[i] = append(created[i], job.ID)
		}
		if !slices.IsSorted(created[i]) {
			return fmt.Errorf("CreateJob: got the IDs %v one after the other", created[i])
		}
		return nil
	})
	all := slices.Concat(created...)
	slices.Sort(all)
	return all, err
}

func checkIDsAtOnce(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	created, err := createAtOnce(ctx, s)
	if err != nil {
		return err
	}
	if err := consecutive(created); err != nil {
		return fmt.Errorf("CreateJob: %w", err)
	}
	all, err := readJobs(ctx, s)
	if err != nil {
		return err
	}
	if !slices.Equal(ids(all), created) {
		return fmt.Errorf("Jobs: got the IDs %v, want those that were created: %v", ids(all), created)
	}
	return nil
}

// checkIDsVisible watches jobs become visible: no job before one with a smaller ID.
func checkIDsVisible(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	var created []orchestrator.JobID
	smallest := map[orchestrator.JobID]bool{}
	work := func() (err error) {
		created, err = createAtOnce(ctx, s)
		return err
	}
	observe := func() error {
		seen, err := visible(ctx, s)
		if err == nil && len(seen) > 0 {
			smallest[seen[0]] = true
		}
		return err
	}
	if err := meanwhile(work, observe); err != nil {
		return err
	}
	for id := range smallest {
		if id != created[0] {
			return fmt.Errorf("Jobs: the job %d was visible before the job %d", id, created[0])
		}
	}
	return nil
}

// visible returns the IDs of all jobs, after it has made sure that no method shows a job
// whose predecessor Jobs does not show.
func visible(ctx context.Context, s orchestrator.Store) ([]orchestrator.JobID, error) {
	newest, err := s.Jobs(ctx, orchestrator.JobQuery{Descending: true, Limit: 1})
	if err != nil || len(newest.Jobs) == 0 {
		return nil, err
	}
	top := newest.Jobs[0].ID
	for {
		if _, err := s.Job(ctx, top+1); err != nil {
			break
		}
		top++
	}
	all, err := readJobs(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := consecutive(ids(all)); err != nil {
		return nil, fmt.Errorf("Jobs while jobs are created: %w", err)
	}
	if len(all) == 0 || all[len(all)-1].ID < top {
		return nil, fmt.Errorf("Jobs: the job %d is not there although it has been seen before", top)
	}
	return ids(all), nil
}
