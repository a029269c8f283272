package badger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// unsettledJob makes a job of nodes with results of all lengths, some of which have not run and some of
// which are in messages of running nodes, and ends it. Nobody settles it. It returns the job and its
// events and nodes.
func unsettledJob(t *testing.T, s *Store, r *rand.Rand) (job unsettled, events []orchestrator.Event, nodes []orchestrator.Node) {
	t.Helper()
	s.background.Wait()
	s.state.settled = make(chan struct{}) // as if somebody did it
	const count = 5*fewNodes + 3
	w := mustWorker(t, s, count)
	nodes = make([]orchestrator.Node, count)
	for i := range nodes {
		nodes[i] = orchestrator.Node{Index: i, Name: nodeName(i), State: orchestrator.NodeNew}
	}
	for from := 0; from < count; from += 100 {
		var changed []orchestrator.Node
		for i := from; i < min(from+100, count); i++ {
			switch r.IntN(8) {
			case 0:
			case 1:
				n := running(i)
				n.Message = "so far, so good"
				changed = append(changed, n)
			case 2:
				changed = append(changed, running(i), finished(i, 1+maxPacked*r.IntN(12)))
			default:
				changed = append(changed, finished(i, 60+r.IntN(900)))
			}
		}
		if from/100%3 == 2 {
			changed = nil // whole packs that nobody has
		}
		b := w.batch(changed...)
		w.mustCommit(t, b)
		events = append(events, b.Events...)
		for _, ev := range b.Events {
			nodes[ev.Node.Index] = ev.Node
		}
	}
	job = unsettled{s.state.jobs[w.lease.Job].place, w.lease.Job}
	b := w.ending()
	w.mustCommit(t, b)
	return job, append(events, b.Events...), nodes
}

// checkPacked compares all that can be read of a job with what was written.
func checkPacked(t *testing.T, s *Store, job unsettled, events []orchestrator.Event, nodes []orchestrator.Node) {
	t.Helper()
	checkHistory(t, s, job.id, events, nodes)
	for _, q := range []orchestrator.NodeQuery{
		{From: 9}, {Offset: 700, Limit: 50}, {From: 300, State: orchestrator.NodeFinished, Limit: 20},
		{OrderBy: orchestrator.NodesByFinished, Limit: 40, Descending: true}, {OrderBy: orchestrator.NodesByState, Offset: 90, Limit: 300},
		{From: 17, OrderBy: orchestrator.NodesByStarted},
	} {
		var all []orchestrator.Node
		for _, n := range nodes {
			if n.Index >= q.From {
				all = append(all, n)
			}
		}
		want, got := wantNodes(all, q), readAll(t, s, job.id, q)
		if len(want) != len(got) {
			t.Fatalf("Nodes(%+v): got %d nodes, want %d", q, len(got), len(want))
		}
		for i := range want {
			same(t, fmt.Sprintf("Nodes(%+v)", q), got[i], want[i])
		}
	}
}

// TestPacks reads a job before and after it is settled, and when the store was opened again.
func TestPacks(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	job, events, nodes := unsettledJob(t, s, rand.New(rand.NewPCG(1, 1)))
	checkPacked(t, s, job, events, nodes)
	before := countRows(t, s)
	old := s.snapshot()
	if err := s.settleJob(job); err != nil {
		t.Fatal(err)
	}
	checkPacked(t, s, job, events, nodes)
	after := countRows(t, s)
	if after[kindNode] == 0 || after[kindNode] > before[kindNode]/4 || after[kindPack] > len(nodes)/nodesPerPack+2 || after[kindUnsettled] != 0 {
		t.Errorf("got the rows %v, before %v", after, before)
	}
	rows, err := old.nodeRows(job.place)
	if err != nil || rows.packed {
		t.Errorf("an older snapshot: got packed=%t and the error %v", rows.packed, err)
	}
	n := 0
	if err := rows.each(0, func(int, []byte, []byte) (bool, error) { n++; return true, nil }); err != nil || n != before[kindNode] {
		t.Errorf("an older snapshot: got %d nodes and the error %v, want %d", n, err, before[kindNode])
	}
	old.release()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir)
	checkPacked(t, s, job, events, nodes)
	if _, err := s.PruneJobs(t.Context(), at(100)); err != nil {
		t.Fatal(err)
	}
	s.background.Wait()
	left := countRows(t, s)
	if left[kindNode]+left[kindPack]+left[kindOrder]+left[kindPiece] != 0 {
		t.Errorf("what is left after the removal: %v", left)
	}
}

