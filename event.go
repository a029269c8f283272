package orchestrator

import "time"

// EventID numbers the events of a job: 1, 2, 3 and so on, without gaps.
type EventID int64

// EventType says what happened.
type EventType string

// The types of events. Every change of a node's state is an event, and the last event of
// every job is [EventJobFinished] or [EventJobAborted].
const (
	EventNodeRunning  EventType = "node_running"
	EventNodeFinished EventType = "node_finished"
	EventNodeFailed   EventType = "node_failed"
	EventNodeErrored  EventType = "node_errored"
	EventNodeSkipped  EventType = "node_skipped"
	EventJobStopping  EventType = "job_stopping" // the job was asked to stop
	EventJobFinished  EventType = "job_finished" // the job ended
	EventJobAborted   EventType = "job_aborted"  // the job ended because it was stopped by force
)

// Event is one thing that happened to a job or to one of its nodes.
type Event struct {
	ID   EventID
	Type EventType
	Time time.Time

	// Node is the node as the event left it. It is the zero Node for an event of the job.
	Node Node

	// JobState is the state the event left the job in. It is empty for an event of a node.
	JobState JobState
}

// Last reports whether the event is the last of its job.
func (e *Event) Last() bool {
	return e.Type == EventJobFinished || e.Type == EventJobAborted
}

// Clone returns a copy that shares no memory with e.
func (e *Event) Clone() Event {
	c := *e
	c.Node = e.Node.Clone()
	return c
}
