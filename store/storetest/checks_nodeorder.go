package storetest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	nodeOrderRule      = "NodeOrder is what a list of nodes is ordered by."
	nodeTiesRule       = "Nodes that are equal by it are ordered by Index, in the same direction."
	nodeTextsRule      = "Texts are ordered by their bytes."
	nodeNoValueRule    = "A node without a value comes before those that have one."
	nodeDescendingRule = "the greatest first"
)

func nodeOrderChecks() []Check {
	return []Check{
		{Name: "NodeOrder/orders", Rule: nodeOrderRule, Run: checkNodeOrders},
		{Name: "NodeOrder/pages", Rule: nodeOrderRule, Run: checkNodePages},
		{Name: "NodeOrder/ties", Rule: nodeTiesRule, Run: checkNodeTies},
		{Name: "NodeOrder/texts", Rule: nodeTextsRule, Run: checkNodeTexts},
		{Name: "NodeOrder/no-value", Rule: nodeNoValueRule, Run: checkNoValue},
		{Name: "NodeQuery/descending", Rule: nodeDescendingRule, Run: checkNodeQuery(
			orchestrator.NodeQuery{Descending: true}, orchestrator.NodeQuery{Descending: true, From: 257},
			orchestrator.NodeQuery{Descending: true, Offset: 3, Limit: 300}, orchestrator.NodeQuery{Descending: true, State: orchestrator.NodeFinished, Limit: 5})},
	}
}

// nodeOrders returns all orders of nodes.
func nodeOrders() []orchestrator.NodeOrder {
	return []orchestrator.NodeOrder{
		orchestrator.NodesByIndex,
		orchestrator.NodesByName,
		orchestrator.NodesByDuration,
		orchestrator.NodesByState,
		orchestrator.NodesByStarted,
		orchestrator.NodesByFinished,
	}
}

// openNodes opens a store with a job whose nodes have the given names, and become what change
// makes of them: those that it leaves new are not written.
func openNodes(ctx context.Context, open Opener, names []string, change func(n *orchestrator.Node)) (orchestrator.Store, history, error) {
	s, err := open(ctx)
	if err != nil {
		return nil, history{}, err
	}
	job, err := s.CreateJob(ctx, plainJob(), names)
	if err != nil {
		return nil, history{}, fmt.Errorf("CreateJob: %w", err)
	}
	w, err := claimJob(ctx, s, alice, long, job.ID)
	if err != nil {
		return nil, history{}, err
	}
	h := newHistory(job, names)
	var changed []orchestrator.Node
	for _, n := range h.Nodes {
		if change(&n); n.State != orchestrator.NodeNew {
			changed = append(changed, n)
		}
	}
	for some := range slices.Chunk(changed, orchestrator.MaxBatchEvents/2) {
		b := w.batch(some...)
		h.apply(b)
		if err := w.commit(ctx, b); err != nil {
			return nil, history{}, err
		}
	}
	return s, h, nil
}

// nodesShown returns an error unless the store yields the nodes that the query asks for.
func nodesShown(ctx context.Context, s orchestrator.Store, h history, q orchestrator.NodeQuery) error {
	nodes, err := collect(s.Nodes(ctx, h.Job.ID, q))
	if err != nil {
		return fmt.Errorf("Nodes(%+v): %w", q, err)
	}
	return same(fmt.Sprintf("Nodes(%+v)", q), nodesOf(h.Nodes, q), nodes)
}