// TestPacksInterrupted breaks the settling of a job off at each of its writes, and goes on.
func TestPacksInterrupted(t *testing.T) {
	s := openTest(t, t.TempDir())
	r := rand.New(rand.NewPCG(2, 2))
	job, events, nodes := unsettledJob(t, s, r)
	commit := s.writer.commit
	interrupted := 0
	for {
		left := interrupted // how many writes are let through
		s.writer.commit = func(txn *badgerdb.Txn, version uint64) error {
			if left--; left < 0 {
				return badgerdb.ErrTxnTooBig
			}
			return commit(txn, version)
		}
		err := s.settleJob(job)
		s.writer.commit = commit
		checkPacked(t, s, job, events, nodes)
		if err == nil {
			break
		}
		if interrupted++; interrupted > 100 {
			t.Fatalf("it never ends: %v", err)
		}
	}
	if interrupted < 3 {
		t.Errorf("it was interrupted %d times", interrupted)
	}
	if rows := countRows(t, s); rows[kindUnsettled] != 0 || rows[kindPack] == 0 {
		t.Errorf("got the rows %v", rows)
	}
}

// TestPacker packs nodes of random indexes and finds each of them again.
func TestPacker(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 300 {
		p := packer{set: 1}
		want := map[int][]byte{}
		for index := r.IntN(20); index < 100; index += 1 + r.IntN(1+r.IntN(30)) {
			want[index] = slices.Repeat([]byte{byte(index)}, r.IntN(maxPacked+2))
			p.add(index, want[index])
		}
		p.end()
		got := 0
		for _, row := range p.packs {
			number, err := readPackKey(row.key)
			if err != nil || len(row.value) > maxPiece {
				t.Fatal(number, len(row.value), err)
			}
			pack, err := openPack(row.value)
			for i := 0; i < nodesPerPack && err == nil; i++ {
				var e packEntry
				e, err = pack.next()
				value, ok := want[int(number)*nodesPerPack+i]
				if ok {
					got++
				}
				if ok != (e.kind != noRow) || len(value) <= maxPacked != (e.kind != ownRow) || e.kind == inPack && !slices.Equal(e.value, value) {
					t.Fatalf("pack %d, node %d: got kind %d with %d bytes, want %d", number, i, e.kind, len(e.value), len(value))
				}
			}
			if err != nil || len(pack.b) > 0 {
				t.Fatalf("pack %d: %v, and %d bytes are left", number, err, len(pack.b))
			}
		}
		if got != len(want) {
			t.Fatalf("got %d nodes, want %d", got, len(want))
		}
	}
}

// TestSettle waits for jobs to be settled, and no longer than it may.
func TestSettle(t *testing.T) {
	s := openTest(t, t.TempDir())
	if err := s.Settle(t.Context()); err != nil {
		t.Error(err)
	}
	job, events, nodes := unsettledJob(t, s, rand.New(rand.NewPCG(3, 3)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Settle(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v", err)
	}
	s.background.Go(s.settleJobs)
	if err := s.Settle(t.Context()); err != nil {
		t.Error(err)
	}
	if rows := countRows(t, s); rows[kindUnsettled] != 0 || rows[kindPack] == 0 {
		t.Errorf("got the rows %v", rows)
	}
	checkPacked(t, s, job, events, nodes)
	unsettledJob(t, s, rand.New(rand.NewPCG(3, 4)))
	waits := make(chan error)
	go func() { waits <- s.Settle(context.WithoutCancel(t.Context())) }()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-waits; !errors.Is(err, orchestrator.ErrClosed) {
		t.Errorf("got the error %v", err)
	}
}
