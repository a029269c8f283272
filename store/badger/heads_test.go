package badger

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// TestScatteredBatch commits as much as a batch may have, on nodes none of which stands in a row with another,
// when all rows are as long as they can be.
func TestScatteredBatch(t *testing.T) {
	t.Parallel()
	const count = orchestrator.MaxBatchEvents * headsPerChunk
	r := rand.New(rand.NewPCG(7, 7))
	some := func() time.Time { return time.UnixMilli(r.Int64() - r.Int64()).UTC() }
	s := openTest(t, t.TempDir())
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("%06d%s", i, strings.Repeat("n", orchestrator.MaxNodeName-6))
	}
	if _, err := s.CreateJob(t.Context(), testJob(), names); err != nil {
		t.Fatal(err)
	}
	w, err := claimAny(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]orchestrator.Node, count)
	for part := range headsPerChunk {
		var nodes []orchestrator.Node
		for chunk := range orchestrator.MaxBatchEvents {
			i := chunk*headsPerChunk + part
			nodes = append(nodes, orchestrator.Node{
				Index: i, Name: names[i], State: orchestrator.NodeFailed, Started: some(), Finished: some(), Updated: some(),
				Result: result(orchestrator.MaxBatchBytes/orchestrator.MaxBatchEvents, i),
			})
		}
		b := w.batch(nodes...)
		w.mustCommit(t, b)
		for _, ev := range b.Events {
			want[ev.Node.Index] = ev.Node
		}
	}
	for i, n := range readAll(t, s, 1, orchestrator.NodeQuery{}) {
		same(t, "node", n, want[i])
	}
}

// TestRowsOfCommit changes nodes whose heads stand in several rows, with events that do so, too, and reads
// from everywhere in between.
func TestRowsOfCommit(t *testing.T) {
	const nodes, changed = 5 * headsPerChunk, 4*headsPerChunk + 1
	dir := t.TempDir()
	s := openTest(t, dir)
	w := mustWorker(t, s, nodes)
	other := mustWorker(t, s, 2)
	other.mustCommit(t, other.batch(running(0)))
	var all []orchestrator.Node
	for i := range changed {
		all = append(all, finished(changed-i, 400))
	}
	b := w.batch(all...)
	w.mustCommit(t, b)
	other.mustCommit(t, other.batch(running(1)))
	rows := countRows(t, s)
	if rows[kindHeads] != changed/headsPerChunk+1 {
		t.Errorf("there are %d rows of heads", rows[kindHeads])
	}
	if least := changed * 400 / eventsLength; rows[kindEvents] < least+2 || rows[kindEvents] > least+5 || rows[kindPiece] != 0 {
		t.Errorf("there are %d rows of events, want about %d", rows[kindEvents], least+4)
	}
	for range 2 {
		for from := orchestrator.EventID(1); from <= changed; from++ {
			next := from
			for ev, err := range s.Events(t.Context(), 1, from) {
				if err != nil || ev.ID != next {
					t.Fatalf("events from %d: got %d and the error %v, want %d", from, ev.ID, err, next)
				}
				same(t, "event", ev, b.Events[ev.ID-1])
				next++
			}
			if next != changed+1 {
				t.Errorf("events from %d: they end before %d", from, next)
			}
		}
		for from := orchestrator.Position(1); from <= changed+2; from++ {
			next := from
			for ev, err := range s.Feed(t.Context(), from) {
				if err != nil || ev.Position != next {
					t.Fatalf("feed from %d: got %d and the error %v, want %d", from, ev.Position, err, next)
				}
				if ev.Job == 1 {
					same(t, "event of the feed", ev.Event, b.Events[ev.Position-2])
				}
				next++
			}
			if next != changed+3 {
				t.Errorf("feed from %d: it ends before %d", from, next)
			}
		}
		for i := range nodes {
			for _, n := range readAll(t, s, 1, orchestrator.NodeQuery{From: i, Limit: 1}) {
				if i == 0 || i > changed {
					same(t, "node", n, orchestrator.Node{Index: i, Name: nodeName(i), State: orchestrator.NodeNew})
				} else {
					same(t, "node", n, b.Events[changed-i].Node)
				}
			}
		}
		s = reopen(t, s, dir)
	}
}

