package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	nodesRule        = "Nodes yields the nodes of a job that the query asks for, in the order that it asks for."
	nodesUnknownRule = "It yields [ErrNotFound] if there is no such job."
	nodeStateRule    = `only nodes in this state; "" means any`
	nodeFromRule     = "only nodes with this Index or a greater one"
	nodeOffsetRule   = "leave out so many"
	nodeLimitRule    = "at most so many; 0 means all"
	nodeBorrowRule   = "a Result is used only until the next node is asked for: the store may then use its memory again"
	nodeBriefRule    = "without what the nodes say: Message and Result are empty in all that is yielded"
)

func nodeChecks() []Check {
	const finished = orchestrator.NodeFinished
	return []Check{
		{Name: "Nodes/order", Rule: nodesRule, Run: checkNodeOrder},
		{Name: "Nodes/of-one-job", Rule: nodesRule, Run: checkOfOneJob},
		{Name: "Nodes/unknown", Rule: nodesUnknownRule, Run: checkNodesUnknown},
		{Name: "NodeQuery/state", Rule: nodeStateRule, Run: checkNodeQuery(
			orchestrator.NodeQuery{State: orchestrator.NodeNew}, orchestrator.NodeQuery{State: orchestrator.NodeRunning},
			orchestrator.NodeQuery{State: finished}, orchestrator.NodeQuery{State: orchestrator.NodeErrored})},
		{Name: "NodeQuery/from", Rule: nodeFromRule, Run: checkNodeQuery(
			orchestrator.NodeQuery{From: -1}, orchestrator.NodeQuery{From: 1}, orchestrator.NodeQuery{From: 255}, orchestrator.NodeQuery{From: 256},
			orchestrator.NodeQuery{From: iterated - 1}, orchestrator.NodeQuery{From: iterated}, orchestrator.NodeQuery{From: math.MaxInt})},
		{Name: "NodeQuery/limit", Rule: nodeLimitRule, Run: checkNodeQuery(
			orchestrator.NodeQuery{}, orchestrator.NodeQuery{Limit: 1}, orchestrator.NodeQuery{Limit: 256}, orchestrator.NodeQuery{Limit: 257},
			orchestrator.NodeQuery{Limit: iterated}, orchestrator.NodeQuery{Limit: math.MaxInt})},
		{Name: "NodeQuery/offset", Rule: nodeOffsetRule, Run: checkNodeQuery(
			orchestrator.NodeQuery{Offset: 1}, orchestrator.NodeQuery{Offset: 256}, orchestrator.NodeQuery{Offset: iterated - 1},
			orchestrator.NodeQuery{Offset: iterated}, orchestrator.NodeQuery{Offset: math.MaxInt}, orchestrator.NodeQuery{Offset: math.MaxInt, Limit: math.MaxInt})},
		{Name: "Nodes/state-from-limit", Rule: nodesRule, Run: checkNodeQuery(
			orchestrator.NodeQuery{From: 300, Limit: 100}, orchestrator.NodeQuery{State: finished, Limit: 1},
			orchestrator.NodeQuery{State: finished, From: 10, Limit: 40}, orchestrator.NodeQuery{State: finished, From: 590, Limit: 40},
			orchestrator.NodeQuery{State: finished, From: 10, Offset: 150, Limit: 5}, orchestrator.NodeQuery{From: 300, Offset: 290, Limit: 40})},
		{Name: "NodeQuery/state-long", Rule: nodeStateRule, Run: checkLongStates},
		{Name: "NodeQuery/borrow", Rule: nodeBorrowRule, Run: checkBorrowedNodes},
		{Name: "NodeQuery/brief", Rule: nodeBriefRule, Run: checkBriefNodes},
	}
}

func checkNodeOrder(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	given := nodeNames(iterated)
	slices.SortFunc(given, func(a, b string) int { return slices.Compare(reversed(a), reversed(b)) })
	job, err := s.CreateJob(ctx, plainJob(), given)
	if err != nil {
		return err
	}
	nodes, err := readNodes(ctx, s, job.ID)
	if err != nil {
		return err
	}
	if got := names(nodes); !slices.Equal(got, given) {
		return fmt.Errorf("Nodes: got %d nodes in an order that is not the one given to CreateJob", len(got))
	}
	return nil
}

func reversed(text string) []byte {
	b := []byte(text)
	slices.Reverse(b)
	return b
}

// checkOfOneJob has jobs whose IDs begin or end with the same byte, some of them with events.
func checkOfOneJob(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	first, err := createMany(ctx, s, 258)
	if err != nil {
		return err
	}
	var want []history
	for i, written := range map[orchestrator.JobID]bool{0: true, 1: false, 254: false, 255: true, 256: true, 257: false} {
		h, err := writeOne(ctx, s, first+i, written)
		if err != nil {
			return err
		}
		want = append(want, h)
	}
	for _, h := range want {
		if err := unchanged(ctx, s, h); err != nil {
			return fmt.Errorf("job %d: %w", h.Job.ID, err)
		}
	}
	return nil
}

