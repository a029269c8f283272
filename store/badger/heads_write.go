package badger

import (
	"cmp"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// newHeads are the heads of nodes that a commit changes, in the order of the nodes.
type newHeads []newHeadOf

type newHeadOf struct {
	index int
	head
}

// headsAfter returns the heads of the nodes of events as the last of these leave them. Events whose nodes
// the job does not have are left out.
func headsAfter(events []orchestrator.Event, p place) newHeads {
	after := make(newHeads, 0, len(events))
	for i := range events {
		if ev := &events[i]; !ofJob(ev) && ev.Node.Index >= 0 && ev.Node.Index < p.nodes {
			after = append(after, newHeadOf{ev.Node.Index, headOf(ev)})
		}
	}
	slices.SortFunc(after, func(a, b newHeadOf) int {
		return cmp.Or(cmp.Compare(a.index, b.index), -cmp.Compare(a.event, b.event))
	})
	return slices.CompactFunc(after, func(a, b newHeadOf) bool { return a.index == b.index })
}

// rows returns the rows that have the heads, together with those of other nodes as the group leaves them.
func (after newHeads) rows(g *group, p place) ([]row, error) {
	var rows []row
	var hs [headsPerChunk]head
	for len(after) > 0 {
		chunk := after[0].index / headsPerChunk
		key := headsKey(p.set, chunk)
		if _, err := readHeads(g.txn, key, hs[:]); err != nil {
			return nil, err
		}
		for len(after) > 0 && after[0].index/headsPerChunk == chunk {
			hs[after[0].index%headsPerChunk] = after[0].head
			after = after[1:]
		}
		rows = append(rows, row{key, encodeHeads(hs[:])})
	}
	return rows, nil
}
