package badger

import "github.com/seed-54b7607b/orchestrator"

// The numbers of states in rows are their places here.
//
//nolint:gochecknoglobals // a table that is never written
var nodeStates = []orchestrator.NodeState{
	"", orchestrator.NodeNew, orchestrator.NodeRunning, orchestrator.NodeFinished,
	orchestrator.NodeFailed, orchestrator.NodeErrored, orchestrator.NodeSkipped,
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

// numberOfNew is the number of NodeNew.
const numberOfNew = 1

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