// writeOne writes the only node of a job, if asked to, and returns what the job should have
// become. It asks for the job to be stopped so that it comes before all others.
func writeOne(ctx context.Context, s orchestrator.Store, id orchestrator.JobID, write bool) (history, error) {
	if !write {
		job, err := s.Job(ctx, id)
		return newHistory(job, nodeNames(1)), err
	}
	if _, err := s.RequestStop(ctx, id, false); err != nil {
		return history{}, err
	}
	w, err := claimJob(ctx, s, alice, long, id)
	if err != nil {
		return history{}, err
	}
	node := fullNode(0)
	node.Message = fmt.Sprintf("of the job %d", id)
	b := w.batch(node)
	want := newHistory(w.job, nodeNames(1))
	want.apply(b)
	return want, w.commit(ctx, b)
}

func checkNodesUnknown(ctx context.Context, open Opener) error {
	return eachUnknown(ctx, open, "Nodes", func(s orchestrator.Store, id orchestrator.JobID) error {
		_, err := collect(s.Nodes(ctx, id, orchestrator.NodeQuery{From: 1000, State: orchestrator.NodeFailed, Limit: 1}))
		if !errors.Is(err, orchestrator.ErrNotFound) {
			return err
		}
		_, err = readNodes(ctx, s, id)
		return err
	})
}

// checkNodeQuery returns a check of queries among nodes of which every third is finished and
// some are running.
func checkNodeQuery(queries ...orchestrator.NodeQuery) func(context.Context, Opener) error {
	return func(ctx context.Context, open Opener) error {
		s, w, err := openHeld(ctx, open, iterated)
		if err != nil {
			return err
		}
		var changed []orchestrator.Node
		for i := range iterated {
			n := runningNode(i)
			switch {
			case i%3 == 0:
				n.State = orchestrator.NodeFinished
			case i%50 != 1:
				continue
			}
			changed = append(changed, n)
		}
		b := w.batch(changed...)
		if err := w.commit(ctx, b); err != nil {
			return err
		}
		all := newHistory(w.job, nodeNames(iterated))
		all.apply(b)
		for _, q := range queries {
			nodes, err := collect(s.Nodes(ctx, w.job.ID, q))
			if err != nil {
				return fmt.Errorf("Nodes(%+v): %w", q, err)
			}
			if err := same(fmt.Sprintf("Nodes(%+v)", q), nodesOf(all.Nodes, q), nodes); err != nil {
				return err
			}
		}
		return nil
	}
}

// checkBriefNodes has nodes with messages and results of all lengths, some of which run, beside others
// that say nothing.
func checkBriefNodes(ctx context.Context, open Opener) error {
	s, h, err := openNodes(ctx, open, nodeNames(12), func(n *orchestrator.Node) {
		switch n.Index % 4 {
		case 1:
			*n = fullNode(n.Index)
		case 2:
			*n = busyNode(n.Index)
		case 3:
			*n = fullNode(n.Index)
			n.Result = result(60_000)
		}
	})
	if err != nil {
		return err
	}
	for _, q := range []orchestrator.NodeQuery{{}, {From: 3}, {Offset: 2, Limit: 3}, {State: orchestrator.NodeFailed}} {
		for _, q.Brief = range []bool{false, true} {
			if err := eachNodeOrder(ctx, s, h, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkLongStates has states that many nodes are in.
func checkLongStates(ctx context.Context, open Opener) error {
	s, h, err := openNodes(ctx, open, nodeNames(9*iterated), func(n *orchestrator.Node) {
		switch {
		case n.Index%7 == 3:
			n.State, n.Started, n.Finished = orchestrator.NodeFailed, at(0), at(1)
		case n.Index < 6*iterated:
			n.State, n.Started, n.Finished = orchestrator.NodeFinished, at(0), at(2)
		}
	})
	if err != nil {
		return err
	}
	for _, state := range []orchestrator.NodeState{orchestrator.NodeNew, orchestrator.NodeFinished, orchestrator.NodeFailed, orchestrator.NodeErrored} {
		for _, q := range []orchestrator.NodeQuery{{}, {From: 700}, {Offset: 300}, {Brief: true}} {
			q.State = state
			if err := nodesShown(ctx, s, h, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkBorrowedNodes looks at each node while it is good.
func checkBorrowedNodes(ctx context.Context, open Opener) error {
	s, h, err := openNodes(ctx, open, nodeNames(iterated), func(n *orchestrator.Node) {
		if n.Index%9 != 4 {
			*n = fullNode(n.Index)
			n.Result = json.RawMessage(fmt.Sprintf(`{"of":%d,"long":%q}`, n.Index, strings.Repeat("x", n.Index%7*400)))
		}
	})
	if err != nil {
		return err
	}
	want := nodesOf(h.Nodes, orchestrator.NodeQuery{})
	i := 0
	for n, err := range s.Nodes(ctx, h.Job.ID, orchestrator.NodeQuery{Borrow: true}) {
		if err != nil {
			return err
		}
		if i >= len(want) {
			return fmt.Errorf("Nodes: got more than the %d nodes that there are", len(want))
		}
		if err := same(fmt.Sprintf("Nodes(borrowed), node %d", i), want[i], n); err != nil {
			return err
		}
		i++
	}
	if i != len(want) {
		return fmt.Errorf("Nodes: got %d nodes, want %d", i, len(want))
	}
	return nil
}
