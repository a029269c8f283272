package storetest

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

func filterMutants() []mutant {
	return []mutant{
		queryMutant("lists jobs of any command", func(q *orchestrator.JobQuery) { q.Command = "" }, "JobQuery/command", "Jobs/filters"),
		queryMutant("lists jobs of any task", func(q *orchestrator.JobQuery) { q.Task = "" }, "JobQuery/task"),
		queryMutant("lists jobs in any state", func(q *orchestrator.JobQuery) { q.State = "" }, "JobQuery/state", "Jobs/filters-change"),
		queryMutant("lists jobs of any node", func(q *orchestrator.JobQuery) { q.Node = "" }, "JobQuery/node", "JobQuery/node-of-large"),
		queryMutant("lists jobs that ended earlier", func(q *orchestrator.JobQuery) { q.FinishedFrom = time.Time{} }, "JobQuery/finished-from"),
		queryMutant("lists jobs that ended later", func(q *orchestrator.JobQuery) { q.FinishedTo = time.Time{} }, "JobQuery/finished-to"),
		queryMutant("lists no jobs that ended just then", func(q *orchestrator.JobQuery) {
			if !q.FinishedFrom.IsZero() {
				q.FinishedFrom = q.FinishedFrom.Add(time.Millisecond)
			}
			if !q.FinishedTo.IsZero() {
				q.FinishedTo = q.FinishedTo.Add(-time.Millisecond)
			}
		}, "JobQuery/finished-from", "JobQuery/finished-to"),
		queryMutant("cuts the times of a query", func(q *orchestrator.JobQuery) {
			q.FinishedFrom = q.FinishedFrom.Truncate(time.Millisecond)
		}, "JobQuery/finished-from"),
		filterMutant("takes the name of a task as a whole", func(q *orchestrator.JobQuery, job *orchestrator.Job) bool {
			return q.Task == "" || job.Task.Name == q.Task
		}, "JobQuery/task"),
		filterMutant("takes the beginning of the name of a task", func(q *orchestrator.JobQuery, job *orchestrator.Job) bool {
			return strings.HasPrefix(job.Task.Name, q.Task)
		}, "JobQuery/task"),
		{name: "finds the first nodes of a job only", fails: []string{"JobQuery/node-of-large"}, make: findFirstNodes},
		pageMutant("counts all jobs", func(q orchestrator.JobQuery, page *orchestrator.JobPage) {
			page.Total = populationSize
		}, "JobQuery/state", "Jobs/filters"),
		pageMutant("counts to 20", func(q orchestrator.JobQuery, page *orchestrator.JobPage) {
			page.Total = min(page.Total, 20)
		}, "Jobs/filters"),
		{name: "pages before it filters", fails: []string{"JobQuery/state", "Jobs/filters"}, make: pageFirst},
		{name: "starts behind a job that it shows", fails: []string{"Jobs/filters"}, make: func(b *broken) {
			b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
				all := q
				all.After, all.Offset, all.Limit = 0, 0, 0
				page, err := b.able.Jobs(ctx, all)
				if err == nil && q.After != 0 && !slices.Contains(ids(page.Jobs), q.After) {
					return orchestrator.JobPage{Total: page.Total}, nil
				}
				return b.able.Jobs(ctx, q)
			}
		}},
		pageMutant("orders texts without regard to case", func(q orchestrator.JobQuery, page *orchestrator.JobPage) {
			if q.OrderBy == orchestrator.OrderByOwner && !q.Descending {
				slices.SortStableFunc(page.Jobs, func(a, b orchestrator.Job) int {
					return strings.Compare(strings.ToLower(a.Owner.Login), strings.ToLower(b.Owner.Login))
				})
			}
		}, "JobOrder/texts"),
		{name: "filters by the states of the beginning", fails: []string{"Jobs/filters-change"}, make: func(b *broken) {
			b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
				page, err := b.able.Jobs(ctx, q)
				page.Jobs = slices.DeleteFunc(page.Jobs, func(job orchestrator.Job) bool {
					return q.State != "" && job.LastEvent > 3
				})
				return page, err
			}
		}},
	}
}

// filterMutant returns a mutant that shows fewer jobs than pass the filters of a query.
func filterMutant(name string, passes func(q *orchestrator.JobQuery, job *orchestrator.Job) bool, fails ...string) mutant {
	return pageMutant(name, func(q orchestrator.JobQuery, page *orchestrator.JobPage) {
		page.Jobs = slices.DeleteFunc(page.Jobs, func(job orchestrator.Job) bool { return !passes(&q, &job) })
	}, fails...)
}

