package badger

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// random makes values of all kinds, the same ones for the same seed.
type random struct{ *rand.Rand }

func newRandom(seed uint64) random { return random{rand.New(rand.NewPCG(seed, 0))} }

func one[T any](r random, values []T) T { return values[r.IntN(len(values))] }

// some returns nil, or a slice of a few values.
func some[T any](r random, value func() T) []T {
	n := r.IntN(5) - 1
	if n < 0 {
		return nil
	}
	values := make([]T, n)
	for i := range values {
		values[i] = value()
	}
	return values
}

func (r random) text() string { return string(r.bytes()) }

func (r random) bytes() []byte {
	return some(r, func() byte { return byte(r.Uint32()) })
}

func (r random) flag() bool { return r.IntN(2) == 0 }

func (r random) int() int {
	return one(r, []int{0, 1, -1, 63, 64, 127, 128, math.MaxInt, math.MinInt, r.Int(), -r.Int()})
}

func (r random) time() time.Time {
	return one(r, []time.Time{{}, time.UnixMilli(0).UTC(), time.UnixMilli(-1).UTC(), at(r.IntN(1e9)), time.UnixMilli(r.Int64() - r.Int64()).UTC(), time.UnixMilli(1 << 62).UTC(), time.UnixMilli(-1 << 62).UTC()})
}

func (r random) intPointer() *int { return one(r, []*int{nil, new(r.int())}) }

func (r random) flagPointer() *bool { return one(r, []*bool{nil, new(r.flag())}) }

func (r random) spec() orchestrator.JobSpec {
	return orchestrator.JobSpec{
		Command:     orchestrator.Command(r.text()),
		Environment: r.text(),
		Scope:       orchestrator.Scope{Nodes: some(r, r.text), Omitted: r.int(), Query: r.bytes(), NodeGroup: r.text()},
		Description: r.text(),
		Noop:        r.flag(),
		Concurrency: r.int(),
		Timeout:     time.Duration(r.int()),
		Userdata:    r.bytes(),
		Owner: orchestrator.Owner{
			ID: r.text(), Login: r.text(), DisplayName: r.text(), Email: r.text(), LastLogin: r.time(),
			IsSuperuser: r.flag(), IsRemote: r.flag(), IsRevoked: r.flag(), IsGroup: r.flag(),
			RoleIDs: some(r, r.int), InheritedRoleIDs: some(r, r.int), GroupIDs: some(r, r.text),
		},
		Agent: orchestrator.AgentOptions{
			NoNoop: r.flag(), EnforceEnvironment: r.flag(), Debug: r.flag(), Trace: r.flag(), Evaltrace: r.flag(),
			FileTimeout: r.intPointer(), HTTPConnectTimeout: r.intPointer(), HTTPKeepaliveTimeout: r.intPointer(),
			HTTPReadTimeout: r.intPointer(), Ordering: r.text(), SkipTags: r.text(), Tags: r.text(),
			UseCachedCatalog: r.flagPointer(), UseCacheOnFailure: r.flagPointer(),
		},
		Task: orchestrator.TaskOptions{Name: r.text(), Params: r.bytes(), Sensitive: some(r, r.text), Secret: r.text()},
		Key:  r.text(), Digest: r.text(),
	}
}

func (r random) view() liveView {
	v := liveView{
		place: place{set: r.Uint64(), nodes: r.IntN(maxNodes)},
		stop:  one(r, stopModes),
		progress: orchestrator.Progress{
			State:     one(r, jobStates[1:]),
			Counts:    orchestrator.NodeCounts{New: r.int(), Running: r.int(), Finished: r.int(), Failed: r.int(), Errored: r.int(), Skipped: r.int()},
			LastEvent: orchestrator.EventID(r.int()),
		},
	}
	for range r.IntN(4) {
		v.progress.Status = append(v.progress.Status, orchestrator.StateChange{State: one(r, jobStates[1:]), At: r.time()})
	}
	return v
}

func (r random) node() orchestrator.Node {
	return orchestrator.Node{
		Index: r.IntN(maxNodes), Name: r.text() + "x", State: one(r, nodeStates[1:]),
		Started: r.time(), Finished: r.time(), Updated: r.time(),
		Message: r.text(), Result: r.bytes(), LatestEvent: orchestrator.EventID(r.int()),
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

// FuzzRoundTrip encodes random values and decodes them again.
func FuzzRoundTrip(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := newRandom(seed)
		roundTripJob(t, r)
		roundTripHeads(t, r)
		roundTripEvents(t, r)

		roundTripLive(t, r)

		names := append([]string{}, some(r, r.text)...)
		gotNames, err := decodeNames(encodeNames(names), nil)
		if err != nil {
			t.Error(err)
		}
		same(t, "names", gotNames, names)

		c := counters{job: orchestrator.JobID(r.Int()), position: orchestrator.Position(r.Int())}
		gotCounters, err := decodeCounters(encodeCounters(c))
		if err != nil {
			t.Error(err)
		}
		same(t, "counters", gotCounters, c)
	})
}

