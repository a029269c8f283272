package fleet

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// Worker writes a job as an orchestrator does, without running anything. It is used by one
// goroutine.
type Worker struct {
	store    orchestrator.Store
	lease    orchestrator.Lease
	progress orchestrator.Progress
	events   []orchestrator.Event
	at       time.Time // of what it writes
	names    []string  // of the nodes, if there are many
	nodes    int
	begun    int // how many nodes Turn has begun
	ended    int // and ended
}

// Claim returns a worker of the oldest job that nobody holds.
func Claim(ctx context.Context, store orchestrator.Store) (*Worker, error) {
	lease, job, err := store.Claim(ctx, uuid.New(), time.Hour)
	if err != nil {
		return nil, err
	}
	return &Worker{store: store, lease: lease, progress: job.Progress.Clone(), at: job.Created(), nodes: job.NodeCount}, nil
}

// NewWorker creates a job of nodes with these names and returns its worker, which keeps them. No other job
// may be waiting for one.
func NewWorker(ctx context.Context, store orchestrator.Store, names []string) (*Worker, error) {
	if _, err := store.CreateJob(ctx, newJob(0), names); err != nil {
		return nil, err
	}
	w, err := Claim(ctx, store)
	if err != nil {
		return nil, err
	}
	w.names = names
	return w, nil
}

func (w *Worker) name(i int) string {
	if w.names == nil {
		return Name(i)
	}
	return w.names[i]
}

// Job returns the id of the job.
func (w *Worker) Job() orchestrator.JobID { return w.lease.Job }

// Run adds that a node has begun to run.
func (w *Worker) Run(i int) {
	w.progress.Counts.New--
	w.progress.Counts.Running++
	w.add(orchestrator.EventNodeRunning, orchestrator.Node{Index: i, Name: w.name(i), State: orchestrator.NodeRunning, Started: w.at})
}

// Finish adds that a running node has finished.
func (w *Worker) Finish(i int) {
	w.progress.Counts.Running--
	w.progress.Counts.Finished++
	w.add(orchestrator.EventNodeFinished, orchestrator.Node{
		Index: i, Name: w.name(i), State: orchestrator.NodeFinished, Started: w.at, Finished: w.at.Add(time.Second), Result: Result(i),
	})
}

func (w *Worker) add(what orchestrator.EventType, n orchestrator.Node) {
	w.enter(orchestrator.JobRunning)
	w.progress.LastEvent++
	n.LatestEvent, n.Updated = w.progress.LastEvent, w.at
	w.events = append(w.events, orchestrator.Event{ID: n.LatestEvent, Type: what, Time: w.at, Node: n})
}

// End adds that the job has ended in a state, some seconds after what came before.
func (w *Worker) End(state orchestrator.JobState, seconds int) {
	w.at = w.at.Add(time.Duration(seconds) * time.Second)
	w.enter(state)
	w.progress.LastEvent++
	w.events = append(w.events, orchestrator.Event{
		ID: w.progress.LastEvent, Type: orchestrator.EventJobFinished, Time: w.at, JobState: state,
	})
}

func (w *Worker) enter(state orchestrator.JobState) {
	if w.progress.State != state {
		w.progress.State = state
		w.progress.Status = append(w.progress.Status, orchestrator.StateChange{State: state, At: w.at})
	}
}

// Commit writes what was added, as one group.
func (w *Worker) Commit(ctx context.Context) error {
	err := w.store.Commit(ctx, w.lease, orchestrator.Batch{Progress: w.progress, Events: w.events})
	w.events = w.events[:0]
	return err
}

// RunAll writes that all nodes have run and finished, in groups of so many transitions.
func (w *Worker) RunAll(ctx context.Context, group int) error {
	for w.ended < w.nodes {
		if err := w.Turn(ctx, group); err != nil {
			return err
		}
	}
	return nil
}

// Turn writes a group of transitions: it ends the nodes that the Turn before has begun, and begins others, as
// long as there are any.
func (w *Worker) Turn(ctx context.Context, group int) error {
	for ; w.ended < w.begun; w.ended++ {
		w.Finish(w.ended)
	}
	for end := min(w.begun+group/2, w.nodes); w.begun < end; w.begun++ {
		w.Run(w.begun)
	}
	return w.Commit(ctx)
}

// Ended returns how many nodes Turn has ended.
func (w *Worker) Ended() int { return w.ended }
