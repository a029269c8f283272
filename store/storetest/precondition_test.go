package storetest

import (
	"context"
	"sync"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// TestUnbrokenPasses makes sure that it is not the wrapper of the mutants that fails, and that no
// check commits what a caller must not: a change of a node that is in a terminal state, or counts that
// its nodes do not add up to.
func TestUnbrokenPasses(t *testing.T) { //nolint:tparallel // it runs beside other tests; its parts one after the other
	t.Parallel()
	for _, check := range Checks() {
		t.Run(check.Name, func(t *testing.T) {
			watch := func(b *broken) { b.commit = watched(t, b.able, b.able.Commit) }
			if err := check.Run(t.Context(), opener(watch)); err != nil {
				t.Error(err)
			}
		})
	}
}

// watched returns a Commit that reports what a caller must not do.
func watched(t *testing.T, s orchestrator.Store, commit commitFunc) commitFunc {
	var mu sync.Mutex
	jobs := map[orchestrator.JobID]map[int]orchestrator.NodeState{}
	return func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
		if err := commit(ctx, lease, batch); err != nil {
			return err
		}
		job, err := s.Job(ctx, lease.Job)
		if err != nil {
			return nil // it has been removed since
		}
		mu.Lock()
		defer mu.Unlock()
		if jobs[job.ID] == nil {
			jobs[job.ID] = map[int]orchestrator.NodeState{}
		}
		states := jobs[job.ID]
		for i := range batch.Events {
			n := &batch.Events[i].Node
			if n.Name == "" {
				continue
			}
			if states[n.Index].Terminal() {
				t.Errorf("the node %d of the job %d changes although it has ended", n.Index, job.ID)
			}
			states[n.Index] = n.State
		}
		counts := orchestrator.NodeCounts{New: job.NodeCount - len(states)}
		for _, state := range states {
			*countOf(&counts, state)++
		}
		if counts != batch.Progress.Counts {
			t.Errorf("the job %d counts %+v, its nodes are %+v", job.ID, batch.Progress.Counts, counts)
		}
		return nil
	}
}