func roundTripLive(t *testing.T, r random) {
	v := r.view()
	value, err := encodeLive(&v)
	got := liveView{place: v.place}
	if err := errors.Join(err, decodeLive(&got, value)); err != nil {
		t.Error(err)
	}
	same(t, "live row", got, v)

	var ids idSet
	want := make([]orchestrator.JobID, 0, jobsPerChunk)
	chunk := r.Uint64() >> 10
	for i := range uint64(jobsPerChunk) {
		if id := orchestrator.JobID(chunk*jobsPerChunk + i); r.flag() {
			ids, want = ids.with(id, true), append(want, id)
		} else {
			ids = ids.with(id, true).with(id, false)
		}
	}
	gotIDs, err := decodeUnfinished(encodeUnfinished(ids))
	if err != nil {
		t.Error(err)
	}
	same(t, "unfinished", slices.Collect(gotIDs.all(chunk)), want)

	var in, out endedSet
	for _, id := range want {
		in.set(&ended{id: id, at: one(r, []int64{0, -1, math.MinInt64, math.MaxInt64, r.Int64()})}, true)
	}
	row := in.encode()
	if len(row) > maxEndedRow-32 {
		t.Errorf("the row of jobs that have ended has %d bytes", len(row))
	}
	if row != nil {
		if err := out.decode(row); err != nil {
			t.Error(err)
		}
	}
	same(t, "jobs that have ended", out, in)
}

func roundTripJob(t *testing.T, r random) {
	v, spec := r.view(), r.spec()
	encoded := encodeSpec(&spec)
	v.asked = askedOf(&spec)
	in := tail{asked: v.asked, key: spec.Key, names: encodeNames([]string{"a"}), spec: encoded}
	value, err := encodeJob(&v, in.encode())
	if err != nil {
		t.Fatal(err)
	}
	row, err := decodeJobHead(7, value)
	if err != nil {
		t.Fatal(err)
	}
	row.spec = row.tail.spec
	job, err := row.job()
	if err != nil {
		t.Fatal(err)
	}
	same(t, "job", job, orchestrator.Job{ID: 7, JobSpec: spec, NodeCount: v.nodes, Stop: v.stop, Progress: v.progress})
	same(t, "place", row.view.place, v.place)
	in.spec = nil
	value, _ = encodeJob(&v, in.encode())
	if row, err = decodeJobHead(7, value); err != nil || row.tail.spec != nil {
		t.Errorf("a spec in a row of its own: got %x and the error %v", row.tail.spec, err)
	}
}

func roundTripHeads(t *testing.T, r random) {
	in, out := make([]head, headsPerChunk), make([]head, headsPerChunk)
	for i := range in {
		if in[i] = newHead(); r.flag() {
			in[i] = headOf(&orchestrator.Event{ID: orchestrator.EventID(r.Int64() | 1), Node: r.node()})
		}
	}
	if err := decodeHeads(encodeHeads(in), out); err != nil {
		t.Error(err)
	}
	same(t, "heads", out, in)

	n := r.node()
	h := headOf(&orchestrator.Event{ID: 1, Node: n})
	if (h.says == 0) != (n.Message == "" && n.Result == nil) {
		t.Errorf("a node that says %q and %q: got the length %d", n.Message, n.Result, h.says)
	}
	n.Message, n.Result = "", nil
	same(t, "node", h.node(n.Index, n.Name), n)
}

func roundTripEvents(t *testing.T, r random) {
	first := orchestrator.EventID(r.Int64()>>2 + 1)
	var events []orchestrator.Event
	for i := range r.IntN(5) + 1 {
		ev := orchestrator.Event{ID: first + orchestrator.EventID(i), Type: one(r, eventTypes[1:]), Time: r.time(), JobState: one(r, jobStates)}
		if r.flag() {
			if ev.Node = r.node(); r.flag() {
				ev.Node.Result = make([]byte, one(r, []int{eventsLength / 3, maxPiece, 3 * maxPiece}))
			}
		}
		events = append(events, ev)
	}
	p := r.view().progress
	rows, err := encodeEvents(&p, events)
	if err != nil {
		t.Fatal(err)
	}
	from := one(r, []orchestrator.EventID{0, first + 1})
	var got []orchestrator.Event
	next := first
	for _, row := range rows {
		n := len(got)
		err := decodeEvents(row.value, row.last, 0, func(ev *orchestrator.Event) error {
			got = append(got, *ev)
			return nil
		})
		if err != nil || len(got) == n || got[n].ID != next || got[len(got)-1].ID != row.last {
			t.Fatalf("a row that ends with %d: got %d events and the error %v, want them from %d on", row.last, len(got)-n, err, next)
		}
		if len(row.value) > eventsLength && len(got) > n+1 {
			t.Errorf("a row of %d events has %d bytes", len(got)-n, len(row.value))
		}
		next = row.last + 1
	}
	same(t, "events", got, events)
	left, err := leftBy(rows[len(rows)-1].value)
	if err != nil {
		t.Error(err)
	}
	same(t, "progress", left, p)

	if err := decodeEvents(rows[0].value, rows[0].last, from, func(ev *orchestrator.Event) error {
		same(t, "event", *ev, events[max(from, first)-first])
		from = ev.ID + 1
		return nil
	}); err != nil || from <= rows[0].last && from > 0 {
		t.Errorf("got the events to before %d, and the error %v", from, err)
	}
}

