package badger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// openTest opens a store that is closed when the test ends.
func openTest(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir, &Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// at returns a time of the tests.
func at(seconds int) time.Time {
	return time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC).Add(time.Duration(seconds) * time.Second)
}

func testJob() orchestrator.Job {
	job := orchestrator.Job{}
	job.Command = orchestrator.CommandDeploy
	job.Environment = "production"
	job.Owner = orchestrator.Owner{ID: "42", Login: "brenda"}
	job.State = orchestrator.JobNew
	job.Status = []orchestrator.StateChange{{State: orchestrator.JobNew, At: at(0)}}
	return job
}

func nodeName(i int) string { return fmt.Sprintf("node%06d.example.net", i) }

func nodeNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = nodeName(i)
	}
	return names
}

// result returns a JSON object of n bytes, of which a part differs from one number to another.
func result(n, number int) json.RawMessage {
	head := fmt.Sprintf(`{"hash":"%032x","status":"changed","_output":"`, uint64(number)*0x9e3779b97f4a7c15)
	return json.RawMessage(head + strings.Repeat("x", max(n-len(head)-2, 0)) + `"}`)
}

// worker writes a job.
type worker struct {
	s        *Store
	lease    orchestrator.Lease
	progress orchestrator.Progress
	states   map[int]orchestrator.NodeState // of the nodes that were changed
}

// newWorker creates a job and claims it. No other job may be free.
func newWorker(ctx context.Context, s *Store, nodes int) (*worker, error) {
	created, err := s.CreateJob(ctx, testJob(), nodeNames(nodes))
	if err != nil {
		return nil, err
	}
	lease, job, err := s.Claim(ctx, uuid.New(), time.Hour)
	if err != nil {
		return nil, err
	}
	if job.ID != created.ID {
		return nil, fmt.Errorf("claimed job %d, want %d", job.ID, created.ID)
	}
	return workOn(s, lease, job), nil
}

func workOn(s *Store, lease orchestrator.Lease, job orchestrator.Job) *worker {
	return &worker{s: s, lease: lease, progress: job.Progress, states: map[int]orchestrator.NodeState{}}
}

// claimAny claims the first job that is free.
func claimAny(ctx context.Context, s *Store) (*worker, error) {
	lease, job, err := s.Claim(ctx, uuid.New(), time.Hour)
	if err != nil {
		return nil, err
	}
	w := workOn(s, lease, job)
	if job.LastEvent > 0 {
		for n, err := range s.Nodes(ctx, job.ID, orchestrator.NodeQuery{}) {
			if err != nil {
				return nil, err
			}
			w.states[n.Index] = n.State
		}
	}
	return w, nil
}

func mustWorker(t testing.TB, s *Store, nodes int) *worker {
	t.Helper()
	w, err := newWorker(t.Context(), s, nodes)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// batch returns a batch with an event for each node.
func (w *worker) batch(nodes ...orchestrator.Node) orchestrator.Batch {
	b := orchestrator.Batch{Progress: w.progress.Clone()}
	p := &b.Progress
	if p.State == orchestrator.JobNew {
		p.State = orchestrator.JobRunning
		p.Status = append(p.Status, orchestrator.StateChange{State: p.State, At: at(1)})
	}
	states := map[int]orchestrator.NodeState{}
	for _, n := range nodes {
		p.LastEvent++
		typ := orchestrator.EventNodeRunning
		if n.State.Terminal() {
			typ = orchestrator.EventNodeFinished
		}
		*count(&p.Counts, cmp.Or(states[n.Index], w.states[n.Index]))--
		*count(&p.Counts, n.State)++
		states[n.Index] = n.State
		n.LatestEvent, n.Updated = p.LastEvent, at(int(p.LastEvent))
		b.Events = append(b.Events, orchestrator.Event{ID: p.LastEvent, Type: typ, Time: n.Updated, Node: n})
	}
	return b
}

// count returns the count of the nodes in a state, "" for new.
func count(c *orchestrator.NodeCounts, state orchestrator.NodeState) *int {
	switch state {
	case orchestrator.NodeRunning:
		return &c.Running
	case orchestrator.NodeFinished:
		return &c.Finished
	case orchestrator.NodeFailed:
		return &c.Failed
	default:
		return &c.New
	}
}

// ending returns a batch that ends the job.
func (w *worker) ending() orchestrator.Batch {
	b := orchestrator.Batch{Progress: w.progress.Clone()}
	p := &b.Progress
	p.LastEvent++
	p.State = orchestrator.JobFinished
	p.Status = append(p.Status, orchestrator.StateChange{State: p.State, At: at(2)})
	b.Events = []orchestrator.Event{{
		ID: p.LastEvent, Type: orchestrator.EventJobFinished, Time: at(2), JobState: orchestrator.JobFinished,
	}}
	return b
}

func (w *worker) commit(ctx context.Context, b orchestrator.Batch) error {
	if err := w.s.Commit(ctx, w.lease, b); err != nil {
		return err
	}
	w.progress = b.Progress
	for i := range b.Events {
		if n := &b.Events[i].Node; n.State != "" {
			w.states[n.Index] = n.State
		}
	}
	return nil
}

func (w *worker) mustCommit(t testing.TB, b orchestrator.Batch) {
	t.Helper()
	if err := w.commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func running(i int) orchestrator.Node {
	return orchestrator.Node{Index: i, Name: nodeName(i), State: orchestrator.NodeRunning, Started: at(i)}
}

func finished(i, bytes int) orchestrator.Node {
	return orchestrator.Node{
		Index: i, Name: nodeName(i), State: orchestrator.NodeFinished,
		Started: at(i), Finished: at(i + 1), Result: result(bytes, i),
	}
}

// finish commits that nodes have run, many at once.
func (w *worker) finish(t testing.TB, nodes, bytes int) {
	t.Helper()
	const atOnce = 256
	for from := 0; from < nodes; from += atOnce {
		var run, end []orchestrator.Node
		for i := from; i < min(from+atOnce, nodes); i++ {
			run = append(run, running(i))
			end = append(end, finished(i, bytes))
		}
		w.mustCommit(t, w.batch(run...))
		w.mustCommit(t, w.batch(end...))
	}
}
