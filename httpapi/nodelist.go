package httpapi

import (
	"context"
	"iter"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// nodeList is the part of a job's nodes that a client asks for.
type nodeList struct {
	query orchestrator.NodeQuery
	none  bool // nothing can be in it
}

// of yields the nodes.
func (l *nodeList) of(ctx context.Context, o *orchestrator.Orchestrator, id orchestrator.JobID) iter.Seq2[orchestrator.Node, error] {
	if l.none {
		return func(func(orchestrator.Node, error) bool) {}
	}
	return o.Nodes(ctx, id, l.query)
}

// nodeOrders are the orders of nodes by their names on the wire.
var nodeOrders = map[string]orchestrator.NodeOrder{
	"":                 orchestrator.NodesByIndex,
	"name":             orchestrator.NodesByName,
	"duration":         orchestrator.NodesByDuration,
	"state":            orchestrator.NodesByState,
	"start_timestamp":  orchestrator.NodesByStarted,
	"finish_timestamp": orchestrator.NodesByFinished,
}

// nodeList reads which nodes the client asks for. The documentation lists the states of jobs as those
// to choose from; those of nodes are meant, and both are taken: there is just no node in a state that
// only jobs have.
func (h *handler) nodeList(c *call) (nodeList, error) {
	var list nodeList
	query, err := c.query()
	if err != nil {
		return list, err
	}
	limit, err := query.limit(h.opts.MaxLimit)
	if err != nil {
		return list, err
	}
	if limit != nil {
		list.query.Limit, list.none = *limit, *limit == 0
	}
	if list.query.Offset, err = query.offset(); err != nil {
		return list, err
	}
	orderBy, err := query.oneOf("order_by", "name", "duration", "state", "start_timestamp", "finish_timestamp")
	if err != nil {
		return list, err
	}
	list.query.OrderBy = nodeOrders[orderBy]
	order, err := query.oneOf("order", "asc", "desc")
	if err != nil {
		return list, err
	}
	list.query.Descending = order == "desc"
	nodeStates, jobStates := namesOf(orchestrator.NodeStates()), namesOf(orchestrator.JobStates())
	state, err := query.oneOf("state", union(nodeStates, jobStates)...)
	if err != nil {
		return list, err
	}
	list.query.State = orchestrator.NodeState(state)
	if state != "" && !slices.Contains(nodeStates, state) {
		list.query.State, list.none = "", true
	}
	return list, nil
}

// union returns the values of both lists, each once.
func union(a, b []string) []string {
	both := slices.Clone(a)
	for _, v := range b {
		if !slices.Contains(both, v) {
			both = append(both, v)
		}
	}
	return both
}