// findFirstNodes makes Jobs find the first thousand nodes of a job only.
func findFirstNodes(b *broken) {
	b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
		page, err := b.able.Jobs(ctx, q)
		page.Jobs = slices.DeleteFunc(page.Jobs, func(job orchestrator.Job) bool {
			first, _ := collect(b.able.Nodes(ctx, job.ID, orchestrator.NodeQuery{Limit: 1000}))
			return q.Node != "" && !slices.Contains(names(first), q.Node)
		})
		return page, err
	}
}

// pageFirst makes Jobs apply a filter to the page.
func pageFirst(b *broken) {
	b.jobs = func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
		state := q.State
		q.State = ""
		page, err := b.able.Jobs(ctx, q)
		page.Jobs = slices.DeleteFunc(page.Jobs, func(job orchestrator.Job) bool { return state != "" && job.State != state })
		return page, err
	}
}

// nodesMutant returns a mutant that changes lists of nodes.
func nodesMutant(name string, change func(q orchestrator.NodeQuery, nodes []orchestrator.Node), fails ...string) mutant {
	return mutant{name: name, fails: fails, make: func(b *broken) {
		inner := b.nodes
		b.nodes = func(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) nodeSeq {
			return func(yield func(orchestrator.Node, error) bool) {
				nodes, err := collect(inner(ctx, id, q))
				change(q, nodes)
				for _, n := range nodes {
					if !yield(n, nil) {
						return
					}
				}
				if err != nil {
					yield(orchestrator.Node{}, err)
				}
			}
		}
	}}
}

func nodeOrderMutants() []mutant {
	return []mutant{
		nodeQueryMutant("leaves out no nodes", func(q *orchestrator.NodeQuery) { q.Offset = 0 }, "NodeQuery/offset", "NodeOrder/pages"),
		nodeQueryMutant("leaves out one node more", func(q *orchestrator.NodeQuery) { q.Offset = max(q.Offset, q.Offset+1) }, "NodeQuery/offset"),
		nodeQueryMutant("yields nodes upwards", func(q *orchestrator.NodeQuery) { q.Descending = false }, "NodeQuery/descending", "NodeOrder/orders"),
		nodeQueryMutant("yields nodes by index", func(q *orchestrator.NodeQuery) { q.OrderBy = orchestrator.NodesByIndex }, "NodeOrder/orders", "NodeOrder/texts"),
		nodeQueryMutant("takes one time for another", func(q *orchestrator.NodeQuery) {
			if q.OrderBy == orchestrator.NodesByDuration {
				q.OrderBy = orchestrator.NodesByFinished
			}
		}, "NodeOrder/orders"),
		nodesMutant("orders equal nodes by index, whatever the direction", func(q orchestrator.NodeQuery, nodes []orchestrator.Node) {
			if q.Descending && q.OrderBy != orchestrator.NodesByIndex {
				slices.SortFunc(nodes, func(a, b orchestrator.Node) int {
					return cmp.Or(compareNodes(q.OrderBy, &b, &a), cmp.Compare(a.Index, b.Index))
				})
			}
		}, "NodeOrder/ties"),
		nodesMutant("orders names without regard to case", func(q orchestrator.NodeQuery, nodes []orchestrator.Node) {
			if q.OrderBy == orchestrator.NodesByName && !q.Descending {
				slices.SortStableFunc(nodes, func(a, b orchestrator.Node) int {
					return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
				})
			}
		}, "NodeOrder/texts"),
		nodesMutant("puts nodes without a time last", func(q orchestrator.NodeQuery, nodes []orchestrator.Node) {
			if q.OrderBy == orchestrator.NodesByFinished && !q.Descending {
				slices.SortStableFunc(nodes, func(a, b orchestrator.Node) int { return cmp.Compare(lastIfZero(a.Finished), lastIfZero(b.Finished)) })
			}
		}, "NodeOrder/no-value"),
		nodesMutant("takes no time for no value", func(q orchestrator.NodeQuery, nodes []orchestrator.Node) {
			if q.OrderBy == orchestrator.NodesByDuration && !q.Descending {
				slices.SortFunc(nodes, func(a, b orchestrator.Node) int {
					return cmp.Or(cmp.Compare(max(duration(&a), 0), max(duration(&b), 0)), cmp.Compare(a.Index, b.Index))
				})
			}
		}, "NodeOrder/no-value"),
	}
}

func lastIfZero(t time.Time) int64 {
	if t.IsZero() {
		return math.MaxInt64
	}
	return t.UnixMilli()
}
