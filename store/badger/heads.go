package badger

import (
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// How many heads stand in one row. Both are part of the layout.
const (
	// headsPerChunk is small because a commit writes the row of each node that it changes again: with more of
	// them in a row, one that changes 1,024 nodes far from each other would not fit into a transaction.
	headsPerChunk = 16

	// finalPerChunk is how many there are in a row that is written when the job has ended.
	finalPerChunk = namesPerChunk
)

// head is what a row says of one node: everything but its name, and what it says, which is with the event.
type head struct {
	nodeKeys

	updated int64                // in milliseconds, or noTime
	event   orchestrator.EventID // that left the node so; 0 if it is as it was created
	latest  orchestrator.EventID
	says    int // how long what it says is
}

// stateBits is how many of the bits of a head's first byte are its state. The others say which times there are.
const stateBits = 3

// newHead returns the head of a node that is as it was created.
func newHead() head {
	return head{nodeKeys: nodeKeys{state: numberOfNew, started: noTime, finished: noTime}, updated: noTime}
}

// headOf returns the head of a node as an event leaves it.
func headOf(ev *orchestrator.Event) head {
	n := &ev.Node
	return head{nodeKeys: keysOf(n), updated: orderedTime(n.Updated), event: ev.ID, latest: n.LatestEvent, says: lengthOf(n)}
}

// lengthOf returns how long what a node says is. It is 0 only if there is neither a message nor a result.
func lengthOf(n *orchestrator.Node) int {
	says := len(n.Message) + len(n.Result)
	if n.Result != nil {
		says++
	}
	return says
}

// node returns the node of a head, but for what it says.
func (h *head) node(index int, name string) orchestrator.Node {
	return orchestrator.Node{
		Index: index, Name: name, State: nodeStates[h.state],
		Started: timeOf(h.started), Finished: timeOf(h.finished), Updated: timeOf(h.updated),
		LatestEvent: h.latest,
	}
}

// timeOf is the reverse of orderedTime.
func timeOf(ms int64) time.Time {
	if ms == noTime {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// encodeHeads returns the value of the row of heads. Nodes next to each other mostly run at the same time:
// what can be is written as the difference to what was before.
func encodeHeads(hs []head) []byte {
	end := len(hs)
	for end > 0 && hs[end-1].event == 0 {
		end--
	}
	e := &encoder{b: make([]byte, 0, 16+16*end)}
	e.byte(version)
	e.uvarint(uint64(end))
	var event orchestrator.EventID
	var t int64
	for i := range hs[:end] {
		h := &hs[i]
		if h.event == 0 {
			e.byte(0)
			continue
		}
		times := [...]int64{h.started, h.finished, h.updated}
		e.byte(h.state | timesThere(times[:])<<stateBits)
		e.varint(int64(h.event - event))
		e.varint(int64(h.latest - h.event))
		t = e.times(t, times[:])
		e.uvarint(uint64(h.says))
		event = h.event
	}
	return e.b
}

// decodeHeads reads a row of heads into all of hs.
func decodeHeads(value []byte, hs []head) error {
	d := decode(value)
	end := d.count() // if that is too many, something is left
	var event orchestrator.EventID
	var t int64
	for i := range hs {
		h := &hs[i]
		if *h = newHead(); i >= end {
			continue
		}
		first := d.byte()
		if first == 0 {
			continue
		}
		h.state = first & (1<<stateBits - 1)
		h.event = event + orchestrator.EventID(d.varint())
		h.latest = h.event + orchestrator.EventID(d.varint())
		var times [3]int64
		t = d.times(t, first>>stateBits, times[:])
		h.started, h.finished, h.updated = times[0], times[1], times[2]
		h.says = d.natural()
		if event = h.event; event <= 0 || h.state == 0 || int(h.state) >= len(nodeStates) {
			d.fail(errRange)
		}
	}
	return d.end()
}
