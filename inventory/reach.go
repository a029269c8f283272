package inventory

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	reachAtOnce  = 250
	reachTimeout = 3 * time.Second
	reachKept    = 30 * time.Second
)

// Reach returns nil if a node can be reached, and otherwise why not. It may be called from many
// goroutines at once, and returns when ctx ends.
type Reach func(ctx context.Context, node Node) error

// reached is what was found out about a node.
type reached struct {
	ok bool
	at time.Time
}

// Dial is a [Reach]: it connects to the node's address by TCP, at its port or else at that of ssh, and
// hangs up.
func Dial(ctx context.Context, node Node) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(node.Address, strconv.Itoa(cmp.Or(node.Port, 22))))
	if err != nil {
		return err
	}
	return conn.Close()
}

// Inventory returns which of the nodes can be reached, in the order asked; those of the inventory that
// can be reached, if nodes is nil. One that the inventory does not have is not connected. Its only
// error is that of ctx.
func (f *File) Inventory(ctx context.Context, nodes []string) ([]orchestrator.NodeStatus, error) {
	fleet, all := f.fleet(), nodes == nil
	if all {
		nodes = fleet.names()
	}
	statuses := make([]orchestrator.NodeStatus, len(nodes))
	var (
		wg   sync.WaitGroup
		next atomic.Int64
	)
	for range min(len(nodes), reachAtOnce) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(nodes) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				statuses[i] = orchestrator.NodeStatus{Name: nodes[i], Connected: f.reaches(ctx, fleet, nodes[i])}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if all {
		statuses = slices.DeleteFunc(statuses, func(s orchestrator.NodeStatus) bool { return !s.Connected })
	}
	return statuses, nil
}

// reaches reports whether a node of the fleet can be reached.
func (f *File) reaches(ctx context.Context, fleet *fleet, name string) bool {
	node, known := fleet.node(name)
	if !known || f.opts.Reach == nil {
		return known
	}
	if r, fresh := fleet.recall(name); fresh {
		return r.ok
	}
	select {
	case f.dials <- struct{}{}:
		defer func() { <-f.dials }()
	case <-ctx.Done():
		return false
	}
	bounded, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	ok := f.opts.Reach(bounded, node) == nil
	if ok || ctx.Err() == nil {
		fleet.remember(name, reached{ok: ok, at: time.Now()})
	}
	return ok
}

// recall returns what was found out about a node, and whether that still counts.
func (f *fleet) recall(name string) (r reached, fresh bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.reached[name]
	return r, ok && time.Since(r.at) < reachKept
}

func (f *fleet) remember(name string, r reached) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reached[name] = r
}
