package badger

import (
	"cmp"
	"slices"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// TestNodesOfSmallJobs changes nodes of jobs that have just few enough nodes to have no rows of them, and
// of those that have one too many: nothing else may differ.
func TestNodesOfSmallJobs(t *testing.T) {
	for _, nodes := range []int{1, maxSmall, maxSmall + 1} {
		dir := t.TempDir()
		s := openTest(t, dir)
		w := mustWorker(t, s, nodes)
		silent := running(0)
		silent.Message, silent.Result = "half of it is done", result(300, 0)
		var want []orchestrator.Node
		for _, n := range []orchestrator.Node{running(0), silent, running(nodes - 1), finished(nodes-1, 20_000)} {
			b := w.batch(n)
			w.mustCommit(t, b)
			last := b.Events[0].Node
			want = append(slices.DeleteFunc(want, func(n orchestrator.Node) bool { return n.Index == last.Index }), last)
		}
		for i := range nodes {
			if !slices.ContainsFunc(want, func(n orchestrator.Node) bool { return n.Index == i }) {
				want = append(want, orchestrator.Node{Index: i, Name: nodeName(i), State: orchestrator.NodeNew})
			}
		}
		slices.SortFunc(want, func(a, b orchestrator.Node) int { return cmp.Compare(a.Index, b.Index) })
		checkSmall(t, s, want)
		if rows := countRows(t, s); (rows[kindHeads]+rows[kindNames] == 0) != (nodes <= maxSmall) {
			t.Errorf("%d nodes: they have rows: %v", nodes, rows)
		}
		s = reopen(t, s, dir)
		checkSmall(t, s, want)
		var err error
		if w, err = claimAny(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		w.mustCommit(t, w.ending())
		checkSmall(t, s, want)
	}
}

// checkSmall asks for the nodes of the first job in all ways.
func checkSmall(t *testing.T, s *Store, want []orchestrator.Node) {
	t.Helper()
	for _, q := range []orchestrator.NodeQuery{
		{}, {From: 1}, {From: len(want)}, {Offset: 1}, {Limit: 1}, {Descending: true}, {State: orchestrator.NodeNew}, {State: orchestrator.NodeFinished},
		{State: orchestrator.NodeRunning, Borrow: true}, {OrderBy: orchestrator.NodesByName, Descending: true}, {OrderBy: orchestrator.NodesByState, Limit: 2},
		{Brief: true}, {OrderBy: orchestrator.NodesByName, Brief: true},
	} {
		expected := slices.DeleteFunc(slices.Clone(want), func(n orchestrator.Node) bool {
			return n.Index < q.From || q.State != "" && n.State != q.State
		})
		slices.SortStableFunc(expected, func(a, b orchestrator.Node) int {
			if q.OrderBy == orchestrator.NodesByState {
				return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Index, b.Index))
			}
			return cmp.Compare(a.Index, b.Index)
		})
		if q.Descending {
			slices.Reverse(expected)
		}
		expected = expected[min(q.Offset, len(expected)):]
		if q.Limit > 0 {
			expected = expected[:min(q.Limit, len(expected))]
		}
		i := 0
		for n, err := range s.Nodes(t.Context(), 1, q) {
			if err != nil || i == len(expected) {
				t.Fatalf("%+v: node %d of %d, and the error %v", q, i, len(expected), err)
			}
			if q.Brief {
				expected[i].Message, expected[i].Result = "", nil
			}
			same(t, "node", n, expected[i])
			i++
		}
		if i != len(expected) {
			t.Errorf("%+v: got %d nodes, want %d", q, i, len(expected))
		}
	}
}

// TestCorruptSmallJob reads nodes from events that cannot be those of the job.
func TestCorruptSmallJob(t *testing.T) {
	for name, event := range map[string]orchestrator.Event{
		"a node that is not the job's": {ID: 1, Type: orchestrator.EventNodeRunning, Node: running(1)},
		"a node less than the first":   {ID: 1, Type: orchestrator.EventNodeRunning, Node: orchestrator.Node{Index: -1, Name: "a", State: orchestrator.NodeRunning}},
	} {
		dir := t.TempDir()
		s := openTest(t, dir)
		w := mustWorker(t, s, 1)
		w.mustCommit(t, w.batch(running(0)))
		rows, err := encodeEvents(&w.progress, []orchestrator.Event{event})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		write(t, dir, row{eventsKey(1, 1, 1), rows[0].value})
		s = openTest(t, dir)
		for _, err := range s.Nodes(t.Context(), 1, orchestrator.NodeQuery{}) {
			wantText(t, name, err, "out of range", keyText(eventsKey(1, 1, 1)))
		}
	}
}
