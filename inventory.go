package orchestrator

import (
	"context"
	"time"
)

// Inventory is an optional ability of a [Runner]: to say which nodes it can reach. A runner
// without it is taken to reach every node that it is asked about, and to know none by itself.
type Inventory interface {
	// Inventory returns the status of nodes, in the order asked; of all nodes that it knows to be
	// connected if nodes is nil. It may be called from many goroutines at once.
	Inventory(ctx context.Context, nodes []string) ([]NodeStatus, error)
}

// NodeStatus says whether a node can be reached.
type NodeStatus struct {
	Name      string
	Connected bool
	Broker    string    // what it is connected through; "" if it is not connected, or that is not known
	Since     time.Time // when it was connected; zero if it is not, or that is not known
}

// Inventory returns which of the nodes can be reached, in the order asked; which nodes are known to
// be connected, if nodes is nil.
func (o *Orchestrator) Inventory(ctx context.Context, nodes []string) ([]NodeStatus, error) {
	if inventory, ok := o.runner.(Inventory); ok {
		all, err := inventory.Inventory(ctx, nodes)
		if err != nil {
			return nil, &Error{Op: "inventory", Err: err}
		}
		return all, nil
	}
	all := make([]NodeStatus, len(nodes))
	for i, name := range nodes {
		all[i] = NodeStatus{Name: name, Connected: true}
	}
	return all, nil
}
