package storetest

import (
	"cmp"
	"slices"
	"strings"
	"time"

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

// population is all jobs of a store, and the names of their nodes.
type population struct {
	jobs  []orchestrator.Job
	nodes map[orchestrator.JobID][]string
}

// page returns the jobs that the query asks for, and the total of its page.
func (p *population) page(q orchestrator.JobQuery) (jobs []orchestrator.Job, total int) {
	compare := compareBy(q.OrderBy, q.Descending)
	for _, job := range p.jobs {
		if p.matches(&job, &q) {
			jobs = append(jobs, job)
		}
	}
	total = len(jobs)
	slices.SortFunc(jobs, compare)
	if q.After != 0 {
		after := orchestrator.Job{ID: q.After}
		if i := slices.IndexFunc(p.jobs, func(job orchestrator.Job) bool { return job.ID == q.After }); i >= 0 {
			after = p.jobs[i]
		}
		jobs = slices.DeleteFunc(jobs, func(job orchestrator.Job) bool { return compare(job, after) <= 0 })
	}
	return window(jobs, q.Offset, q.Limit), total
}

func (p *population) matches(job *orchestrator.Job, q *orchestrator.JobQuery) bool {
	return (q.Command == "" || job.Command == q.Command) &&
		(q.Task == "" || job.Command == orchestrator.CommandTask && strings.Contains(job.Task.Name, q.Task)) &&
		(q.State == "" || job.State == q.State) &&
		(q.Node == "" || slices.Contains(p.nodes[job.ID], q.Node)) &&
		(q.FinishedFrom.IsZero() || job.State.Terminal() && !job.Finished().Before(q.FinishedFrom)) &&
		(q.FinishedTo.IsZero() || job.State.Terminal() && !job.Finished().After(q.FinishedTo))
}

// window returns the values that an offset and a limit leave.
func window[T any](values []T, offset, limit int) []T {
	values = values[min(offset, len(values)):]
	if limit > 0 {
		values = values[:min(limit, len(values))]
	}
	return values
}

// compareBy returns how an order compares jobs.
func compareBy(order orchestrator.JobOrder, descending bool) func(a, b orchestrator.Job) int {
	return func(a, b orchestrator.Job) int {
		c := cmp.Or(compareIn(order, &a, &b), cmp.Compare(a.ID, b.ID))
		if descending {
			return -c
		}
		return c
	}
}

func compareIn(order orchestrator.JobOrder, a, b *orchestrator.Job) int {
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
		if n.Index >= q.From && (q.State == "" || n.State == q.State) {
			nodes = append(nodes, n)
		}
	}
	slices.SortFunc(nodes, func(a, b orchestrator.Node) int {
		c := cmp.Or(compareNodes(q.OrderBy, &a, &b), cmp.Compare(a.Index, b.Index))
		if q.Descending {
			return -c
		}
		return c
	})
	if q.Brief {
		for i := range nodes {
			nodes[i].Message, nodes[i].Result = "", nil
		}
	}
	return window(nodes, q.Offset, q.Limit)
}

func compareNodes(order orchestrator.NodeOrder, a, b *orchestrator.Node) int {
	switch order {
	case orchestrator.NodesByName:
		return strings.Compare(a.Name, b.Name)
	case orchestrator.NodesByDuration:
		return cmp.Compare(duration(a), duration(b))
	case orchestrator.NodesByState:
		return strings.Compare(string(a.State), string(b.State))
	case orchestrator.NodesByStarted:
		return a.Started.Compare(b.Started)
	case orchestrator.NodesByFinished:
		return a.Finished.Compare(b.Finished)
	default:
		return 0
	}
}

// duration returns how long a node has run, or less than nothing if it has not run to its end.
func duration(n *orchestrator.Node) time.Duration {
	if n.Started.IsZero() || n.Finished.IsZero() {
		return -1
	}
	return n.Finished.Sub(n.Started)
}
