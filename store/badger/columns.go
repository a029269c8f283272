package badger

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// columns is what the nodes of a job are ordered by, each in the place of its index.
type columns struct {
	states            []uint8 // their places in nodeStates
	started, finished []int64 // in milliseconds, or noTime
	names             []int32 // their places in the order of the names; nil until they are needed
}

// noTime stands for the zero time, which comes before all others.
const noTime = math.MinInt64

// nodeKeys is what one node is ordered by, but for its name and its index.
type nodeKeys struct {
	state             uint8
	started, finished int64
}

func keysOf(n *orchestrator.Node) nodeKeys {
	return nodeKeys{state: numberOfState(n.State), started: orderedTime(n.Started), finished: orderedTime(n.Finished)}
}

func orderedTime(t time.Time) int64 {
	if t.IsZero() {
		return noTime
	}
	return t.UnixMilli()
}

func numberOfState(s orchestrator.NodeState) uint8 { return uint8(slices.Index(nodeStates, s)) }

func newColumns(nodes int) *columns {
	return &columns{states: make([]uint8, nodes), started: make([]int64, nodes), finished: make([]int64, nodes)}
}

func (c *columns) at(i int32) nodeKeys { return nodeKeys{c.states[i], c.started[i], c.finished[i]} }

func (c *columns) set(i int, k nodeKeys) {
	c.states[i], c.started[i], c.finished[i] = k.state, k.started, k.finished
}

// compare returns how an order compares nodes, none of which are equal by it.
func (c *columns) compare(order orchestrator.NodeOrder) func(a, b int32) int {
	var by func(a, b int32) int
	switch order {
	case orchestrator.NodesByName:
		by = func(a, b int32) int { return cmp.Compare(c.names[a], c.names[b]) }
	case orchestrator.NodesByState:
		by = func(a, b int32) int {
			return strings.Compare(string(nodeStates[c.states[a]]), string(nodeStates[c.states[b]]))
		}
	case orchestrator.NodesByStarted:
		by = func(a, b int32) int { return cmp.Compare(c.started[a], c.started[b]) }
	case orchestrator.NodesByFinished:
		by = func(a, b int32) int { return cmp.Compare(c.finished[a], c.finished[b]) }
	case orchestrator.NodesByDuration:
		by = func(a, b int32) int { return cmp.Compare(c.duration(a), c.duration(b)) }
	default:
		return cmp.Compare[int32]
	}
	return func(a, b int32) int { return cmp.Or(by(a, b), cmp.Compare(a, b)) }
}

func (c *columns) duration(i int32) int64 {
	k := c.at(i)
	return k.duration()
}

// duration returns how long a node has run, in milliseconds, noTime if it has not finished.
func (k *nodeKeys) duration() int64 {
	if k.started == noTime || k.finished == noTime {
		return noTime
	}
	return k.finished - k.started
}

// sorted returns the nodes in a state, or all if it is "", in an order.
func (c *columns) sorted(order orchestrator.NodeOrder, state orchestrator.NodeState) []int32 {
	var list []int32
	number := numberOfState(state)
	for i, s := range c.states {
		if state == "" || s == number {
			list = append(list, int32(i))
		}
	}
	if order != orchestrator.NodesByIndex {
		slices.SortFunc(list, c.compare(order))
	}
	return list
}

// byState returns a list with the nodes that are in the same state together, otherwise in its order.
func (c *columns) byState(list []int32) []int32 {
	sorted := make([]int32, 0, len(list))
	for _, state := range statesByName() {
		number := numberOfState(state)
		for _, i := range list {
			if c.states[i] == number {
				sorted = append(sorted, i)
			}
		}
	}
	return sorted
}

// columnsReader reads columns, some nodes in each snapshot. Nodes that change meanwhile have to be set
// afterwards.
type columnsReader struct {
	heads headsOf
	next  int // the index of the next node to look at
	*columns
}

// read reads some nodes. There is no page.
func (r *columnsReader) read(sn *snapshot) (_ []struct{}, more bool, err error) {
	for end := min(r.heads.nodes, r.next+maxLooked); r.next < end; r.next++ {
		h, err := r.heads.head(sn, r.next)
		if err != nil {
			return nil, false, err
		}
		r.set(r.next, h.nodeKeys)
	}
	return nil, r.next < r.heads.nodes, nil
}

// nameRanks returns the place of each node of a job in the order of their names. The job has more than
// maxSmall.
func (sn *snapshot) nameRanks(p place) ([]int32, error) {
	names := make([]string, 0, p.nodes)
	for chunk := 0; len(names) < p.nodes; chunk++ {
		some, err := sn.chunkOfNames(p.set, chunk, nil)
		if err != nil {
			return nil, err
		}
		if len(some) == 0 || len(names)+len(some) > p.nodes {
			return nil, corrupt(namesKey(p.set, chunk), errRange)
		}
		names = append(names, some...)
	}
	list := make([]int32, p.nodes)
	for i := range list {
		list[i] = int32(i)
	}
	slices.SortFunc(list, func(a, b int32) int { return strings.Compare(names[a], names[b]) })
	ranks := make([]int32, p.nodes)
	for rank, i := range list {
		ranks[i] = int32(rank)
	}
	return ranks, nil
}
