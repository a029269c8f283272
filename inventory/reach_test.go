package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/inventory"
)

func status(name string, connected bool) orchestrator.NodeStatus {
	return orchestrator.NodeStatus{Name: name, Connected: connected}
}

func TestEveryNodeIsReachedWithoutReach(t *testing.T) {
	f := open(t, written(t, "nodes: [b, a]\n"), nil)
	all, err := f.Inventory(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []orchestrator.NodeStatus{status("b", true), status("a", true)}, all)
	some, err := f.Inventory(t.Context(), []string{"x", "a"})
	require.NoError(t, err)
	assert.Equal(t, []orchestrator.NodeStatus{status("x", false), status("a", true)}, some)
	none, err := f.Inventory(t.Context(), []string{})
	require.NoError(t, err)
	assert.Empty(t, none)
}

// network is a Reach that knows which nodes are down, and how often it was asked.
type network struct {
	mu    sync.Mutex
	down  map[string]bool
	asked map[string]int
}

func (n *network) reach(_ context.Context, node inventory.Node) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked[node.Name+" "+node.Address]++
	if n.down[node.Name] {
		return errors.New("down")
	}
	return nil
}

func TestWhatIsKnownOfANodeIsKeptForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{down: map[string]bool{"b": true}, asked: make(map[string]int)}
		path := written(t, "nodes: [a, b]\n")
		f := open(t, path, &inventory.Options{Reach: n.reach})
		ask := func() []orchestrator.NodeStatus {
			all, err := f.Inventory(t.Context(), []string{"a", "b", "x"})
			require.NoError(t, err)
			return all
		}
		for range 3 {
			assert.Equal(t, []orchestrator.NodeStatus{status("a", true), status("b", false), status("x", false)}, ask())
		}
		all, err := f.Inventory(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, []orchestrator.NodeStatus{status("a", true)}, all)
		assert.Equal(t, map[string]int{"a a": 1, "b b": 1}, n.asked)

		n.down["a"], n.down["b"] = true, false
		time.Sleep(31 * time.Second)
		assert.Equal(t, []orchestrator.NodeStatus{status("a", false), status("b", true), status("x", false)}, ask())
		assert.Equal(t, map[string]int{"a a": 2, "b b": 2}, n.asked)

		write(t, path, "nodes: [a, {name: b, address: 10.0.0.2}]\n")
		time.Sleep(2 * time.Second)
		ask()
		assert.Equal(t, 1, n.asked["b 10.0.0.2"], "what was known of the old address was taken for the new one")
	})
}

func TestReachingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes = 600
		var text strings.Builder
		text.WriteString("nodes:\n")
		for i := range nodes {
			fmt.Fprintf(&text, "  - n%d\n", i)
		}
		var now, most atomic.Int64
		f := open(t, written(t, text.String()), &inventory.Options{Reach: func(ctx context.Context, _ inventory.Node) error {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer now.Add(-1)
			<-ctx.Done()
			return ctx.Err()
		}})
		began := time.Now()
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				all, err := f.Inventory(t.Context(), nil)
				assert.True(t, err == nil && len(all) == 0, "%v %v", all, err)
			})
		}
		wg.Wait()
		assert.EqualValues(t, 250, most.Load())
		assert.LessOrEqual(t, time.Since(began), 5*3*time.Second, "1200 nodes, 250 at once, 3 seconds each")
	})
}

func TestAskingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{asked: make(map[string]int)}
		hang := true
		f := open(t, written(t, "nodes: [a]\n"), &inventory.Options{Reach: func(ctx context.Context, node inventory.Node) error {
			if hang {
				<-ctx.Done()
				return ctx.Err()
			}
			return n.reach(ctx, node)
		}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := f.Inventory(ctx, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		hang = false
		all, err := f.Inventory(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, []orchestrator.NodeStatus{status("a", true)}, all, "a node that nobody waited for was taken to be down")
	})
}

func TestDial(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	f := open(t, written(t, fmt.Sprintf("defaults: {port: %d}\nnodes: [{name: up, address: 127.0.0.1}, {name: down, address: 127.0.0.1, port: 1}]\n", port)),
		&inventory.Options{Reach: inventory.Dial})
	statuses, err := f.Inventory(t.Context(), []string{"down", "up"})
	require.NoError(t, err)
	assert.Equal(t, []orchestrator.NodeStatus{status("down", false), status("up", true)}, statuses)
}