// eachNodeOrder is nodesShown for a query in every order and direction.
func eachNodeOrder(ctx context.Context, s orchestrator.Store, h history, q orchestrator.NodeQuery) error {
	for _, q.OrderBy = range nodeOrders() {
		for _, q.Descending = range []bool{false, true} {
			if err := nodesShown(ctx, s, h, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// randomNode brings a node into a random state, at one of a few times.
func randomNode(r *rand.Rand) func(n *orchestrator.Node) {
	return func(n *orchestrator.Node) {
		n.State = pick(r, orchestrator.NodeStates())
		started := at(r.IntN(10))
		switch n.State {
		case orchestrator.NodeNew, orchestrator.NodeSkipped:
		case orchestrator.NodeRunning:
			n.Started = started
		default:
			n.Started, n.Finished = started, started.Add(time.Duration(r.IntN(10))*time.Second)
			n.Result = result(40)
		}
	}
}

// checkNodeOrders has no two nodes that are equal by their name or any of their times.
func checkNodeOrders(ctx context.Context, open Opener) error {
	const nodes = 97
	names := make([]string, nodes)
	for i := range names {
		names[i] = nodeName(i * 7 % nodes)
	}
	s, h, err := openNodes(ctx, open, names, func(n *orchestrator.Node) {
		*n = fullNode(n.Index)
		n.Name = names[n.Index]
		n.State = []orchestrator.NodeState{orchestrator.NodeFinished, orchestrator.NodeFailed, orchestrator.NodeErrored}[n.Index%3]
		n.Started = at(n.Index * 11 % nodes)
		n.Finished = at(10*nodes + n.Index*13%nodes)
	})
	if err != nil {
		return err
	}
	return eachNodeOrder(ctx, s, h, orchestrator.NodeQuery{})
}

// checkNodePages has many nodes in all states, and queries with everything.
func checkNodePages(ctx context.Context, open Opener) error {
	r := newRandom(4)
	names := nodeNames(iterated)
	r.Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
	s, h, err := openNodes(ctx, open, names, randomNode(r))
	if err != nil {
		return err
	}
	for _, q := range []orchestrator.NodeQuery{
		{}, {Limit: 1}, {Offset: 1, Limit: 2}, {Limit: iterated}, {Offset: iterated - 1}, {Offset: iterated, Limit: 5},
		{Offset: math.MaxInt, Limit: math.MaxInt}, {From: 300, Offset: 7, Limit: 280}, {From: iterated},
	} {
		for _, q.State = range append(orchestrator.NodeStates(), "") {
			if err := eachNodeOrder(ctx, s, h, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkNodeTies has nodes that are equal by all that they can be equal by.
func checkNodeTies(ctx context.Context, open Opener) error {
	s, h, err := openNodes(ctx, open, nodeNames(300), func(n *orchestrator.Node) {
		n.State, n.Started, n.Finished = orchestrator.NodeFinished, at(n.Index/100), at(n.Index/100+5)
	})
	if err != nil {
		return err
	}
	return eachNodeOrder(ctx, s, h, orchestrator.NodeQuery{})
}

func checkNodeTexts(ctx context.Context, open Opener) error {
	names := []string{"b", "a", "B", "a.b", "a-b", "a:b", "ab", "a_b", "Z", "_", "0", "10", "9", "aa", "A"}
	s, h, err := openNodes(ctx, open, names, func(n *orchestrator.Node) {
		if n.Index%2 == 0 {
			n.State = orchestrator.NodeRunning
		}
	})
	if err != nil {
		return err
	}
	return eachNodeOrder(ctx, s, h, orchestrator.NodeQuery{})
}

// checkNoValue has nodes that have not started, or not finished, and some that took no time.
func checkNoValue(ctx context.Context, open Opener) error {
	s, h, err := openNodes(ctx, open, nodeNames(12), func(n *orchestrator.Node) {
		switch n.Index % 6 {
		case 0:
		case 1:
			n.State = orchestrator.NodeSkipped
		case 2:
			n.State, n.Started = orchestrator.NodeRunning, at(0)
		case 3: // never started
			n.State, n.Finished = orchestrator.NodeErrored, at(3)
		case 4:
			n.State, n.Started, n.Finished = orchestrator.NodeFinished, at(2), at(2)
		case 5:
			n.State, n.Started, n.Finished = orchestrator.NodeFailed, at(1), at(2)
		}
	})
	if err != nil {
		return err
	}
	return eachNodeOrder(ctx, s, h, orchestrator.NodeQuery{})
}
