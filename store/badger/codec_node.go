package badger

import "github.com/seed-54b7607b/orchestrator"

// The numbers of states in rows are their places here.
//
//nolint:gochecknoglobals // a table that is never written
var nodeStates = []orchestrator.NodeState{
	"", orchestrator.NodeNew, orchestrator.NodeRunning, orchestrator.NodeFinished,
	orchestrator.NodeFailed, orchestrator.NodeErrored, orchestrator.NodeSkipped,
}

// nodeRow is a node that is not as it was created, without its index, which is in the key.
//
// What a node says, its message and its result, is stored once. If the node is in a terminal
// state, its row holds it, and the event is read from there. Otherwise the event holds it.
type nodeRow struct {
	node      orchestrator.Node
	event     orchestrator.EventID // the event that wrote the row
	elsewhere bool                 // what the node says is with that event
}

// encodeNode appends the row of a node as the event leaves it.
func (e *encoder) node(n *orchestrator.Node, event orchestrator.EventID) {
	elsewhere := !n.State.Terminal() && says(n)
	e.byte(version)
	e.nodeState(n.State)
	e.flags(elsewhere)
	e.varint(int64(event))
	e.nodeTimes(n, event)
	e.text(n.Name)
	if !elsewhere {
		e.text(n.Message)
		e.bytes(n.Result)
	}
}

// decode reads the row of a node, whose Result shares the memory of value. Its Name shares that of the
// name that it is likely to have.
func (r *nodeRow) decode(value []byte, likely string) error {
	d := r.decodeHead(value, likely)
	if !r.elsewhere {
		r.node.Message = d.text()
		r.node.Result = d.bytes()
	}
	return d.end()
}

// decodeHead is decode but for what the node says. The decoder goes on with that.
func (r *nodeRow) decodeHead(value []byte, likely string) decoder {
	d := decode(value)
	*r = nodeRow{}
	n := &r.node
	n.State = d.nodeState()
	d.flags(&r.elsewhere)
	r.event = orchestrator.EventID(d.varint())
	d.nodeTimes(n, r.event)
	n.Name = d.textLike(likely)
	return d
}

// says reports whether a node has a message or a result.
func says(n *orchestrator.Node) bool { return n.Message != "" || n.Result != nil }

// headOfNode reads no more from the row of a node than its state and the event that wrote it.
func headOfNode(value []byte) (state orchestrator.NodeState, event orchestrator.EventID, err error) {
	d := decode(value)
	state = d.nodeState()
	d.byte() // flags
	event = orchestrator.EventID(d.varint())
	return state, event, d.err
}

func (e *encoder) nodeState(s orchestrator.NodeState) {
	if s == "" {
		e.fail(invalid("Events.Node.State", "", "must not be empty"))
	}
	writeEnum(e, "Events.Node.State", s, nodeStates)
}

func (d *decoder) nodeState() orchestrator.NodeState {
	state := readEnum(d, nodeStates)
	if state == "" {
		d.fail(errRange)
	}
	return state
}

// nodeTimes writes when the node changed, and its latest event, which is the one that tells of
// the change: it takes a byte.
func (e *encoder) nodeTimes(n *orchestrator.Node, event orchestrator.EventID) {
	e.time(n.Started)
	e.time(n.Finished)
	e.time(n.Updated)
	e.varint(int64(n.LatestEvent - event))
}

func (d *decoder) nodeTimes(n *orchestrator.Node, event orchestrator.EventID) {
	n.Started, n.Finished, n.Updated = d.time(), d.time(), d.time()
	n.LatestEvent = orchestrator.EventID(d.varint()) + event
}

// encodeNames returns the value of a row of names.
func encodeNames(names []string) []byte {
	size := 4
	for _, name := range names {
		size += 2 + len(name)
	}
	e := &encoder{b: make([]byte, 0, size)}
	e.byte(version)
	e.uvarint(uint64(len(names)))
	for _, name := range names {
		e.text(name)
	}
	return e.b
}

// decodeNames reads a row of names into the given memory, if that is enough.
func decodeNames(value []byte, memory []string) ([]string, error) {
	d := decodeText(value)
	n := d.count()
	names := memory
	if memory == nil || cap(memory) < n {
		names = make([]string, n)
	}
	names = names[:n]
	for i := range names {
		names[i] = d.text()
	}
	return names, d.end()
}
