package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
)

// Epoch is when the first job of a filled store was created; one a second follows.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Fleet is how many nodes the jobs of a filled store are about, one each.
const Fleet = 1000

// newJob returns the i-th of the jobs that stores are filled with: a tenth are tasks, and their
// owners and environments differ.
func newJob(i int) orchestrator.Job {
	var job orchestrator.Job
	job.Command = orchestrator.CommandDeploy
	if i%10 == 9 {
		job.Command = orchestrator.CommandTask
		job.Task = orchestrator.TaskOptions{Name: fmt.Sprintf("package_%d", i/10%20), Params: json.RawMessage(`{"action":"status","name":"openssl"}`)}
	}
	job.Environment = fmt.Sprintf("env%d", i%7)
	job.Description = "nightly run"
	job.Scope = orchestrator.Scope{Nodes: []string{Name(i % Fleet)}}
	job.Owner = orchestrator.Owner{ID: fmt.Sprintf("751a8f7e-b53a-4ccd-9f4f-%012d", i%50), Login: fmt.Sprintf("user%02d", i%50)}
	job.State = orchestrator.JobNew
	job.Status = []orchestrator.StateChange{{State: job.State, At: Epoch.Add(time.Duration(i) * time.Second)}}
	return job
}

// Fill fills a new store with n jobs that have ended, a tenth of them failed.
func Fill(ctx context.Context, dir string, n int) error {
	store, err := Open(dir)
	if err != nil {
		return err
	}
	defer store.Close()
	var next atomic.Int64
	err = measure.Each(256, func(int) error {
		for {
			i := int(next.Add(1)) - 1
			if i >= n {
				return nil
			}
			if err := fillOne(ctx, store, i); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return fmt.Errorf("fill a store with %d jobs: %w", n, err)
	}
	return store.Close()
}

// fillOne creates a job, and ends one.
func fillOne(ctx context.Context, store orchestrator.Store, i int) error {
	if _, err := store.CreateJob(ctx, newJob(i), []string{Name(i % Fleet)}); err != nil {
		return err
	}
	w, err := Claim(ctx, store)
	if err != nil {
		return err
	}
	w.Run(0)
	w.Finish(0)
	state := orchestrator.JobFinished
	if i%10 == 0 {
		state = orchestrator.JobFailed
	}
	w.End(state, i%60)
	return w.Commit(ctx)
}

// FillNodes fills a new store with one job of n nodes that have finished.
func FillNodes(ctx context.Context, dir string, n int) error {
	store, err := Open(dir)
	if err != nil {
		return err
	}
	defer store.Close()
	w, err := NewWorker(ctx, store, Names(n))
	if err == nil {
		err = w.RunAll(ctx, orchestrator.MaxBatchEvents)
	}
	if err == nil {
		w.End(orchestrator.JobFinished, 1)
		err = w.Commit(ctx)
	}
	if err == nil {
		err = store.Settle(ctx)
	}
	if err != nil {
		return fmt.Errorf("fill a store with a job of %d nodes: %w", n, err)
	}
	return store.Close()
}
