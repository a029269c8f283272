package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	createRule = "CreateJob stores a new job with its nodes and returns the job with its ID."
	wholeRule  = "The job and all its nodes are stored, durably, or nothing is."
	namesRule  = "Names are unique, which the caller sees to; each becomes a node in state new, in the order given."
	setRule    = "The job's ID, NodeCount, Stop, Counts and LastEvent are set by the store, whatever is passed."
)

func createChecks() []Check {
	return []Check{
		{Name: "CreateJob/every-field", Rule: createRule, Run: checkEveryField},
		{Name: "CreateJob/no-field", Rule: createRule, Run: checkNoField},
		{Name: "CreateJob/large", Rule: createRule, Run: checkLarge},
		{Name: "CreateJob/whole", Rule: wholeRule, Run: checkWhole},
		{Name: "CreateJob/nodes", Rule: namesRule, Run: checkNames},
		{Name: "CreateJob/set-by-store", Rule: setRule, Run: checkSetByStore},
	}
}

// afterCreation returns the job as it has to be once it has been stored with n nodes.
func afterCreation(passed orchestrator.Job, id orchestrator.JobID, n int) orchestrator.Job {
	job := passed.Clone()
	job.ID, job.NodeCount, job.Stop = id, n, orchestrator.StopNone
	job.Counts, job.LastEvent = orchestrator.NodeCounts{New: n}, 0
	return job
}

// checkCreated stores a job and compares what is returned and what is read with what was passed.
func checkCreated(ctx context.Context, s orchestrator.Store, passed orchestrator.Job, nodes []string) error {
	created, err := s.CreateJob(ctx, passed, nodes)
	if err != nil {
		return fmt.Errorf("CreateJob: %w", err)
	}
	if created.ID <= 0 {
		return fmt.Errorf("CreateJob: got the ID %d, want a positive one", created.ID)
	}
	want := newHistory(afterCreation(passed, created.ID, len(nodes)), nodes)
	if err := same("created job", want.Job, created); err != nil {
		return err
	}
	got, err := readHistory(ctx, s, created.ID)
	if err != nil {
		return err
	}
	return same("job", want, got)
}

func checkEveryField(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	job := fullJob()
	if err := checkCreated(ctx, s, job, nodeNames(3)); err != nil {
		return err
	}
	// Pointers to zero values are not nil pointers.
	job.Key = "another"
	job.Agent.FileTimeout = new(0)
	job.Agent.HTTPReadTimeout = nil
	job.Agent.UseCachedCatalog = new(false)
	job.Agent.UseCacheOnFailure = nil
	return checkCreated(ctx, s, job, nodeNames(1))
}

func checkNoField(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	job := orchestrator.Job{Progress: progressTo(orchestrator.JobNew)}
	return checkCreated(ctx, s, job, nodeNames(1))
}

func checkLarge(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	return checkCreated(ctx, s, plainJob(), nodeNames(large))
}

// checkWhole creates large jobs with contexts that end sooner or later, and looks at every job
// as soon as it is to be seen.
func checkWhole(ctx context.Context, open Opener) error {
	const jobs = 6
	s, err := open(ctx)
	if err != nil {
		return err
	}
	nodes := nodeNames(large)
	created := make([]bool, jobs)
	work := func() error {
		return together(jobs, func(i int) error {
			hurry, cancel := context.WithTimeout(ctx, time.Duration(i*i)*2*time.Millisecond)
			defer cancel()
			if i == jobs-1 {
				hurry = ctx
			}
			_, err := s.CreateJob(hurry, plainJob(), nodes)
			created[i] = err == nil
			if err != nil && hurry.Err() == nil {
				return fmt.Errorf("CreateJob: %w", err)
			}
			return nil
		})
	}
	known := 0
	observe := func() error {
		all, err := readJobs(ctx, s)
		if err != nil {
			return err
		}
		for ; known < len(all); known++ {
			if err := isWhole(ctx, s, all[known], large); err != nil {
				return err
			}
		}
		return consecutive(ids(all))
	}
	if err := meanwhile(work, observe); err != nil {
		return err
	}
	for _, ok := range created {
		if ok {
			known--
		}
	}
	if known < 0 {
		return fmt.Errorf("Jobs: %d of the created jobs are missing", -known)
	}
	return nil
}

// isWhole returns an error unless the job has all of its n nodes.
func isWhole(ctx context.Context, s orchestrator.Store, job orchestrator.Job, n int) error {
	seen := 0
	for node, err := range s.Nodes(ctx, job.ID, orchestrator.NodeQuery{}) {
		if err != nil {
			return fmt.Errorf("Nodes of a job that Jobs shows: %w", err)
		}
		if node.Index != seen {
			return fmt.Errorf("Nodes: got the node %d in the place of the node %d", node.Index, seen)
		}
		seen++
	}
	if seen != n || job.NodeCount != n || job.Counts.New != n {
		return fmt.Errorf("job %d: got %d nodes, the node count %d and %d new nodes, want %d", job.ID, seen, job.NodeCount, job.Counts.New, n)
	}
	return nil
}

// checkNames creates jobs with names of which one is the beginning of another, in an order
// that is none of theirs, and names as long as they may be.
func checkNames(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	longest := make([]byte, orchestrator.MaxNodeName)
	for i := range longest {
		longest[i] = 'n'
	}
	for _, nodes := range [][]string{
		{"ab", "a", "a.b", "a.b.c", "b", "a-b", "A", "a:b", "0", "a_b", "aa", "_", "a.", "9", "10"},
		{string(longest), string(longest[1:]), "n"},
		{"a"},
	} {
		if err := checkCreated(ctx, s, plainJob(), nodes); err != nil {
			return err
		}
	}
	return nil
}

func checkSetByStore(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	first, err := create(ctx, s, 1)
	if err != nil {
		return err
	}
	for _, id := range []orchestrator.JobID{-1, first.ID, unknown} {
		job := plainJob()
		job.ID, job.NodeCount, job.Stop, job.LastEvent = id, 99, orchestrator.StopForce, 99
		job.Counts = orchestrator.NodeCounts{New: 1, Running: 2, Finished: 3, Failed: 4, Errored: 5, Skipped: 6}
		if err := checkCreated(ctx, s, job, nodeNames(4)); err != nil {
			return err
		}
	}
	all, err := readJobs(ctx, s)
	if err != nil {
		return err
	}
	return consecutive(ids(all))
}
