package badger

import "github.com/seed-54b7607b/orchestrator"

// nodeSet is a set of nodes, by their indexes, which are mostly near each other.
type nodeSet struct {
	first int // no index is less
	bits  []uint64
}

// newNodeSet returns an empty set for those nodes of events that a job with so many nodes has.
func newNodeSet(events []orchestrator.Event, nodes int) nodeSet {
	first, last := nodes, -1
	for i := range events {
		if index := events[i].Node.Index; !ofJob(&events[i]) && index >= 0 && index < nodes {
			first, last = min(first, index), max(last, index)
		}
	}
	if last < 0 {
		return nodeSet{}
	}
	return nodeSet{first: first, bits: make([]uint64, (last-first)/64+1)}
}

func (s nodeSet) has(i int) bool {
	i -= s.first
	return s.bits[i>>6]&(1<<(i&63)) != 0
}

func (s nodeSet) add(i int) {
	i -= s.first
	s.bits[i>>6] |= 1 << (i & 63)
}
