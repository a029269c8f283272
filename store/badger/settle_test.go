package badger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// unsettledJob makes a job of nodes with results of all lengths, some of which have not run and some of
// which have said something while they ran, and ends it. Nobody settles it. It returns the job and its
// nodes.
func unsettledJob(t *testing.T, s *Store, r *rand.Rand) (job unsettled, nodes []orchestrator.Node) {
	t.Helper()
	s.background.Wait()
	s.state.settled = make(chan struct{}) // as if somebody did it
	const count = 5*namesPerChunk + 3
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
				changed = append(changed, running(i), finished(i, 60+r.IntN(2*maxPiece)))
			default:
				changed = append(changed, finished(i, 60+r.IntN(900)))
			}
		}
		b := w.batch(changed...)
		w.mustCommit(t, b)
		for _, ev := range b.Events {
			nodes[ev.Node.Index] = ev.Node
		}
	}
	job = unsettled{s.state.jobs[w.lease.Job].place, w.lease.Job}
	w.mustCommit(t, w.ending())
	return job, nodes
}

// checkNodes compares what can be read of a job's nodes with what was written.
func checkNodes(t *testing.T, s *Store, job unsettled, nodes []orchestrator.Node) {
	t.Helper()
	for _, q := range []orchestrator.NodeQuery{
		{}, {From: 9}, {Offset: 700, Limit: 50}, {From: 300, State: orchestrator.NodeFinished, Limit: 20}, {State: orchestrator.NodeFinished},
		{State: orchestrator.NodeFinished, Offset: 300}, {State: orchestrator.NodeNew, Limit: 30}, {State: orchestrator.NodeRunning}, {State: orchestrator.NodeSkipped},
		{OrderBy: orchestrator.NodesByFinished, Limit: 40, Descending: true}, {OrderBy: orchestrator.NodesByState, Offset: 90, Limit: 300},
		{From: 17, OrderBy: orchestrator.NodesByStarted}, {From: len(nodes)}, {Offset: len(nodes)}, {From: 5 * namesPerChunk, Limit: 2},
	} {
		for _, q.Brief = range []bool{false, true} {
			var all []orchestrator.Node
			for _, n := range nodes {
				if q.Brief {
					n.Message, n.Result = "", nil
				}
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
}

// TestSettled reads a job before and after it is settled, and when the store was opened again.
func TestSettled(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	job, nodes := unsettledJob(t, s, rand.New(rand.NewPCG(1, 1)))
	checkNodes(t, s, job, nodes)
	if err := s.settleJob(job); err != nil {
		t.Fatal(err)
	}
	checkNodes(t, s, job, nodes)
	if rows := countRows(t, s); rows[kindUnsettled] != 0 || rows[kindOrder] == 0 || rows[kindFinal] != 6 {
		t.Errorf("got the rows %v", rows)
	}
	key, damaged := finalKey(job.set, 1), []byte{version, 1}
	var good []byte
	if err := s.read(t.Context(), func(sn *snapshot) (err error) {
		good, err = get(sn.txn, key)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.writer.do(t.Context(), plain{{key, damaged}}); err != nil {
		t.Fatal(err)
	}
	for _, err := range s.Nodes(t.Context(), job.id, orchestrator.NodeQuery{Brief: true, From: namesPerChunk}) {
		wantText(t, "Nodes of a job whose heads are damaged", err, keyText(key))
	}
	if err := s.writer.do(t.Context(), plain{{key: key}}); err != nil {
		t.Fatal(err)
	}
	for _, err := range s.Nodes(t.Context(), job.id, orchestrator.NodeQuery{From: namesPerChunk}) {
		wantText(t, "Nodes of a job of which heads are missing", err, "is missing", keyText(key))
	}
	if err := s.writer.do(t.Context(), plain{{key, good}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir)
	checkNodes(t, s, job, nodes)
	if _, err := s.PruneJobs(t.Context(), at(100)); err != nil {
		t.Fatal(err)
	}
	s.background.Wait()
	left := countRows(t, s)
	if left[kindHeads]+left[kindFinal]+left[kindEvents]+left[kindOrder]+left[kindPiece] != 0 {
		t.Errorf("what is left after the removal: %v", left)
	}
}

// TestSettledWhileRead settles a job in the middle of a list of its nodes, whose first page has three of them.
func TestSettledWhileRead(t *testing.T) {
	const count = fewNodes + 9
	s := openTest(t, t.TempDir())
	s.background.Wait()
	s.state.settled = make(chan struct{}) // as if somebody settled jobs
	w := mustWorker(t, s, count)
	b := w.batch(finished(0, pageBytes/3), finished(1, pageBytes/3), finished(2, pageBytes/3), finished(20, 60), finished(count-1, 60))
	w.mustCommit(t, b)
	job := unsettled{s.state.jobs[1].place, 1}
	w.mustCommit(t, w.ending())
	next := 0
	for n, err := range s.Nodes(t.Context(), 1, orchestrator.NodeQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if next == 0 {
			if err := s.settleJob(job); err != nil {
				t.Fatal(err)
			}
		}
		want := orchestrator.Node{Index: next, Name: nodeName(next), State: orchestrator.NodeNew}
		for _, ev := range b.Events {
			if ev.Node.Index == next {
				want = ev.Node
			}
		}
		same(t, "node", n, want)
		next++
	}
	if next != count {
		t.Errorf("got %d nodes of %d", next, count)
	}
}

// TestSettlingInterrupted breaks the settling of a job off at each of its writes, and begins again.
func TestSettlingInterrupted(t *testing.T) {
	s := openTest(t, t.TempDir())
	job, nodes := unsettledJob(t, s, rand.New(rand.NewPCG(2, 2)))
	commit := s.writer.commit
	interrupted := 0
	for {
		left := interrupted // how many writes are let through
		s.writer.commit = func(g *group) error {
			if left--; left < 0 {
				return badgerdb.ErrTxnTooBig
			}
			return commit(g)
		}
		err := s.settleJob(job)
		s.writer.commit = commit
		checkNodes(t, s, job, nodes)
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
	if rows := countRows(t, s); rows[kindUnsettled] != 0 || rows[kindOrder] == 0 {
		t.Errorf("got the rows %v", rows)
	}
}

// TestSettle waits for jobs to be settled, and no longer than it may.
func TestSettle(t *testing.T) {
	s := openTest(t, t.TempDir())
	if err := s.Settle(t.Context()); err != nil {
		t.Error(err)
	}
	job, nodes := unsettledJob(t, s, rand.New(rand.NewPCG(3, 3)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Settle(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v", err)
	}
	s.background.Go(s.settleJobs)
	if err := s.Settle(t.Context()); err != nil {
		t.Error(err)
	}
	if rows := countRows(t, s); rows[kindUnsettled] != 0 || rows[kindOrder] == 0 {
		t.Errorf("got the rows %v", rows)
	}
	checkNodes(t, s, job, nodes)
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

// TestSettleOnAFailedDisk fails a write of the settling: nobody waits for it any longer.
func TestSettleOnAFailedDisk(t *testing.T) {
	s := openTest(t, t.TempDir())
	unsettledJob(t, s, rand.New(rand.NewPCG(4, 4)))
	onCommit(s, func(int, func() error) error { return errors.New("disk on fire") })
	s.background.Go(s.settleJobs)
	if err := s.Settle(t.Context()); !errors.Is(err, orchestrator.ErrClosed) {
		t.Errorf("got the error %v", err)
	}
}

// TestWrongCounts ends a job whose counts are more than it has nodes.
func TestWrongCounts(t *testing.T) {
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, 300)
	w.finish(t, 299, 100)
	b := w.ending()
	b.Progress.Counts.Finished = 1 << 60
	w.mustCommit(t, b)
	s.background.Wait()
	for _, err := range s.Nodes(t.Context(), w.lease.Job, orchestrator.NodeQuery{State: orchestrator.NodeFinished, OrderBy: orchestrator.NodesByName}) {
		wantText(t, "Nodes", err, keyText(jobKey(w.lease.Job)))
	}
}

// TestUnsettledAndGone opens a store with a job that is to be settled and is not there.
func TestUnsettledAndGone(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	if err := s.writer.do(t.Context(), plain{{unsettledKey(7), encodeNumber(7)}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir)
	if err := s.Settle(t.Context()); err != nil {
		t.Error(err)
	}
}
