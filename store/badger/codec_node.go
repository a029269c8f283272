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
