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

// withNode is a bit of the byte that says of an event what there is: its node. The bits above say which times
// there are.
const withNode = 1

// eventsLength is about how long a row of several events is at most. With longer ones there would be fewer, but
// who reads one event reads its row, and Badger copies it.
const eventsLength = 8000

// eventsRow is a row of events.
type eventsRow struct {
	last  orchestrator.EventID
	value []byte
}

// A row of events begins with the progress in which the last of them leaves the job, which is empty unless
// they are the last ones of a commit, and a time that those of the events are near. Each event stands behind
// its length, so that one is found without reading those before it; and what its node says comes first,
// without the rest of it.

// encodeEvents returns the rows of the events of a commit, which are numbered on from each other and leave
// the job with some progress.
func encodeEvents(p *orchestrator.Progress, events []orchestrator.Event) ([]eventsRow, error) {
	left := &encoder{b: make([]byte, 0, sizeOfProgress(p))}
	left.progress(p)
	var rows []eventsRow
	for len(events) > 0 {
		n, size := inOneRow(events)
		e := &encoder{b: make([]byte, 0, size+len(left.b))}
		e.byte(version)
		if n == len(events) {
			e.bytes(left.b)
		} else {
			e.bytes(nil)
		}
		e.events(events[:n])
		if e.err != nil {
			return nil, e.err
		}
		rows = append(rows, eventsRow{events[n-1].ID, e.b})
		events = events[n:]
	}
	return rows, left.err
}

// inOneRow returns how many of some events stand in one row, and about how long that is.
func inOneRow(events []orchestrator.Event) (n, size int) {
	size = 32
	for i := range events {
		const rest = 48 // of what is written of an event, about
		of := rest + sizeOf(&events[i].Node)
		if i > 0 && size+of > eventsLength {
			return i, size
		}
		size += of
	}
	return len(events), size
}

// sizeOf returns about how much memory a node takes, beside what every node does.
func sizeOf(n *orchestrator.Node) int { return len(n.Name) + len(n.Message) + len(n.Result) }

// events writes events behind each other.
func (e *encoder) events(events []orchestrator.Event) {
	near := events[0].Time.UnixMilli()
	e.varint(near)
	e.uvarint(uint64(len(events)))
	of := encoder{b: make([]byte, 0, 512)}
	for i := range events {
		of.b = of.b[:0]
		of.event(&events[i], near)
		e.bytes(of.b)
	}
	if of.err != nil {
		e.fail(of.err)
	}
}

// event writes an event whose time is near another.
func (e *encoder) event(ev *orchestrator.Event, near int64) {
	n, there := &ev.Node, byte(withNode)
	if ofJob(ev) {
		n, there = &orchestrator.Node{}, 0
	}
	e.text(n.Message)
	e.bytes(n.Result)
	times := [...]int64{orderedTime(ev.Time), orderedTime(n.Updated), orderedTime(n.Finished), orderedTime(n.Started)}
	e.byte(there | timesThere(times[:])<<1)
	e.eventType(ev.Type)
	writeEnum(e, "Events.JobState", ev.JobState, jobStates)
	e.times(near, times[:])
	if there&withNode == 0 {
		return
	}
	e.int(n.Index)
	e.nodeState(n.State)
	e.varint(int64(n.LatestEvent - ev.ID))
	e.text(n.Name)
}

// ofJob reports whether an event has no node.
func ofJob(ev *orchestrator.Event) bool { return ev.Node.State == "" && ev.Node.Name == "" }

// eventsIn is a row of events being read.
type eventsIn struct {
	decoder

	next, last orchestrator.EventID // of those that have not been read
	near       int64
}

// readEventsRow begins to read a row of events, the last of which has the given number.
func readEventsRow(value []byte, last orchestrator.EventID) eventsIn {
	r := eventsIn{decoder: decode(value), last: last}
	r.bytes() // see leftBy
	r.near = r.varint()
	n := r.count()
	if int64(n) > int64(last) {
		r.fail(errRange)
	}
	r.next = last - orchestrator.EventID(n) + 1
	return r
}

// event returns a decoder of the next event, and its number. There must be one.
func (r *eventsIn) event() (d decoder, id orchestrator.EventID) {
	id = r.next
	r.next++
	return decoder{b: r.bytes(), err: r.err}, id
}

// decodeEvents reads a row of events, the last of which has the given number, and passes on each from one
// on. Their Results share the memory of value.
func decodeEvents(value []byte, last, from orchestrator.EventID, each func(*orchestrator.Event) error) error {
	r := readEventsRow(value, last)
	var ev orchestrator.Event
	for r.next <= r.last && r.err == nil {
		d, id := r.event()
		if id < from {
			continue
		}
		ev = orchestrator.Event{ID: id}
		if d.event(&ev, r.near); d.end() != nil {
			return d.err
		}
		if err := each(&ev); err != nil {
			return err
		}
	}
	return r.end()
}

// event reads all but the ID of an event.
func (d *decoder) event(ev *orchestrator.Event, near int64) {
	n := &ev.Node
	n.Message = d.text()
	n.Result = d.bytes()
	there := d.byte()
	ev.Type = d.eventType()
	ev.JobState = readEnum(d, jobStates)
	var times [4]int64
	d.times(near, there>>1, times[:])
	ev.Time, n.Updated, n.Finished, n.Started = timeOf(times[0]), timeOf(times[1]), timeOf(times[2]), timeOf(times[3])
	if there&withNode == 0 {
		return
	}
	n.Index = d.int()
	n.State = d.nodeState()
	n.LatestEvent = ev.ID + orchestrator.EventID(d.varint())
	n.Name = d.text()
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
