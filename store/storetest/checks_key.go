package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-54b7607b/orchestrator"
)

const keyRule = "If the job has a Key that another job has, nothing is stored, and that job is returned with [ErrExists]."

func keyChecks() []Check {
	return []Check{
		{Name: "CreateJob/key", Rule: keyRule, Run: checkKey},
		{Name: "CreateJob/keys-differ", Rule: keyRule, Run: checkKeysDiffer},
		{Name: "CreateJob/key-at-once", Rule: keyRule, Run: checkKeyAtOnce},
		{Name: "JobWithKey/key", Rule: "JobWithKey returns the job that has a Key, as of its last commit, or [ErrNotFound].", Run: checkKeyFinds},
	}
}

// keyed returns a plain job with a key.
func keyed(key string) orchestrator.Job {
	job := plainJob()
	job.Key, job.Digest = key, "digest of "+key
	return job
}

// exists returns an error unless the key is that of the job, which has to be as in the history and
// the newest of the store.
func exists(ctx context.Context, s orchestrator.Store, key string, nodes int, is history) error {
	other := keyed(key)
	other.Digest, other.Description = "another digest", "another job"
	got, err := s.CreateJob(ctx, other, nodeNames(nodes))
	if err := wantError("CreateJob with a key that a job has", err, orchestrator.ErrExists); err != nil {
		return err
	}
	if err := same("CreateJob with a key that a job has", is.Job, got); err != nil {
		return err
	}
	scribble(&got)
	if err := unchanged(ctx, s, is); err != nil {
		return err
	}
	page, err := s.Jobs(ctx, orchestrator.JobQuery{Descending: true, Limit: 1})
	if err != nil {
		return err
	}
	if newest := page.Jobs[0].ID; newest != is.Job.ID || page.Total != int(is.Job.ID) {
		return fmt.Errorf("Jobs: got the job %d of a total of %d after a job was not created, want %d as the newest", newest, page.Total, is.Job.ID)
	}
	return nil
}

// checkKeyFinds looks for a job by its key before it runs and after it has ended, and for keys that
// no job has.
func checkKeyFinds(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	keyer, ok := s.(orchestrator.Keyer)
	if !ok {
		return nil
	}
	job, err := s.CreateJob(ctx, fullJob(), nodeNames(3))
	if err != nil {
		return fmt.Errorf("CreateJob: %w", err)
	}
	if _, err := s.CreateJob(ctx, plainJob(), nodeNames(1)); err != nil {
		return fmt.Errorf("CreateJob: %w", err)
	}
	h := newHistory(job, nodeNames(3))
	if err := keyFinds(ctx, keyer, h); err != nil {
		return err
	}
	w, err := claimJob(ctx, s, alice, long, job.ID)
	if err != nil {
		return err
	}
	b := w.batch(runningNode(1), fullNode(2))
	if err := w.commit(ctx, b); err != nil {
		return err
	}
	h.apply(b)
	return keyFinds(ctx, keyer, h)
}

func keyFinds(ctx context.Context, s orchestrator.Keyer, is history) error {
	got, err := s.JobWithKey(ctx, is.Job.Key)
	if err != nil {
		return fmt.Errorf("JobWithKey: %w", err)
	}
	if err := same("JobWithKey", is.Job, got); err != nil {
		return err
	}
	for _, key := range []string{"", is.Job.Key + " another"} {
		_, err := s.JobWithKey(ctx, key)
		if err := wantError("JobWithKey with a key that no job has", err, orchestrator.ErrNotFound); err != nil {
			return err
		}
	}
	return nil
}

// checkKey uses the key of a job again while it waits, runs and after it has ended, for a small job
// and a large one.
func checkKey(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	full := fullJob()
	for range 2 {
		job, err := s.CreateJob(ctx, full, nodeNames(3))
		if err != nil {
			return fmt.Errorf("CreateJob: %w", err)
		}
		h := newHistory(job, nodeNames(3))
		if err := existsAlways(ctx, s, full.Key, h); err != nil {
			return err
		}
		w, err := claimJob(ctx, s, alice, long, job.ID)
		if err != nil {
			return err
		}
		for _, step := range []func() orchestrator.Batch{
			func() orchestrator.Batch { return w.batch(runningNode(1), fullNode(2)) },
			func() orchestrator.Batch { return w.ending(orchestrator.JobFailed) },
		} {
			b := step()
			if err := w.commit(ctx, b); err != nil {
				return err
			}
			h.apply(b)
			if err := existsAlways(ctx, s, full.Key, h); err != nil {
				return err
			}
		}
		full.Key += " another"
	}
	return nothingToClaim(ctx, s, bob)
}

// existsAlways is exists for jobs of any size.
func existsAlways(ctx context.Context, s orchestrator.Store, key string, is history) error {
	for _, nodes := range []int{1, 3, large} {
		if err := exists(ctx, s, key, nodes, is); err != nil {
			return err
		}
	}
	return nil
}

// checkKeysDiffer has keys of which one is the beginning of another, and jobs without one.
func checkKeysDiffer(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	var created []orchestrator.JobID
	for _, key := range []string{"", "a", "ab", "", "A", "a b", "a/b", "é", "e", "", "0", "1", "10"} {
		job, err := s.CreateJob(ctx, keyed(key), nodeNames(1))
		if err != nil {
			return fmt.Errorf("CreateJob with the key %q, which no job has: %w", key, err)
		}
		if job.Key != key {
			return fmt.Errorf("CreateJob: got a job with the key %q, want %q", job.Key, key)
		}
		created = append(created, job.ID)
	}
	return consecutive(created)
}

// checkKeyAtOnce has all creators use one key at once, some of them for a large job.
func checkKeyAtOnce(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	var created []orchestrator.JobID
	for round := range 4 {
		id, err := createOnce(ctx, s, fmt.Sprintf("round %d", round))
		if err != nil {
			return err
		}
		next, err := create(ctx, s, 1)
		if err != nil {
			return err
		}
		created = append(created, id, next.ID)
	}
	return consecutive(created)
}

// createOnce has all creators create a job with the key, and returns the ID of the only one that
// there may be.
func createOnce(ctx context.Context, s orchestrator.Store, key string) (orchestrator.JobID, error) {
	returned, won := make([]orchestrator.JobID, creators), make([]bool, creators)
	err := together(creators, func(i int) error {
		nodes := 3
		if i < largeCreators {
			nodes = large
		}
		job, err := s.CreateJob(ctx, keyed(key), nodeNames(nodes))
		if err != nil && !errors.Is(err, orchestrator.ErrExists) {
			return fmt.Errorf("CreateJob: %w", err)
		}
		returned[i], won[i] = job.ID, err == nil
		return nil
	})
	if err != nil {
		return 0, err
	}
	winners := 0
	for i, id := range returned {
		if id != returned[0] {
			return 0, fmt.Errorf("CreateJob: got the jobs %d and %d with one key", returned[0], id)
		}
		if won[i] {
			winners++
		}
	}
	if winners != 1 {
		return 0, fmt.Errorf("CreateJob: %d of %d calls with one key have created a job, want 1", winners, creators)
	}
	return returned[0], nil
}