// TestFeedOfRemoved removes a job whose events stand in several rows: nothing of the feed is left.
func TestFeedOfRemoved(t *testing.T) {
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, 200)
	w.finish(t, 200, 400)
	w.mustCommit(t, w.ending())
	if n, err := s.PruneJobs(t.Context(), at(100)); err != nil || n != 1 {
		t.Fatalf("got %d jobs removed and the error %v", n, err)
	}
	s.background.Wait()
	if rows := countRows(t, s); rows[kindFeed]+rows[kindEvents]+rows[kindHeads]+rows[kindEnded]+rows[kindTime] != 0 {
		t.Errorf("what is left: %v", rows)
	}
}

// TestNothingSaid reads nodes that say nothing, an empty text and something.
func TestNothingSaid(t *testing.T) {
	for _, nodes := range []int{3, 40, 400} {
		s := openTest(t, t.TempDir())
		w := mustWorker(t, s, nodes)
		empty, silent, told := finished(0, 60), finished(1, 60), finished(2, 60)
		empty.Result, silent.Result, told.Message = json.RawMessage{}, nil, "it took long"
		b := w.batch(empty, silent, told)
		w.mustCommit(t, b)
		for _, q := range []orchestrator.NodeQuery{{Limit: 3}, {State: orchestrator.NodeFinished}, {OrderBy: orchestrator.NodesByName, Limit: 3}, {Limit: 3, Borrow: true}} {
			for i, n := range readAll(t, s, 1, q) {
				same(t, fmt.Sprintf("node of Nodes(%+v)", q), n, b.Events[i].Node)
			}
		}
		i := 0
		for ev, err := range s.Events(t.Context(), 1, 1) {
			if err != nil {
				t.Fatal(err)
			}
			same(t, "event", ev, b.Events[i])
			i++
		}
	}
}

func TestDecodeHeads(t *testing.T) {
	good := encodeHeads([]head{headOf(&orchestrator.Event{ID: 7, Node: finished(0, 60)}), newHead(), headOf(&orchestrator.Event{ID: 5, Node: running(2)})})
	for name, test := range map[string]struct {
		value []byte
		nodes int
		want  error
	}{
		"as written":         {good, headsPerChunk, nil},
		"just enough":        {good, 3, nil},
		"too many":           {good, 2, errTooLong},
		"cut":                {good[:len(good)-1], 3, errTruncated},
		"none":               {[]byte{version, 0}, 3, nil},
		"new nodes":          {[]byte{version, 2, 0, 0}, 3, nil},
		"too many new nodes": {[]byte{version, 4, 0, 0, 0, 0}, 3, errTooLong},
		"an unknown state":   {[]byte{version, 1, byte(len(nodeStates)), 2, 0, 0}, 3, errRange},
		"times and no state": {[]byte{version, 1, 1 << stateBits, 2, 0, 0, 0}, 3, errRange},
		"a fourth time":      {[]byte{version, 1, 8<<stateBits | numberOfNew, 2, 0, 0}, 3, errRange},
		"event 0":            {[]byte{version, 1, numberOfNew, 0, 0, 0}, 3, errRange},
		"event -1":           {[]byte{version, 1, numberOfNew, 1, 0, 0}, 3, errRange},
		"event 1":            {[]byte{version, 1, numberOfNew, 2, 0, 0}, 3, nil},
		"nothing":            {nil, 3, errTruncated},
	} {
		if err := decodeHeads(test.value, make([]head, test.nodes)); !errors.Is(err, test.want) {
			t.Errorf("%s: got the error %v, want %v", name, err, test.want)
		}
	}
}

// TestNodesThatCameToAState reads the nodes in a state, to which others come meanwhile: those that were in it
// before are all there.
func TestNodesThatCameToAState(t *testing.T) {
	const nodes = 3 * pageRows
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, nodes)
	w.finish(t, pageRows+1, 60)
	w.mustCommit(t, w.batch(finished(nodes-1, 60)))
	var last orchestrator.Node
	n := 0
	for node, err := range s.Nodes(t.Context(), 1, orchestrator.NodeQuery{State: orchestrator.NodeFinished}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			var others []orchestrator.Node
			for i := pageRows + 1; i < nodes-1; i++ {
				others = append(others, finished(i, 60))
			}
			w.mustCommit(t, w.batch(others...))
		}
		last = node
	}
	if last.Index != nodes-1 {
		t.Errorf("the last of %d nodes is %d, want %d", n, last.Index, nodes-1)
	}
}
