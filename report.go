package orchestrator

import "time"

// NodeReport is one node's line of a job's report.
type NodeReport struct {
	Node     string
	State    NodeState
	Started  time.Time // zero if it has not run
	Finished time.Time // zero if it runs still, or never ran
	Updated  time.Time // when its state last changed; zero while it is new
}
