package badger

import (
	"context"
	"sync"

	"github.com/seed-54b7607b/orchestrator"
)

// liveOrder keeps the nodes of an unfinished job in the orders that have been asked for. It is made
// when somebody asks, and dropped when so much has happened since that it is better made again. Whoever
// writes the job only notes what has changed; whoever asks next brings the lists up to date.
type liveOrder struct {
	place

	changes []nodeChange // not yet in the columns; guarded by state.mu

	mu      sync.Mutex // guards all below; held while rows are read, and never taken by who holds state.mu
	columns *columns   // nil until they have been read
	lists   map[nodeList]*sortedList
}

// nodeChange is what a node is ordered by from now on.
type nodeChange struct {
	index int32
	nodeKeys
}

// maxOrdered is how many nodes unfinished jobs may have together that are kept in order, which takes
// 25 to 60 bytes each.
const maxOrdered = 1 << 20

// fewNodes is how many nodes a job may have that is not worth being kept in order.
const fewNodes = namesPerChunk

// orderOf returns the order of an unfinished job, nil if it has ended or has too few or too many nodes.
func (st *state) orderOf(id orchestrator.JobID) *liveOrder {
	st.mu.Lock()
	defer st.mu.Unlock()
	j := st.jobs[id]
	if j == nil || j.nodes <= fewNodes || j.nodes > maxOrdered {
		return nil
	}
	if j.order == nil {
		for _, other := range st.jobs {
			if st.ordered+j.nodes <= maxOrdered {
				break
			}
			st.dropOrder(other)
		}
		j.order = &liveOrder{place: j.place, lists: make(map[nodeList]*sortedList)}
		st.ordered += j.nodes
	}
	return j.order
}

// dropOrder lets go of the order of a job. The caller holds st.mu.
func (st *state) dropOrder(j *liveJob) {
	if j.order != nil {
		st.ordered -= j.nodes
		j.order = nil
	}
}

// noteNodes notes what events have made of the nodes of a job. The caller holds st.mu.
func (st *state) noteNodes(j *liveJob, events []orchestrator.Event) {
	if j.order == nil {
		return
	}
	if len(j.order.changes)+len(events) > j.nodes {
		st.dropOrder(j)
		return
	}
	for i := range events {
		if ev := &events[i]; !ofJob(ev) {
			j.order.changes = append(j.order.changes, nodeChange{int32(ev.Node.Index), keysOf(&ev.Node)})
		}
	}
}

// takeChanges returns what has changed and is not yet in the columns, and whether the order is still
// kept.
func (st *state) takeChanges(id orchestrator.JobID, o *liveOrder) ([]nodeChange, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	j := st.jobs[id]
	if j == nil || j.order != o {
		return nil, false
	}
	changes := o.changes
	o.changes = nil
	return changes, true
}

// liveNodes returns the indexes of the nodes of an unfinished job that are on a page, in its order. It
// returns false if they are not kept in order.
func (s *Store) liveNodes(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) ([]int32, bool, error) {
	o := s.state.orderOf(id)
	if o == nil {
		return nil, false, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.read(ctx, s, id); err != nil {
		return nil, false, err
	}
	changes, ok := s.state.takeChanges(id, o)
	if !ok {
		return nil, false, nil
	}
	o.update(changes)
	l, err := o.list(ctx, s, nodeList{q.OrderBy, q.State})
	if err != nil {
		return nil, false, err
	}
	from, to := placesOf(q, l.n)
	return inDirection(l.part(from, to), q), true, nil
}

// read reads the columns, unless they have been read. What changes meanwhile is noted already.
func (o *liveOrder) read(ctx context.Context, s *Store, id orchestrator.JobID) error {
	if o.columns != nil {
		return nil
	}
	columns, err := s.readColumns(ctx, id, o.place)
	if err == nil {
		o.columns = columns
	}
	return err
}

// update brings the columns and the lists up to date.
func (o *liveOrder) update(changes []nodeChange) {
	if len(changes) > o.nodes/16 { // then sorting again is less work
		clear(o.lists)
	}
	for _, ch := range changes {
		before := o.columns.at(ch.index)
		if before == ch.nodeKeys {
			continue
		}
		for which, l := range o.lists {
			if which.has(before.state) {
				l.remove(ch.index)
			}
		}
		o.columns.set(int(ch.index), ch.nodeKeys)
		for which, l := range o.lists {
			if which.has(ch.state) {
				l.add(ch.index)
			}
		}
	}
}

// list returns a list, which it makes if nobody has asked for it before.
func (o *liveOrder) list(ctx context.Context, s *Store, which nodeList) (*sortedList, error) {
	if l := o.lists[which]; l != nil {
		return l, nil
	}
	if which.order == orchestrator.NodesByName && o.columns.names == nil {
		err := s.read(ctx, func(sn *snapshot) (err error) {
			o.columns.names, err = sn.nameRanks(o.place)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	l := newSortedList(o.columns.sorted(which.order, which.state), o.columns.compare(which.order))
	o.lists[which] = l
	return l, nil
}
