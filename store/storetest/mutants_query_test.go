package storetest

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/seed-54b7607b/orchestrator"
)

// queryMutant returns a mutant that changes the queries of Jobs.
func queryMutant(name string, change func(q *orchestrator.JobQuery), fails ...string) mutant {
	return mutant{name: name, fails: fails, make: func(b *broken) {
		b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
			change(&q)
			return b.able.Jobs(ctx, q)
		}
	}}
}

// pageMutant returns a mutant that changes the pages of Jobs.
func pageMutant(name string, change func(q orchestrator.JobQuery, page *orchestrator.JobPage), fails ...string) mutant {
	return mutant{name: name, fails: fails, make: func(b *broken) {
		b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
			page, err := b.able.Jobs(ctx, q)
			change(q, &page)
			return page, err
		}
	}}
}

// nodeQueryMutant returns a mutant that changes the queries of Nodes.
func nodeQueryMutant(name string, change func(q *orchestrator.NodeQuery), fails ...string) mutant {
	return mutant{name: name, fails: fails, make: func(b *broken) {
		b.nodes = func(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
			change(&q)
			return b.able.Nodes(ctx, id, q)
		}
	}}
}

func queryMutants() []mutant {
	return []mutant{
		queryMutant("orders by ID only", func(q *orchestrator.JobQuery) { q.OrderBy = orchestrator.OrderByID },
			"JobOrder/orders", "JobOrder/changes", "JobQuery/zero"),
		queryMutant("orders upwards only", func(q *orchestrator.JobQuery) { q.Descending = false },
			"JobQuery/descending", "JobOrder/orders", "JobOrder/by-id"),
		queryMutant("starts at the job, not behind it", func(q *orchestrator.JobQuery) { q.After = max(q.After-1, 0) },
			"JobQuery/after", "JobQuery/once-each"),
		queryMutant("starts at the beginning", func(q *orchestrator.JobQuery) { q.After = 0 },
			"JobQuery/after", "JobQuery/after-missing", "Jobs/after-offset-limit"),
		queryMutant("leaves out none", func(q *orchestrator.JobQuery) { q.Offset = 0 }, "JobQuery/offset"),
		queryMutant("leaves out one more", func(q *orchestrator.JobQuery) { q.Offset = max(q.Offset, q.Offset+1) }, "JobQuery/offset"),
		queryMutant("leaves out none behind a job", func(q *orchestrator.JobQuery) {
			if q.After != 0 {
				q.Offset = 0
			}
		}, "Jobs/after-offset-limit"),
		queryMutant("returns one more", func(q *orchestrator.JobQuery) {
			if q.Limit > 0 {
				q.Limit = max(q.Limit, q.Limit+1)
			}
		}, "JobQuery/limit"),
		queryMutant("returns no more than 20", func(q *orchestrator.JobQuery) {
			if q.Limit == 0 {
				q.Limit = 20
			}
		}, "JobQuery/zero", "JobQuery/limit", "JobOrder/by-id"),
		pageMutant("counts what is on the page", func(_ orchestrator.JobQuery, page *orchestrator.JobPage) {
			page.Total = len(page.Jobs)
		}, "JobPage/total"),
		pageMutant("orders by the last byte of the ID", func(q orchestrator.JobQuery, page *orchestrator.JobPage) {
			if q.OrderBy == orchestrator.OrderByID && !q.Descending {
				slices.SortFunc(page.Jobs, func(a, b orchestrator.Job) int { return cmp.Compare(byte(a.ID), byte(b.ID)) })
			}
		}, "JobOrder/by-id"),
		pageMutant("orders ties by ID, whatever the direction", func(q orchestrator.JobQuery, page *orchestrator.JobPage) {
			if q.OrderBy != orchestrator.OrderByID && q.Descending {
				slices.SortFunc(page.Jobs, func(a, b orchestrator.Job) int {
					return cmp.Or(compareIn(q.OrderBy, &b, &a), cmp.Compare(a.ID, b.ID))
				})
			}
		}, "JobOrder/ties"),
		{name: "orders by the state of the beginning", fails: []string{"JobOrder/changes"}, make: orderByOldState},
		{name: "takes any job to start behind", fails: []string{"JobQuery/after-missing"}, make: func(b *broken) {
			b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
				page, err := b.able.Jobs(ctx, q)
				if errors.Is(err, orchestrator.ErrNotFound) {
					return orchestrator.JobPage{}, nil
				}
				return page, err
			}
		}},
		{name: "wants the job to start behind to exist", fails: []string{"JobQuery/after-missing"}, make: func(b *broken) {
			b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
				if _, err := b.able.Job(ctx, q.After); q.After != 0 && err != nil {
					return orchestrator.JobPage{}, err
				}
				return b.able.Jobs(ctx, q)
			}
		}},
		nodeQueryMutant("yields nodes in any state", func(q *orchestrator.NodeQuery) { q.State = "" }, "NodeQuery/state"),
		nodeQueryMutant("yields nodes from the first", func(q *orchestrator.NodeQuery) { q.From = 0 }, "NodeQuery/from"),
		nodeQueryMutant("yields nodes behind from", func(q *orchestrator.NodeQuery) {
			if q.From > 0 {
				q.From = max(q.From, q.From+1)
			}
		}, "NodeQuery/from"),
		nodeQueryMutant("yields all nodes", func(q *orchestrator.NodeQuery) { q.Limit = 0 }, "NodeQuery/limit"),
		nodeQueryMutant("yields one node more", func(q *orchestrator.NodeQuery) {
			if q.Limit > 0 {
				q.Limit = max(q.Limit, q.Limit+1)
			}
		}, "NodeQuery/limit"),
		nodeQueryMutant("yields what nodes say", func(q *orchestrator.NodeQuery) { q.Brief = false }, "NodeQuery/brief"),
		nodeQueryMutant("never yields what nodes say", func(q *orchestrator.NodeQuery) { q.Brief = true }, "NodeQuery/brief"),
		{name: "misses nodes in a state behind the first 256", fails: []string{"NodeQuery/state-long"}, make: func(b *broken) {
			b.nodes = func(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
				if q.State != "" && q.Limit == 0 {
					q.Limit = 256
				}
				return b.able.Nodes(ctx, id, q)
			}
		}},
		{name: "uses borrowed memory too early", fails: []string{"NodeQuery/borrow"}, make: func(b *broken) {
			b.nodes = func(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
				return func(yield func(orchestrator.Node, error) bool) {
					b.able.Nodes(ctx, id, q)(func(n orchestrator.Node, err error) bool {
						if q.Borrow {
							clear(n.Result)
						}
						return yield(n, err)
					})
				}
			}
		}},
		{name: "counts nodes in other states", fails: []string{"Nodes/state-from-limit"}, make: func(b *broken) {
			b.nodes = func(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
				state := q.State
				q.State = ""
				return func(yield func(orchestrator.Node, error) bool) {
					b.able.Nodes(ctx, id, q)(func(n orchestrator.Node, err error) bool {
						return err == nil && state != "" && n.State != state || yield(n, err)
					})
				}
			}
		}},
	}
}

// orderByOldState makes Jobs order by the state in which jobs were created.
func orderByOldState(b *broken) {
	var created sync.Map
	b.createJob = func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
		job, err := b.able.CreateJob(ctx, job, nodes)
		created.Store(job.ID, job)
		return job, err
	}
	b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
		page, err := b.able.Jobs(ctx, q)
		if q.OrderBy == orchestrator.OrderByState && !q.Descending {
			slices.SortFunc(page.Jobs, func(x, y orchestrator.Job) int {
				oldX, _ := created.Load(x.ID)
				oldY, _ := created.Load(y.ID)
				return compareBy(q.OrderBy, false)(oldX.(orchestrator.Job), oldY.(orchestrator.Job))
			})
		}
		return page, err
	}
}
