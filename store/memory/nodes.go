package memory

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// Nodes yields the nodes of a job that the query asks for. In an order that is not that in which
// they were given, they are those, and as, they were when the iteration began.
func (s *Store) Nodes(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
	return func(yield func(orchestrator.Node, error) bool) {
		if err := validateNodes(q); err != nil {
			yield(orchestrator.Node{}, err)
			return
		}
		nodes := s.nodesByIndex(ctx, id, q)
		if q.OrderBy != orchestrator.NodesByIndex || q.Descending {
			nodes = s.nodesOrdered(ctx, id, q)
		}
		some(q.Offset, q.Limit, nodes)(yield)
	}
}

func validateNodes(q orchestrator.NodeQuery) error {
	if nodeComparison(q.OrderBy) == nil {
		return &orchestrator.InvalidError{Field: "OrderBy", Value: string(q.OrderBy), Reason: "must be an order of nodes"}
	}
	return validatePart(q.Offset, q.Limit)
}

// nodesByIndex yields the nodes that pass the filters of the query, reading them as it goes.
func (s *Store) nodesByIndex(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
	page := func(from int, buf []orchestrator.Node) (_ []orchestrator.Node, next int, err error) {
		err = s.withNodes(ctx, id, func(nodes []orchestrator.Node) {
			var page []orchestrator.Node
			page, next = cut(nodes, from)
			buf = appendIn(q.State, buf, page)
		})
		return buf, next, err
	}
	return paged(max(q.From, 0), page, cloneFor(q))
}

// cloneFor returns what makes of a node what the query yields.
func cloneFor(q orchestrator.NodeQuery) func(*orchestrator.Node) orchestrator.Node {
	if !q.Brief {
		return (*orchestrator.Node).Clone
	}
	return func(n *orchestrator.Node) orchestrator.Node {
		brief := *n
		brief.Message, brief.Result = "", nil
		return brief
	}
}

// nodesOrdered yields the nodes that pass the filters of the query in the query's order.
func (s *Store) nodesOrdered(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
	return func(yield func(orchestrator.Node, error) bool) {
		var sorted []orchestrator.Node
		err := s.withNodes(ctx, id, func(nodes []orchestrator.Node) {
			sorted = appendIn(q.State, nil, nodes[min(max(q.From, 0), len(nodes)):])
		})
		if err != nil {
			yield(orchestrator.Node{}, err)
			return
		}
		compare := nodeComparison(q.OrderBy)
		if q.Descending {
			slices.SortFunc(sorted, func(a, b orchestrator.Node) int { return compare(&b, &a) })
		} else {
			slices.SortFunc(sorted, func(a, b orchestrator.Node) int { return compare(&a, &b) })
		}
		page := func(from int, buf []orchestrator.Node) (_ []orchestrator.Node, next int, err error) {
			err = s.withNodes(ctx, id, func([]orchestrator.Node) {
				var page []orchestrator.Node
				page, next = cut(sorted, from)
				buf = append(buf, page...)
			})
			return buf, next, err
		}
		paged(0, page, cloneFor(q))(yield)
	}
}

// withNodes calls use, as a call of its own, with the nodes of a job. They must not be used
// afterwards.
func (s *Store) withNodes(ctx context.Context, id orchestrator.JobID, use func(nodes []orchestrator.Node)) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	s.mu.RLock()
	defer s.mu.RUnlock()
	rec, err := s.find(id)
	if err != nil {
		return err
	}
	use(rec.nodes)
	return nil
}

// appendIn appends the nodes that are in a state, or all if it is "".
func appendIn(state orchestrator.NodeState, to, nodes []orchestrator.Node) []orchestrator.Node {
	for i := range nodes {
		if state == "" || nodes[i].State == state {
			to = append(to, nodes[i])
		}
	}
	return to
}

// nodeComparison returns how an order compares nodes, nil if there is no such order. No two nodes
// of a job are equal by it.
func nodeComparison(order orchestrator.NodeOrder) func(a, b *orchestrator.Node) int {
	var by func(a, b *orchestrator.Node) int
	switch order {
	case orchestrator.NodesByIndex:
		by = func(_, _ *orchestrator.Node) int { return 0 }
	case orchestrator.NodesByName:
		by = func(a, b *orchestrator.Node) int { return strings.Compare(a.Name, b.Name) }
	case orchestrator.NodesByDuration:
		by = func(a, b *orchestrator.Node) int { return cmp.Compare(duration(a), duration(b)) }
	case orchestrator.NodesByState:
		by = func(a, b *orchestrator.Node) int { return strings.Compare(string(a.State), string(b.State)) }
	case orchestrator.NodesByStarted:
		by = func(a, b *orchestrator.Node) int { return a.Started.Compare(b.Started) }
	case orchestrator.NodesByFinished:
		by = func(a, b *orchestrator.Node) int { return a.Finished.Compare(b.Finished) }
	default:
		return nil
	}
	return func(a, b *orchestrator.Node) int { return cmp.Or(by(a, b), cmp.Compare(a.Index, b.Index)) }
}

// duration returns how long a node has run, or less than nothing if it has not run to its end.
func duration(n *orchestrator.Node) time.Duration {
	if n.Started.IsZero() || n.Finished.IsZero() {
		return -1 << 63
	}
	return n.Finished.Sub(n.Started)
}
