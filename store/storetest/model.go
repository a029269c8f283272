package storetest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// newHistory returns the history of a job that has just been created.
func newHistory(job orchestrator.Job, nodes []string) history {
	h := history{Job: job.Clone()}
	for i, name := range nodes {
		h.Nodes = append(h.Nodes, orchestrator.Node{Index: i, Name: name, State: orchestrator.NodeNew})
	}
	return h
}

// apply does to the history what Commit has to do to the job.
func (h *history) apply(b orchestrator.Batch) {
	h.Job.Progress = b.Progress.Clone()
	for _, e := range b.Events {
		h.Events = append(h.Events, e.Clone())
		if e.Node.Name != "" {
			h.Nodes[e.Node.Index] = e.Node.Clone()
		}
	}
}

// pageOf returns the jobs that the query asks for out of all jobs.
func pageOf(all []orchestrator.Job, q orchestrator.JobQuery) []orchestrator.Job {
	jobs := slices.Clone(all)
	compare := func(a, b orchestrator.Job) int {
		c := cmp.Or(compareBy(q.OrderBy, a, b), cmp.Compare(a.ID, b.ID))
		if q.Descending {
			return -c
		}
		return c
	}
	slices.SortFunc(jobs, compare)
	if q.After != 0 {
		after := orchestrator.Job{ID: q.After}
		if i := slices.IndexFunc(jobs, func(job orchestrator.Job) bool { return job.ID == q.After }); i >= 0 {
			after = jobs[i]
		}
		jobs = slices.DeleteFunc(jobs, func(job orchestrator.Job) bool { return compare(job, after) <= 0 })
	}
	jobs = jobs[min(q.Offset, len(jobs)):]
	if q.Limit > 0 {
		jobs = jobs[:min(q.Limit, len(jobs))]
	}
	return jobs
}

func compareBy(order orchestrator.JobOrder, a, b orchestrator.Job) int {
	switch order {
	case orchestrator.OrderByOwner:
		return strings.Compare(a.Owner.Login, b.Owner.Login)
	case orchestrator.OrderByTimestamp:
		return a.Updated().Compare(b.Updated())
	case orchestrator.OrderByEnvironment:
		return strings.Compare(a.Environment, b.Environment)
	case orchestrator.OrderByState:
		return strings.Compare(string(a.State), string(b.State))
	default:
		return 0
	}
}

// nodesOf returns the nodes that the query asks for out of all nodes of a job.
func nodesOf(all []orchestrator.Node, q orchestrator.NodeQuery) []orchestrator.Node {
	var nodes []orchestrator.Node
	for _, n := range all {
		if n.Index >= q.From && (q.State == "" || n.State == q.State) && (q.Limit == 0 || len(nodes) < q.Limit) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}
