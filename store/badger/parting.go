package badger

import (
	"errors"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// The event that brings a node into a terminal state is read from the node's row, because that
// does not change again: an orchestrator never changes such a node. If somebody does it all the
// same, the event is parted from the node first, and then holds the node itself.

// errJoined means that a batch changes nodes that events are read from.
var errJoined = errors.New("badger: events are read from the nodes")

// nodeSet is a set of nodes, by their indexes.
type nodeSet []uint64

// newNodeSet returns an empty set with room for n nodes, or for many if n is absurd.
func newNodeSet(n int) nodeSet { return make(nodeSet, 0, min(n/64+1, 1<<16)) }

func (s nodeSet) has(i int) bool { return i>>6 < len(s) && s[i>>6]&(1<<(i&63)) != 0 }

func (s *nodeSet) add(i int) {
	for i>>6 >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[i>>6] |= 1 << (i & 63)
}

func (s nodeSet) remove(i int) {
	if s.has(i) {
		s[i>>6] &^= 1 << (i & 63)
	}
}

// joinedAmong returns which of the events' nodes have rows that other events are read from.
func (st *state) joinedAmong(id orchestrator.JobID, events []orchestrator.Event) []int {
	st.mu.Lock()
	defer st.mu.Unlock()
	j := st.jobs[id]
	if j == nil {
		return nil
	}
	var joined []int
	for i := range events {
		if ev := &events[i]; !ofJob(ev) && j.joined.has(ev.Node.Index) {
			joined = append(joined, ev.Node.Index)
		}
	}
	return joined
}

// learnJoined finds out from which of a job's nodes events are read. It has something to do once
// for every job that was unfinished when the store was opened.
func (s *Store) learnJoined(id orchestrator.JobID, p place) error {
	if s.state.knowsJoined(id) {
		return nil
	}
	sn := s.snapshot()
	defer sn.release()
	joined := newNodeSet(p.nodes)
	prefix := setPrefix(kindNode, p.set)
	err := sn.iterate(prefix, prefix, false, func(item *badgerdb.Item) (bool, error) {
		index, err := readNodeKey(item.Key())
		if err != nil {
			return false, err
		}
		return true, item.Value(func(v []byte) error {
			// What is in pieces is taken to be in a terminal state: that is only less fast.
			if state, err := stateOfNode(v); err != nil || state.Terminal() {
				joined.add(index)
			}
			return nil
		})
	})
	if err == nil {
		s.state.setJoined(id, joined)
	}
	return err
}

func (st *state) knowsJoined(id orchestrator.JobID) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	j := st.jobs[id]
	return j == nil || j.joinedKnown
}

// setJoined sets what learnJoined has found, unless it is known by now: no batch is written
// before it is.
func (st *state) setJoined(id orchestrator.JobID, joined nodeSet) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if j := st.jobs[id]; j != nil && !j.joinedKnown {
		j.joined, j.joinedKnown = joined, true
	}
}

// parting is the op that parts events from nodes: as many as fit, and at least one. It changes
// nothing that anybody sees.
type parting struct {
	job   orchestrator.JobID
	nodes []int // those that events are read from
	done  []int // those that none is read from any more
}

func (p *parting) stage(g *group) error {
	v, ok := g.job(p.job)
	if !ok {
		return orchestrator.ErrLeaseLost
	}
	if g.touched[p.job] {
		return errFull
	}
	sn := g.s.snapshot()
	defer sn.release()
	p.done = nil
	parted := partedEvents{sn: sn, job: p.job, set: v.set, rows: make(map[orchestrator.EventID]*partedRow)}
	for _, index := range p.nodes {
		if parted.bytes > partSize {
			break
		}
		if err := parted.add(index); err != nil {
			return err
		}
		p.done = append(p.done, index)
	}
	rows, err := parted.encode()
	if err != nil {
		return err
	}
	if err := g.put(rows); err != nil {
		return err
	}
	g.touched[p.job] = len(rows) > 0
	return nil
}

func (p *parting) apply(st *state) error {
	if j := st.jobs[p.job]; j != nil {
		for _, index := range p.done {
			j.joined.remove(index)
		}
	}
	return nil
}

// partedEvents are rows of events that are being rewritten, by the last events in them.
type partedEvents struct {
	sn    *snapshot
	job   orchestrator.JobID
	set   uint64
	rows  map[orchestrator.EventID]*partedRow
	bytes int // of what was added to them
}

type partedRow struct {
	events []orchestrator.Event
	join   []bool
}

// add gives the event that is read from a node the node itself.
func (p *partedEvents) add(index int) error {
	key := nodeKey(p.set, index)
	value, err := get(p.sn.txn, key)
	if err != nil {
		return err
	}
	if value == nil {
		return corrupt(key, errMissing)
	}
	n, event, err := p.sn.node(p.job, index, key, value)
	if err != nil {
		return err
	}
	row, i, err := p.row(event)
	if err != nil || !row.join[i] {
		return err
	}
	row.events[i].Node, row.join[i] = n, false
	p.bytes += sizeOf(&n)
	return nil
}

// row returns the row that holds an event, and the event's place in it.
func (p *partedEvents) row(id orchestrator.EventID) (*partedRow, int, error) {
	last, value, err := p.sn.eventsWith(p.job, id)
	if err != nil {
		return nil, 0, err
	}
	r := p.rows[last]
	if r == nil {
		r = &partedRow{}
		if err := decodeEvents(value, last, func(row *eventRow) error {
			r.events = append(r.events, row.Event)
			r.join = append(r.join, row.join)
			return nil
		}); err != nil {
			return nil, 0, corrupt(eventsKey(p.job, last), err)
		}
		p.rows[last] = r
	}
	i := int64(len(r.events)) - 1 - int64(last-id)
	if i < 0 {
		return nil, 0, corrupt(eventsKey(p.job, last), errTruncated)
	}
	return r, int(i), nil
}

func (p *partedEvents) encode() ([]row, error) {
	var rows []row
	for last, r := range p.rows {
		value, err := encodeEvents(r.events, r.join)
		if err != nil {
			return nil, err
		}
		rows = appendRow(rows, eventsKey(p.job, last), value)
	}
	return rows, nil
}
