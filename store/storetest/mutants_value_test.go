package storetest

import (
	"context"
	"iter"
	"reflect"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

func valueMutants() []mutant {
	return []mutant{
		{name: "keeps the job it was given", fails: []string{"Store/sharing-created"}, make: func(b *broken) {
			var given sync.Map
			b.createJob = func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				created, err := b.able.CreateJob(ctx, job, nodes)
				given.Store(created.ID, job.JobSpec)
				return created, err
			}
			b.job = func(ctx context.Context, id orchestrator.JobID) (orchestrator.Job, error) {
				job, err := b.able.Job(ctx, id)
				if spec, ok := given.Load(id); ok {
					spec := spec.(orchestrator.JobSpec)
					job.JobSpec = spec.Clone()
				}
				return job, err
			}
		}},
		{name: "keeps the batch it was given", fails: []string{"Store/sharing-committed"}, make: keepBatch},
		{name: "returns the job it keeps", fails: []string{"Store/sharing-returned-jobs"}, make: func(b *broken) {
			var kept sync.Map
			b.edit = func(job *orchestrator.Job) {
				spec, _ := kept.LoadOrStore(job.ID, job.JobSpec)
				job.JobSpec = spec.(orchestrator.JobSpec)
			}
		}},
		{name: "returns the progress it keeps", fails: []string{"Store/sharing-returned-jobs"}, make: func(b *broken) {
			var kept orchestrator.Progress
			b.claim = func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
				lease, job, err := b.able.Claim(ctx, by, ttl)
				if kept.State == "" {
					kept = job.Progress
				}
				job.Progress = kept
				return lease, job, err
			}
		}},
		{name: "returns the nodes it keeps", fails: []string{"Store/sharing-returned-values"}, make: func(b *broken) {
			kept := map[string][]byte{}
			b.eachNode(func(_ orchestrator.JobID, n *orchestrator.Node) {
				if kept[n.Name] == nil {
					kept[n.Name] = n.Result
				}
				n.Result = kept[n.Name]
			})
		}},
		{name: "returns the leases it keeps", fails: []string{"Store/sharing-returned-values"}, make: func(b *broken) {
			var kept []orchestrator.Lease
			b.renew = func(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
				leases, err := b.able.Renew(ctx, by, ttl)
				if len(kept) != len(leases) {
					kept = leases
				}
				return kept, err
			}
		}},
		{name: "returns local times", fails: []string{"Store/times"}, make: func(b *broken) {
			changeTimes(b, func(t time.Time) time.Time { return t.In(elsewhere) })
		}},
		{name: "returns times with nanoseconds", fails: []string{"Store/times"}, make: func(b *broken) {
			changeTimes(b, func(t time.Time) time.Time { return t.Add(123_456) })
		}},
		{name: "returns times in seconds", fails: []string{"Store/times"}, make: func(b *broken) {
			changeTimes(b, func(t time.Time) time.Time { return t.Truncate(time.Second) })
		}},
		{name: "returns leases with local times", fails: []string{"Store/times"}, make: func(b *broken) {
			b.claim = func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
				lease, job, err := b.able.Claim(ctx, by, ttl)
				lease.Expires = lease.Expires.In(elsewhere)
				return lease, job, err
			}
		}},
		{name: "takes the zero time for the epoch", fails: []string{"Store/zero-times", "CreateJob/no-field"}, make: func(b *broken) {
			changeTimes(b, func(t time.Time) time.Time {
				if t.IsZero() {
					return time.Unix(0, 0).UTC()
				}
				return t
			})
		}},
		{name: "takes the epoch for the zero time", fails: []string{"Store/zero-times"}, make: func(b *broken) {
			changeTimes(b, func(t time.Time) time.Time {
				if t.Unix() == 0 {
					return time.Time{}
				}
				return t
			})
		}},
	}
}

// keepBatch makes the results of nodes share their memory with the batch they came with.
func keepBatch(b *broken) {
	var given sync.Map
	b.commit = func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
		for _, e := range batch.Events {
			given.Store(e.ID, e.Node.Result)
		}
		return b.able.Commit(ctx, lease, batch)
	}
	b.nodes = func(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
		return func(yield func(orchestrator.Node, error) bool) {
			b.able.Nodes(ctx, id, q)(func(n orchestrator.Node, err error) bool {
				if result, ok := given.Load(n.LatestEvent); ok {
					n.Result = reflect.ValueOf(result).Bytes()
				}
				return yield(n, err)
			})
		}
	}
}

// changeTimes makes a store change the times of the jobs that it returns.
func changeTimes(b *broken, change func(time.Time) time.Time) {
	b.edit = func(job *orchestrator.Job) {
		job.Owner.LastLogin = change(job.Owner.LastLogin)
		for i := range job.Status {
			job.Status[i].At = change(job.Status[i].At)
		}
	}
}
