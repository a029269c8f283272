package httpapi

import (
	"github.com/seed-54b7607b/orchestrator"
)

// event appends an event. Its id is a string, unlike a node's latest-event-id: both as recorded.
func (e *encoder) event(j *orchestrator.Job, ev *orchestrator.Event) {
	e.open('{')
	e.eventMembers(j, ev)
	e.close('}')
}

func (e *encoder) eventMembers(j *orchestrator.Job, ev *orchestrator.Event) {
	e.key("id")
	e.intString(int64(ev.ID))
	e.key("type")
	e.string(string(ev.Type))
	e.key("timestamp")
	e.time(ev.Time)
	e.key("details")
	if ev.Node.Name == "" {
		e.jobEventDetails(ev)
	} else {
		e.nodeEventDetails(j, &ev.Node)
	}
	e.key("message")
	if ev.Node.Name == "" {
		e.string(jobMessage(j, ev))
	} else {
		e.string(nodeMessage(j, &ev.Node))
	}
}

func (e *encoder) jobEventDetails(ev *orchestrator.Event) {
	e.open('{')
	e.key("state")
	e.string(string(ev.JobState))
	e.close('}')
}

// nodeEventDetails appends which node the event is of, and its detail: the result, or, while the
// node runs, whether it does so only to see what would change.
func (e *encoder) nodeEventDetails(j *orchestrator.Job, n *orchestrator.Node) {
	e.open('{')
	e.key("node")
	e.string(n.Name)
	e.key("detail")
	switch {
	case n.State == orchestrator.NodeRunning:
		e.open('{')
		e.key("noop")
		e.bool(j.Noop)
		e.close('}')
	case ran(n):
		e.result(n)
	default:
		e.rawObject(nil)
	}
	e.close('}')
}

// nextEvents appends where the events that a client does not know yet begin.
func (e *encoder) nextEvents(l links, id orchestrator.JobID, next orchestrator.EventID) {
	e.open('{')
	e.key("id")
	e.string(l.eventsFrom(id, next))
	e.key("event")
	e.intString(int64(next))
	e.close('}')
}
