package badger

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// orderedNodes is how many nodes jobs have whose orders are looked at: more than stand in a chunk.
const orderedNodes = indexesPerChunk + 300

// shuffledWorker returns a worker on a job whose nodes are given in no order, and some of them as they
// are when they have changed.
func shuffledWorker(t *testing.T, s *Store, r *rand.Rand) (*worker, []string) {
	t.Helper()
	names := nodeNames(orderedNodes)
	r.Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
	if _, err := s.CreateJob(t.Context(), testJob(), names); err != nil {
		t.Fatal(err)
	}
	w, err := claimAny(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return w, names
}

// step brings nodes that are new into another state, and those that run to their end.
func step(r *rand.Rand, w *worker, names []string, n int) orchestrator.Batch {
	var nodes []orchestrator.Node
	for range n {
		i := r.IntN(len(names))
		node := orchestrator.Node{Index: i, Name: names[i], State: orchestrator.NodeRunning, Started: at(r.IntN(9))}
		if w.states[i].Terminal() || slices.ContainsFunc(nodes, func(n orchestrator.Node) bool { return n.Index == i }) {
			continue
		}
		if w.states[i] == orchestrator.NodeRunning || r.IntN(4) == 0 {
			node.State = []orchestrator.NodeState{orchestrator.NodeFinished, orchestrator.NodeFailed}[r.IntN(2)]
			node.Finished = node.Started.Add(time.Duration(r.IntN(5)) * time.Second)
		}
		nodes = append(nodes, node)
	}
	return w.batch(nodes...)
}

// wantNodes returns the nodes that a query asks for out of all.
func wantNodes(all []orchestrator.Node, q orchestrator.NodeQuery) []orchestrator.Node {
	nodes := slices.DeleteFunc(slices.Clone(all), func(n orchestrator.Node) bool { return q.State != "" && n.State != q.State })
	slices.SortFunc(nodes, func(a, b orchestrator.Node) int {
		c := cmp.Or(compareNodes(&a, &b, q.OrderBy), cmp.Compare(a.Index, b.Index))
		if q.Descending {
			return -c
		}
		return c
	})
	nodes = nodes[min(q.Offset, len(nodes)):]
	if q.Limit > 0 {
		nodes = nodes[:min(q.Limit, len(nodes))]
	}
	return nodes
}

func compareNodes(a, b *orchestrator.Node, order orchestrator.NodeOrder) int {
	ran := func(n *orchestrator.Node) time.Duration {
		if n.Started.IsZero() || n.Finished.IsZero() {
			return math.MinInt64
		}
		return n.Finished.Sub(n.Started)
	}
	switch order {
	case orchestrator.NodesByName:
		return strings.Compare(a.Name, b.Name)
	case orchestrator.NodesByState:
		return cmp.Compare(a.State, b.State)
	case orchestrator.NodesByStarted:
		return a.Started.Compare(b.Started)
	case orchestrator.NodesByFinished:
		return a.Finished.Compare(b.Finished)
	case orchestrator.NodesByDuration:
		return cmp.Compare(ran(a), ran(b))
	default:
		return 0
	}
}

func readAll(t *testing.T, s *Store, id orchestrator.JobID, q orchestrator.NodeQuery) []orchestrator.Node {
	t.Helper()
	var nodes []orchestrator.Node
	for n, err := range s.Nodes(t.Context(), id, q) {
		if err != nil {
			t.Fatalf("Nodes(%+v): %v", q, err)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// checkOrders compares pages in all orders with what reading all nodes gives, and fails if one of them
// is not found without looking at all nodes.
func checkOrders(t *testing.T, s *Store, id orchestrator.JobID) {
	t.Helper()
	all := readAll(t, s, id, orchestrator.NodeQuery{Brief: true})
	for _, q := range []orchestrator.NodeQuery{
		{Limit: 20}, {Offset: 13, Limit: 20}, {Offset: indexesPerChunk - 5, Limit: 10}, {}, {Offset: orderedNodes + 1, Limit: 2}, {Offset: orderedNodes - 3, Limit: 20},
	} {
		q.Brief = true
		for _, q.OrderBy = range append(storedOrders, orchestrator.NodesByState) {
			for _, q.State = range append(orchestrator.NodeStates(), "") {
				for _, q.Descending = range []bool{false, true} {
					checkOrder(t, s, id, q, all)
				}
			}
		}
	}
}

func checkOrder(t *testing.T, s *Store, id orchestrator.JobID, q orchestrator.NodeQuery, all []orchestrator.Node) {
	t.Helper()
	want := wantNodes(all, q)
	got := readAll(t, s, id, q)
	if !slices.EqualFunc(got, want, func(a, b orchestrator.Node) bool { return a.Index == b.Index && a.State == b.State }) {
		t.Fatalf("Nodes(%+v): got %d nodes, want %d, or they are in another order", q, len(got), len(want))
	}
	job, err := s.find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if job.walked(q) {
		return
	}
	if _, ok, err := s.inOrder(t.Context(), id, job, q); err != nil || !ok {
		t.Fatalf("inOrder(%+v): got ok=%t and the error %v", q, ok, err)
	}
}

// TestNodeOrders looks at the orders of a job's nodes as it goes on, and when it has ended.
func TestNodeOrders(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	dir := t.TempDir()
	s := openTest(t, dir)
	w, names := shuffledWorker(t, s, r)
	id := w.lease.Job
	checkOrders(t, s, id)
	for _, n := range []int{1, 3, 40, 2, 300, 1, 20, 600} {
		w.mustCommit(t, step(r, w, names, n))
		if s.state.jobs[id].order == nil {
			t.Fatal("the order was dropped")
		}
		checkOrders(t, s, id)
	}
	for range 3 { // so much that the order is dropped
		w.mustCommit(t, step(r, w, names, 600))
	}
	checkOrders(t, s, id)
	w.mustCommit(t, w.ending())
	if s.state.ordered != 0 {
		t.Errorf("the order of a job that has ended is kept: %d nodes", s.state.ordered)
	}
	s.background.Wait()
	checkOrders(t, s, id)
	if rows := countRows(t, s); rows[kindUnsettled] != 0 {
		t.Error("the job is still to be ordered")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkOrders(t, openTest(t, dir), id)
}

// TestNodeOrdersAlike has nodes that are all in one state.
func TestNodeOrdersAlike(t *testing.T) {
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, orderedNodes)
	w.finish(t, orderedNodes, 50)
	checkOrders(t, s, w.lease.Job)
	w.mustCommit(t, w.ending())
	s.background.Wait()
	checkOrders(t, s, w.lease.Job)
	lists := len(storedOrders) - 1
	if got, want := countRows(t, s)[kindOrder], 1+lists*(1+orderedNodes/indexesPerChunk); got != want {
		t.Errorf("got %d rows of orders, want %d", got, want)
	}
}

// TestNodeOrdersAfterACrash ends a job whose orders nobody gets to write before the store is opened
// again.
func TestNodeOrdersAfterACrash(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	s.background.Wait()
	s.state.settled = make(chan struct{}) // as if somebody saw to it
	w := mustWorker(t, s, orderedNodes)
	w.finish(t, orderedNodes/2, 50)
	w.mustCommit(t, w.ending())
	q := orchestrator.NodeQuery{OrderBy: orchestrator.NodesByStarted, Descending: true, Limit: 5}
	all := readAll(t, s, w.lease.Job, orchestrator.NodeQuery{})
	if got := readAll(t, s, w.lease.Job, q); got[0].Index != wantNodes(all, q)[0].Index {
		t.Error("the order is wrong before it is written")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir)
	s.background.Wait()
	checkOrders(t, s, w.lease.Job)
}

// TestOrderRemoved writes the orders of a job that is being removed: nothing of it stays.
func TestOrderRemoved(t *testing.T) {
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, orderedNodes)
	w.finish(t, orderedNodes/2, 50)
	place := s.state.jobs[w.lease.Job].place
	w.mustCommit(t, w.ending())
	s.background.Wait()
	if rows := countRows(t, s); rows[kindOrder] == 0 {
		t.Fatal("the orders were not written")
	}
	if n, err := s.PruneJobs(t.Context(), at(100)); err != nil || n != 1 {
		t.Fatalf("got %d jobs removed and the error %v", n, err)
	}
	late := &settling{w.lease.Job, []row{{orderKey(place.set, 1, 0), encodeIndexes([]int32{1})}}}
	if err := s.writer.do(t.Context(), late); !errors.Is(err, orchestrator.ErrNotFound) {
		t.Errorf("got the error %v", err)
	}
	if err := s.settleJob(unsettled{place, w.lease.Job}); !errors.Is(err, orchestrator.ErrNotFound) {
		t.Errorf("got the error %v", err)
	}
	s.background.Wait()
	if rows := countRows(t, s); rows[kindOrder]+rows[kindUnsettled]+rows[kindHeads] != 0 {
		t.Errorf("what is left: %v", rows)
	}
}

// TestManyOrders asks about so many jobs that not all can be kept in order.
func TestManyOrders(t *testing.T) {
	s := openTest(t, t.TempDir())
	names := nodeNames(maxOrdered/5 + 1)
	for range 7 {
		job, err := s.CreateJob(t.Context(), testJob(), names)
		if err != nil {
			t.Fatal(err)
		}
		q := orchestrator.NodeQuery{OrderBy: orchestrator.NodesByState, Descending: true, Limit: 1, State: orchestrator.NodeNew}
		if got := readAll(t, s, job.ID, q); len(got) != 1 || got[0].Index != len(names)-1 {
			t.Fatalf("got %v", got)
		}
		if _, ok, err := s.liveNodes(t.Context(), job.ID, q); !ok || err != nil {
			t.Fatalf("got ok=%t and the error %v", ok, err)
		}
	}
	kept := 0
	for _, j := range s.state.jobs {
		if j.order != nil {
			kept += j.nodes
		}
	}
	if kept != s.state.ordered || kept > maxOrdered || kept < maxOrdered/2 {
		t.Errorf("%d nodes are kept in order, and %d are counted", kept, s.state.ordered)
	}
}

// TestDecodeIndexes reads rows that are not as they should be.
func TestDecodeIndexes(t *testing.T) {
	good := encodeIndexes([]int32{3, 1, 2})
	if got, err := decodeIndexes(nil, good, 1, 3, 4); err != nil || !slices.Equal(got, []int32{1, 2}) {
		t.Errorf("got %v and the error %v", got, err)
	}
	for name, read := range map[string]func() ([]int32, error){
		"empty":   func() ([]int32, error) { return decodeIndexes(nil, nil, 0, 1, 4) },
		"short":   func() ([]int32, error) { return decodeIndexes(nil, good[:len(good)-1], 0, 3, 4) },
		"version": func() ([]int32, error) { return decodeIndexes(nil, append([]byte{9}, good[1:]...), 0, 3, 4) },
		"range":   func() ([]int32, error) { return decodeIndexes(nil, good, 0, 3, 3) },
	} {
		if got, err := read(); err == nil {
			t.Errorf("%s: got %v and no error", name, got)
		}
	}
}

// TestNodeOrdersWhileWritten asks for pages while the job goes on: each has nodes that are as they were
// or as they are, and in the end all lists are right.
func TestNodeOrdersWhileWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	s := openTest(t, t.TempDir())
	w, names := shuffledWorker(t, s, r)
	id := w.lease.Job
	ended := make(chan struct{})
	var readers sync.WaitGroup
	for _, order := range append(storedOrders, orchestrator.NodesByState) {
		readers.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
				}
				seen := map[int]bool{}
				for n, err := range s.Nodes(t.Context(), id, orchestrator.NodeQuery{OrderBy: order, State: orchestrator.NodeRunning, Descending: true, Limit: 50}) {
					if err != nil || n.State != orchestrator.NodeRunning || n.Name != names[n.Index] || seen[n.Index] {
						t.Errorf("by %q: got %+v and the error %v", order, n, err)
						return
					}
					seen[n.Index] = true
				}
			}
		})
	}
	for range 150 {
		w.mustCommit(t, step(r, w, names, 1+r.IntN(40)))
	}
	close(ended)
	readers.Wait()
	checkOrders(t, s, id)
}
