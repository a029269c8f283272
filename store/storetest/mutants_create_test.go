package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/seed-54b7607b/orchestrator"
)

func createMutants() []mutant {
	return []mutant{
		{name: "loses a field", fails: []string{"CreateJob/every-field"}, make: func(b *broken) {
			b.edit = func(job *orchestrator.Job) { job.Owner.GroupIDs = nil }
		}},
		{name: "takes a pointer to zero for nil", fails: []string{"CreateJob/every-field"}, make: func(b *broken) {
			b.edit = func(job *orchestrator.Job) {
				if p := job.Agent.FileTimeout; p != nil && *p == 0 {
					job.Agent.FileTimeout = nil
				}
			}
		}},
		{name: "rewrites JSON", fails: []string{"CreateJob/every-field", "Store/json"}, make: func(b *broken) {
			b.edit = func(job *orchestrator.Job) {
				var v any
				if json.Unmarshal(job.Userdata, &v) == nil {
					job.Userdata, _ = json.Marshal(v)
				}
			}
		}},
		{name: "makes up a value", fails: []string{"CreateJob/no-field"}, make: func(b *broken) {
			b.edit = func(job *orchestrator.Job) {
				if job.Userdata == nil {
					job.Userdata = json.RawMessage{}
				}
			}
		}},
		{name: "refuses large jobs", fails: []string{"CreateJob/large"}, make: func(b *broken) {
			b.createJob = func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				if len(nodes) > 15_000 {
					return orchestrator.Job{}, errors.New("transaction too big")
				}
				return b.able.CreateJob(ctx, job, nodes)
			}
		}},
		{name: "shows large jobs in parts", fails: []string{"CreateJob/whole"}, make: showInParts},
		{name: "orders nodes by name", fails: []string{"CreateJob/nodes", "Nodes/order"}, make: func(b *broken) {
			b.createJob = func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				return b.able.CreateJob(ctx, job, slices.Sorted(slices.Values(nodes)))
			}
		}},
		{name: "takes names that begin alike for one", fails: []string{"CreateJob/nodes"}, make: func(b *broken) {
			b.eachNode(func(_ orchestrator.JobID, n *orchestrator.Node) { n.Name, _, _ = strings.Cut(n.Name, ".") })
		}},
		{name: "keeps counts that were passed", fails: []string{"CreateJob/set-by-store"}, make: func(b *broken) {
			b.createJob = func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				counts := job.Counts
				job, err := b.able.CreateJob(ctx, job, nodes)
				job.Counts = counts
				return job, err
			}
		}},
		{name: "keeps a stop that was passed", fails: []string{"CreateJob/set-by-store"}, make: func(b *broken) {
			b.createJob = func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				stop := job.Stop
				job, err := b.able.CreateJob(ctx, job, nodes)
				if err != nil || stop == orchestrator.StopNone {
					return job, err
				}
				return b.able.RequestStop(ctx, job.ID, stop == orchestrator.StopForce)
			}
		}},
		{name: "reuses ids", fails: []string{"CreateJob/ids", "CreateJob/ids-at-once"}, make: func(b *broken) {
			b.createJob = func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				job, err := b.able.CreateJob(ctx, job, nodes)
				job.ID -= job.ID / 7
				return job, err
			}
		}},
		{name: "leaves a gap where a creation failed", fails: []string{"CreateJob/ids-no-gap"}, make: func(b *broken) {
			b.createJob = func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				created, err := b.able.CreateJob(ctx, job, nodes)
				if err != nil {
					_, _ = b.able.CreateJob(context.WithoutCancel(ctx), job, nodes)
				}
				return created, err
			}
		}},
		{name: "shows jobs in another order than that of their ids", fails: []string{"CreateJob/ids-visible"}, make: showLate},
	}
}

// showInParts makes a large job lack nodes when it is read for the first time.
func showInParts(b *broken) {
	var seen sync.Map
	b.nodes = func(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
		if _, again := seen.LoadOrStore(id, true); !again {
			q.Limit = 10_000
		}
		return b.able.Nodes(ctx, id, q)
	}
}

// showLate makes a job invisible while others are being created, unless it is the newest.
func showLate(b *broken) {
	var creating atomic.Int64
	b.createJob = func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
		creating.Add(1)
		defer creating.Add(-1)
		return b.able.CreateJob(ctx, job, nodes)
	}
	b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
		page, err := b.able.Jobs(ctx, q)
		if n := len(page.Jobs); n > 1 && creating.Load() > 0 {
			page.Jobs = slices.Delete(page.Jobs, n-2, n-1)
		}
		return page, err
	}
}
