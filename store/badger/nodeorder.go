package badger

import (
	"context"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// nodeList says which nodes of a job a list has, those in a state or all if it is "", and in which
// order.
type nodeList struct {
	order orchestrator.NodeOrder
	state orchestrator.NodeState
}

func (l nodeList) has(state uint8) bool { return l.state == "" || l.state == nodeStates[state] }

// placesOf returns which places in a list of n nodes are those on a page. If the order is downwards,
// they have to be read from the last to the first.
func placesOf(q orchestrator.NodeQuery, n int) (from, to int) {
	from, to = min(q.Offset, n), n
	if q.Limit > 0 {
		to = from + min(q.Limit, n-from)
	}
	if q.Descending {
		from, to = n-to, n-from
	}
	return from, to
}

func inDirection(indexes []int32, q orchestrator.NodeQuery) []int32 {
	if q.Descending {
		slices.Reverse(indexes)
	}
	return indexes
}

// walked reports whether the nodes of a query are found with few steps by reading the rows of all
// nodes from its first one on.
func (job *known) walked(q orchestrator.NodeQuery) bool {
	if q.OrderBy != orchestrator.NodesByIndex || q.Descending {
		return false
	}
	n := job.counts.Of(q.State)
	return q.State == "" || q.From > 0 || job.nodes <= fewNodes || n == 0 || n == job.nodes || q.Limit == 0 && n > job.nodes/8
}

// inOrder returns the indexes of the nodes that are on a page, in its order, without looking at others.
// It returns false if that cannot be done.
func (s *Store) inOrder(ctx context.Context, id orchestrator.JobID, job known, q orchestrator.NodeQuery) ([]int32, bool, error) {
	if q.From > 0 || job.nodes <= fewNodes {
		return nil, false, nil
	}
	q = job.simplified(q)
	switch {
	case q.OrderBy == orchestrator.NodesByIndex && q.State == "":
		return job.byIndex(q), true, nil
	case job.ended:
		return s.endedNodes(ctx, id, job, q)
	default:
		return s.liveNodes(ctx, id, q)
	}
}

// simplified returns a query for the same nodes in the same order that leaves out what makes no
// difference.
func (job *known) simplified(q orchestrator.NodeQuery) orchestrator.NodeQuery {
	alike := q.State != ""
	for _, state := range orchestrator.NodeStates() {
		if job.counts.Of(state) == job.nodes {
			alike = true
			if q.State == state {
				q.State = ""
			}
		}
	}
	if q.OrderBy == orchestrator.NodesByState && alike {
		q.OrderBy = orchestrator.NodesByIndex
	}
	return q
}

func (job *known) byIndex(q orchestrator.NodeQuery) []int32 {
	from, to := placesOf(q, job.nodes)
	indexes := make([]int32, 0, to-from)
	for i := from; i < to; i++ {
		indexes = append(indexes, int32(i))
	}
	return inDirection(indexes, q)
}

// readColumns reads the columns of a job but for the names.
func (s *Store) readColumns(ctx context.Context, id orchestrator.JobID, p place) (*columns, error) {
	r := &columnsReader{heads: headsOf{job: id, place: p}, columns: newColumns(p.nodes)}
	return r.columns, s.readThrough(ctx, id, r.read)
}
