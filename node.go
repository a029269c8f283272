package orchestrator

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// NodeState is where a node is in a job. Unlike a job a node has one state before it runs,
// one while it runs, and four in which it stays for ever.
type NodeState string

// The states of a node in a job.
const (
	NodeNew      NodeState = "new"      // not started
	NodeRunning  NodeState = "running"  // being run
	NodeFinished NodeState = "finished" // terminal: it ran
	NodeFailed   NodeState = "failed"   // terminal: it ran, and failed
	NodeErrored  NodeState = "errored"  // terminal: it could not be run, or the outcome is not known
	NodeSkipped  NodeState = "skipped"  // terminal: it was never run
)

// NodeStates returns every state of a node, in the order of a node's life.
func NodeStates() []NodeState {
	return []NodeState{NodeNew, NodeRunning, NodeFinished, NodeFailed, NodeErrored, NodeSkipped}
}

// Terminal reports whether the state is one in which a node stays for ever.
func (s NodeState) Terminal() bool {
	return s == NodeFinished || s == NodeFailed || s == NodeErrored || s == NodeSkipped
}

// Node is one node of one job.
type Node struct {
	Index       int    // its place in the job, from 0, in the order the nodes were given
	Name        string // unique within the job
	State       NodeState
	Started     time.Time       // zero if it has not run
	Finished    time.Time       // zero if it runs still, or never ran
	Updated     time.Time       // when its state last changed; zero while it is new
	Message     string          // what the runner said, or why the node errored or was skipped
	Result      json.RawMessage // what the run gave, a JSON object; nil if nothing
	LatestEvent EventID         // the id of the event that brought it into its state; 0 while it is new
}

// Clone returns a copy that shares no memory with n.
func (n *Node) Clone() Node {
	c := *n
	c.Result = slices.Clone(n.Result)
	return c
}

// NodeCounts is how many nodes of a job are in which state.
type NodeCounts struct {
	New, Running, Finished, Failed, Errored, Skipped int
}

// Of returns how many nodes are in a state: 0 for a state that does not exist.
func (c *NodeCounts) Of(s NodeState) int {
	if n := c.of(s); n != nil {
		return *n
	}
	return 0
}

// Total returns how many nodes are counted.
func (c *NodeCounts) Total() int {
	return c.New + c.Running + c.Finished + c.Failed + c.Errored + c.Skipped
}

func (c *NodeCounts) of(s NodeState) *int {
	switch s {
	case NodeNew:
		return &c.New
	case NodeRunning:
		return &c.Running
	case NodeFinished:
		return &c.Finished
	case NodeFailed:
		return &c.Failed
	case NodeErrored:
		return &c.Errored
	case NodeSkipped:
		return &c.Skipped
	default:
		return nil
	}
}

// MaxNodeName is the greatest length of a node's name, in bytes.
const MaxNodeName = 255

// ValidNodeName returns nil if name can be the name of a node, or else an [*InvalidError]: it must have
// 1 to [MaxNodeName] bytes, all of them letters, digits or one of . _ - : @, and must start
// with a letter, a digit or an underscore, so that no program can take it for an option.
func ValidNodeName(name string) error {
	invalid := func(reason string) error {
		return &InvalidError{Field: "node", Value: name, Reason: reason}
	}
	if name == "" {
		return invalid("must not be empty")
	}
	if len(name) > MaxNodeName {
		return invalid(fmt.Sprintf("must not be longer than %d bytes", MaxNodeName))
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		case i > 0 && (c == '.' || c == '-' || c == ':' || c == '@'):
		default:
			return invalid("must consist of letters, digits and . _ - : @, and start with a letter, a digit or _")
		}
	}
	return nil
}
