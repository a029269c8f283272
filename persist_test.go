package orchestrator_test

import (
	"context"
	"iter"
	"slices"
	"sync"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// readNodes is a store that remembers what was asked for nodes.
type readNodes struct {
	orchestrator.Store

	mu      sync.Mutex
	queries []orchestrator.NodeQuery
}

func (s *readNodes) Nodes(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
	s.mu.Lock()
	s.queries = append(s.queries, q)
	s.mu.Unlock()
	return s.Store.Nodes(ctx, id, q)
}

// asked returns the queries so far.
func (s *readNodes) asked() []orchestrator.NodeQuery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.queries)
}

// group resolves every scope to a number of nodes.
type group int

func (g group) Resolve(context.Context, string, orchestrator.Scope) ([]string, error) {
	return names(int(g)), nil
}

func TestNodesAreReadOnlyIfTheJobDoesNotListThem(t *testing.T) {
	listed := func(n int) orchestrator.Scope { return orchestrator.Scope{Nodes: names(n)} }
	for name, test := range map[string]struct {
		scope orchestrator.Scope
		nodes int
		want  []orchestrator.NodeQuery
	}{
		"listed": {scope: listed(3), nodes: 3},
		"listed in part": {scope: listed(orchestrator.ScopeShown + 300), nodes: orchestrator.ScopeShown + 300, want: []orchestrator.NodeQuery{
			{State: orchestrator.NodeNew, From: orchestrator.ScopeShown, Limit: 256},
			{State: orchestrator.NodeNew, From: orchestrator.ScopeShown + 256, Limit: 44},
		}},
		"resolved": {scope: orchestrator.Scope{NodeGroup: "g"}, nodes: 3, want: []orchestrator.NodeQuery{
			{State: orchestrator.NodeNew, Limit: 3},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			store := &readNodes{Store: memory.New()}
			runner := &orchestratortest.Runner{}
			o := started(t, store, runner, &orchestrator.Options{Resolver: group(test.nodes)})
			job := deployRequest(t, o, orchestrator.DeployRequest{Scope: test.scope})
			job = orchestratortest.Await(t, o, job.ID)
			wantEnd(t, job, orchestrator.JobFinished, orchestrator.NodeCounts{Finished: test.nodes})
			if got := store.asked(); !slices.Equal(got, test.want) {
				t.Errorf("the store was asked for %+v, want %+v", got, test.want)
			}
			wantEachOnce(t, runner, test.nodes)
			for i, n := range nodesOf(t, o, job.ID) {
				if n.Index != i || n.Name != names(test.nodes)[i] {
					t.Fatalf("node %d is %+v", i, n)
				}
			}
		})
	}
}

// wantEachOnce fails the test unless each of n nodes was run, and none twice.
func wantEachOnce(t *testing.T, runner *orchestratortest.Runner, n int) {
	t.Helper()
	var ran []string
	for _, req := range runner.Runs() {
		ran = append(ran, req.Node)
	}
	slices.Sort(ran)
	if !slices.Equal(ran, names(n)) {
		t.Errorf("%d runs of %d nodes", len(ran), n)
	}
}
