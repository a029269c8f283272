package badger

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// checkHistory compares the events and the nodes of a job with what was committed.
func checkHistory(t *testing.T, s *Store, id orchestrator.JobID, want []orchestrator.Event, nodes []orchestrator.Node) {
	t.Helper()
	for _, from := range []int{1, len(want) / 2, len(want)} {
		i := max(from, 1) - 1
		for ev, err := range s.Events(t.Context(), id, orchestrator.EventID(from)) {
			if err != nil {
				t.Fatal(err)
			}
			same(t, "event", ev, want[i])
			i++
		}
		if i != len(want) {
			t.Errorf("events from %d: they end with %d, want %d", from, i, len(want))
		}
	}
	for _, state := range append(orchestrator.NodeStates(), "") {
		i := 0
		for n, err := range s.Nodes(t.Context(), id, orchestrator.NodeQuery{State: state}) {
			if err != nil {
				t.Fatal(err)
			}
			for state != "" && nodes[i].State != state {
				i++
			}
			same(t, "node", n, nodes[i])
			i++
		}
	}
}

// TestHistory commits random changes of nodes, small and large, also such that an orchestrator
// does not make, and opens the store again now and then.
func TestHistory(t *testing.T) {
	t.Parallel()
	const count, rounds = 4000, 60
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	s := openTest(t, dir)
	w := mustWorker(t, s, count)
	var events []orchestrator.Event
	nodes := make([]orchestrator.Node, count)
	for i := range nodes {
		nodes[i] = orchestrator.Node{Index: i, Name: nodeName(i), State: orchestrator.NodeNew}
	}
	for round := range rounds {
		var changed []orchestrator.Node
		for range r.IntN(200) {
			n := running(r.IntN(count))
			switch r.IntN(6) {
			case 0, 1:
				n = finished(n.Index, r.IntN(500))
			case 2:
				n.Message = "running still"
			case 3:
				n.Result = result(r.IntN(500), round)
			}
			changed = append(changed, n)
		}
		if r.IntN(4) == 0 {
			n := finished(r.IntN(count), r.IntN(800_000))
			if r.IntN(2) == 0 {
				n.State = orchestrator.NodeRunning
			}
			changed = append(changed, n)
		}
		changed = slices.DeleteFunc(changed, func(n orchestrator.Node) bool {
			if nodes[n.Index].State.Terminal() {
				return true
			}
			nodes[n.Index].State = n.State
			return false
		})
		b := w.batch(changed...)
		w.mustCommit(t, b)
		events = append(events, b.Events...)
		for _, ev := range b.Events {
			nodes[ev.Node.Index] = ev.Node
		}
		if round%10 == 9 {
			checkHistory(t, s, w.lease.Job, events, nodes)
		}
		if round%20 == 19 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openTest(t, dir)
			var err error
			if w, err = claimAny(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	countRows(t, s)
}

// TestLargePages reads lists whose values are so long that a page holds one.
func TestLargePages(t *testing.T) {
	const count = 6
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, count)
	var events []orchestrator.Event
	nodes := make([]orchestrator.Node, count)
	for i := range count {
		b := w.batch(finished(i, orchestrator.MaxBatchBytes))
		w.mustCommit(t, b)
		events = append(events, b.Events...)
		nodes[i] = b.Events[0].Node
	}
	checkHistory(t, s, w.lease.Job, events, nodes)
	// A page ends when it is long enough, and the next one goes on behind it.
	l := newNodeReading(w.lease.Job, known{place: s.state.jobs[w.lease.Job].place}, orchestrator.NodeQuery{})
	for want := range count {
		err := s.read(t.Context(), func(sn *snapshot) error {
			page, more, err := l.read(sn)
			if len(page) != 1 || page[0].Index != want || more != (want < count-1) {
				t.Errorf("page %d: got %d nodes and more=%t", want, len(page), more)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeepResults keeps what iterators yield while they go on, and changes it.
func TestKeepResults(t *testing.T) {
	const count = 1000
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, count)
	w.finish(t, count, 100)
	for range 2 {
		var kept [][]byte
		for n, err := range s.Nodes(t.Context(), w.lease.Job, orchestrator.NodeQuery{}) {
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, n.Result)
			_ = append(n.Result, "behind the end"...)
		}
		for i, got := range kept {
			if want := result(100, i); !slices.Equal(got, want) {
				t.Fatalf("node %d: got the result %s, want %s", i, got, want)
			}
			clear(got)
		}
	}
}

// TestVersionsAreDropped reads while much is written and looks whether readers let go of old rows.
func TestVersionsAreDropped(t *testing.T) {
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, 10)
	before := s.state.visible
	for _, err := range s.Nodes(t.Context(), w.lease.Job, orchestrator.NodeQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		w.mustCommit(t, w.batch(running(0)))
	}
	st := s.state
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.visible != before+10 || st.oldest() != st.visible || len(st.reads) != 0 {
		t.Errorf("the versions from %d to %d are kept, want %d only", st.oldest(), st.visible, before+10)
	}
}
