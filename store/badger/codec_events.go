package badger

import "github.com/seed-54b7607b/orchestrator"

// The numbers of types in rows are their places here.
//
//nolint:gochecknoglobals // a table that is never written
var eventTypes = []orchestrator.EventType{
	"", orchestrator.EventNodeRunning, orchestrator.EventNodeFinished, orchestrator.EventNodeFailed,
	orchestrator.EventNodeErrored, orchestrator.EventNodeSkipped, orchestrator.EventJobStopping,
	orchestrator.EventJobFinished, orchestrator.EventJobAborted,
}

// How an event is written: what it holds of its node.
const (
	eventOfJob    = 0 // nothing
	eventWithNode = 1 // everything
	eventOfNode   = 2 // its index: the row of the node holds the rest
)

// eventRow is an event, and whether its node has to be read from the node's own row.
type eventRow struct {
	orchestrator.Event

	join bool // only the Index of the Node is set
}

// encodeEvents returns the value of a row of events, which are numbered on from each other and leave
// the job with some progress. Where join is true, the event leaves its node to the node's own row.
func encodeEvents(p *orchestrator.Progress, events []orchestrator.Event, join []bool) ([]byte, error) {
	left := &encoder{b: make([]byte, 0, sizeOfProgress(p))}
	left.progress(p)
	e := &encoder{b: make([]byte, 0, 16+len(left.b)+48*len(events)), err: left.err}
	e.byte(version)
	e.bytes(left.b)
	e.uvarint(uint64(len(events)))
	for i := range events {
		e.event(&events[i], join[i])
	}
	return e.b, e.err
}

func (e *encoder) event(ev *orchestrator.Event, join bool) {
	form := byte(eventWithNode)
	switch {
	case join:
		form = eventOfNode
	case ofJob(ev):
		form = eventOfJob
	}
	e.byte(form)
	e.eventType(ev.Type)
	e.time(ev.Time)
	writeEnum(e, "Events.JobState", ev.JobState, jobStates)
	if form == eventOfJob {
		return
	}
	n := &ev.Node
	e.int(n.Index)
	if form == eventOfNode {
		return
	}
	e.nodeState(n.State)
	e.nodeTimes(n, ev.ID)
	e.text(n.Name)
	e.text(n.Message)
	e.bytes(n.Result)
}

// ofJob reports whether an event has no node.
func ofJob(ev *orchestrator.Event) bool { return ev.Node.State == "" && ev.Node.Name == "" }

// decodeEvents reads a row of events, the last of which has the given number, and passes on each.
// Their Results share the memory of value.
func decodeEvents(value []byte, last orchestrator.EventID, each func(*eventRow) error) error {
	d := decode(value)
	d.bytes() // see leftBy
	n := d.count()
	if int64(n) > int64(last) {
		d.fail(errRange)
	}
	for id := last - orchestrator.EventID(n) + 1; id <= last && d.err == nil; id++ {
		row := d.event(id)
		if d.err != nil {
			break
		}
		if err := each(&row); err != nil {
			return err
		}
	}
	return d.end()
}

func (d *decoder) event(id orchestrator.EventID) eventRow {
	var row eventRow
	form := d.byte()
	row.ID = id
	row.Type = d.eventType()
	row.Time = d.time()
	row.JobState = readEnum(d, jobStates)
	n := &row.Node
	switch form {
	case eventOfJob:
	case eventOfNode:
		n.Index = d.int()
		row.join = true
	case eventWithNode:
		n.Index = d.int()
		n.State = d.nodeState()
		d.nodeTimes(n, id)
		n.Name = d.text()
		n.Message = d.text()
		n.Result = d.bytes()
	default:
		d.fail(errRange)
	}
	return row
}

func (e *encoder) eventType(t orchestrator.EventType) {
	if t == "" {
		e.fail(invalid("Events.Type", "", "must not be empty"))
	}
	writeEnum(e, "Events.Type", t, eventTypes)
}

func (d *decoder) eventType() orchestrator.EventType {
	t := readEnum(d, eventTypes)
	if t == "" {
		d.fail(errRange)
	}
	return t
}