// FuzzDecode decodes what is no encoding of anything.
func FuzzDecode(f *testing.F) {
	for seed := range uint64(20) {
		r := newRandom(seed)
		v, spec, n := r.view(), r.spec(), r.node()
		value, _ := encodeJob(&v, (&tail{spec: encodeSpec(&spec)}).encode())
		ev := orchestrator.Event{ID: 1, Type: orchestrator.EventNodeRunning, Node: n}
		var set endedSet
		set.set(&ended{id: 3, at: 5}, true)
		hs := []head{newHead(), headOf(&ev), newHead()}
		live, _ := encodeLive(&v)
		events, _ := encodeEvents(&v.progress, []orchestrator.Event{ev, {ID: 2, Type: orchestrator.EventJobFinished}})
		for _, b := range [][]byte{value, encodeSpec(&spec), encodeHeads(hs), set.encode(), events[0].value, live, encodeUnfinished(idSet{1, 2}), encodeNames([]string{"a", "b"}), encodeCounters(counters{3, 3})} {
			f.Add(b)
			b = slices.Clone(b)
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
			f.Add(b)
			f.Add(b[:r.IntN(len(b))])
		}
	}
	f.Add([]byte{version, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, value []byte) {
		input := slices.Clone(value)
		_, _ = decodeJobHead(1, value)
		_ = decodeSpec(&orchestrator.JobSpec{}, value)
		_ = decodeLive(&liveView{}, value)
		_, _ = leftBy(value)
		_, _ = decodeUnfinished(value)
		_ = decodeHeads(value, make([]head, 3))
		_ = new(endedSet).decode(value)
		_, _ = decodeNames(value, nil)
		_, _ = decodeCounters(value)
		_, _ = decodeNumber(value)
		_ = decodeEvents(value, 1024, 0, func(*orchestrator.Event) error { return nil })
		r := &sayingsReader{sayings: &sayings{}, left: []saying{{event: 1022}, {event: 1024, at: 1}}, page: make([]orchestrator.Node, 2), last: 1024}
		_ = r.value(value)
		if !bytes.Equal(input, value) {
			t.Error("the value was modified")
		}
	})
}

func TestUnknownValues(t *testing.T) {
	v := liveView{progress: orchestrator.Progress{State: "resting"}}
	if _, err := encodeJob(&v, nil); !errors.Is(err, orchestrator.ErrInvalid) {
		t.Errorf("a state of a job that does not exist: got the error %v", err)
	}
	for _, ev := range []orchestrator.Event{
		{Type: "node_sleeping"},
		{Type: orchestrator.EventNodeRunning, Node: orchestrator.Node{Name: "a", State: "asleep"}},
		{Type: orchestrator.EventNodeRunning, Node: orchestrator.Node{Name: "a"}},
		{Type: orchestrator.EventJobFinished, JobState: "resting"},
		{},
	} {
		if _, err := encodeEvents(&orchestrator.Progress{State: orchestrator.JobRunning}, []orchestrator.Event{ev}); !errors.Is(err, orchestrator.ErrInvalid) {
			t.Errorf("the event %+v: got the error %v", ev, err)
		}
	}
	value, err := encodeJob(&liveView{progress: orchestrator.Progress{State: orchestrator.JobNew}}, (&tail{}).encode())
	if err != nil {
		t.Fatal(err)
	}
	value[0] = version + 1
	if _, err := decodeJobHead(1, value); !errors.Is(err, errVersion) {
		t.Errorf("a newer version: got the error %v", err)
	}
	value[0] = version
	if _, err := decodeJobHead(1, append(value, 0)); !errors.Is(err, errTooLong) {
		t.Errorf("a value that is too long: got the error %v", err)
	}
}

// TestTablesComplete compares the tables of states and types with the constants there are.
func TestTablesComplete(t *testing.T) {
	tables := map[string][]string{}
	for _, v := range jobStates[1:] {
		tables["JobState"] = append(tables["JobState"], string(v))
	}
	for _, v := range nodeStates[1:] {
		tables["NodeState"] = append(tables["NodeState"], string(v))
	}
	for _, v := range eventTypes[1:] {
		tables["EventType"] = append(tables["EventType"], string(v))
	}
	for _, v := range stopModes {
		tables["StopMode"] = append(tables["StopMode"], string(v))
	}
	declared := map[string][]string{}
	for _, file := range []string{"job.go", "node.go", "event.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), "../../"+file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				if typ, ok := spec.Type.(*ast.Ident); ok && len(spec.Values) == 1 {
					value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
					if err != nil {
						t.Error(err)
					}
					declared[typ.Name] = append(declared[typ.Name], value)
				}
			}
			return true
		})
	}
	for name, table := range tables {
		slices.Sort(table)
		slices.Sort(declared[name])
		if !slices.Equal(table, declared[name]) {
			t.Errorf("%s: the table has %s, declared are %s", name, strings.Join(table, " "), strings.Join(declared[name], " "))
		}
	}
}
