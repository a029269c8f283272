package orchestrator

import (
	"fmt"
	"slices"
	"time"
)

// jobTransitions and nodeTransitions are all changes of state there are.
var (
	jobTransitions = map[JobState][]JobState{
		JobNew:      {JobReady, JobStopping},
		JobReady:    {JobRunning, JobStopping},
		JobRunning:  {JobFinished, JobFailed, JobStopping},
		JobStopping: {JobStopped},
	}
	nodeTransitions = map[NodeState][]NodeState{
		NodeNew:     {NodeRunning, NodeErrored, NodeSkipped},
		NodeRunning: {NodeFinished, NodeFailed, NodeErrored},
	}
)

// nodeEvents says which event tells of a node entering a state.
var nodeEvents = map[NodeState]EventType{
	NodeRunning:  EventNodeRunning,
	NodeFinished: EventNodeFinished,
	NodeFailed:   EventNodeFailed,
	NodeErrored:  EventNodeErrored,
	NodeSkipped:  EventNodeSkipped,
}

// ledger applies transitions to the progress of a job and gathers the events that tell of them.
// Nothing else assigns a state.
type ledger struct {
	progress Progress
	events   []Event
	bytes    int       // of the results and messages in events
	floor    time.Time // no event is earlier, whatever the clock says
	changed  bool
}

func newLedger(p Progress, floor time.Time) *ledger {
	p.Status = slices.Clip(p.Status) // it is shared, and must not be appended to in place
	return &ledger{progress: p, floor: floor}
}

// batch returns what is to be committed.
func (l *ledger) batch() Batch {
	return Batch{Progress: l.progress, Events: l.events}
}

// moveJob brings the job into a state. A job that ends is aborted if it was stopped by force.
func (l *ledger) moveJob(to JobState, at time.Time, stop StopMode) error {
	from := l.progress.State
	if !slices.Contains(jobTransitions[from], to) {
		return fmt.Errorf("no transition of a job from %q to %q", from, to)
	}
	at = l.after(at)
	l.progress.State = to
	l.progress.Status = append(l.progress.Status, StateChange{State: to, At: at})
	l.changed = true
	switch {
	case to == JobStopping:
		l.tell(Event{Type: EventJobStopping, Time: at, JobState: to})
	case to == JobStopped && stop == StopForce:
		l.tell(Event{Type: EventJobAborted, Time: at, JobState: to})
	case to.Terminal():
		l.tell(Event{Type: EventJobFinished, Time: at, JobState: to})
	}
	return nil
}

// moveNode brings a node into a state and returns it as it then is.
func (l *ledger) moveNode(n Node, to NodeState, at time.Time) (Node, error) {
	if !slices.Contains(nodeTransitions[n.State], to) {
		return n, fmt.Errorf("no transition of node %q from %q to %q", n.Name, n.State, to)
	}
	if at.Before(n.Started) {
		at = n.Started
	}
	at = l.after(at)
	counts := &l.progress.Counts
	*counts.of(n.State)--
	*counts.of(to)++
	n.State, n.Updated = to, at
	switch to {
	case NodeRunning:
		n.Started = at
	case NodeFinished, NodeFailed, NodeErrored:
		n.Finished = at
	}
	n.LatestEvent = l.progress.LastEvent + 1
	l.tell(Event{Type: nodeEvents[to], Time: at, Node: n})
	return n, nil
}

// after returns the time at, or that of the newest event if it is later.
func (l *ledger) after(at time.Time) time.Time {
	if at.After(l.floor) {
		l.floor = at
	}
	return l.floor
}

// tell appends an event.
func (l *ledger) tell(e Event) {
	l.progress.LastEvent++
	e.ID = l.progress.LastEvent
	l.events = append(l.events, e)
	l.bytes += len(e.Node.Result) + len(e.Node.Message)
	l.changed = true
}

// room reports whether the batch can take the events of one more node, of size bytes, and still
// those that the job itself may need.
func (l *ledger) room(size int) bool {
	const ofJob = 2 // job_stopping and job_finished
	return len(l.events) < MaxBatchEvents-ofJob && l.bytes+size <= MaxBatchBytes
}
