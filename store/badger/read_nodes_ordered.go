package badger

import (
	"cmp"
	"context"
	"math"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// orderedNodes yields the nodes that a query asks for in an order that is not the one they were given
// in: it finds which are on the page, and then reads those.
func (s *Store) orderedNodes(ctx context.Context, id orchestrator.JobID, job known, q orchestrator.NodeQuery, yield func(orchestrator.Node, error) bool) {
	indexes, ok, err := s.inOrder(ctx, id, job, q)
	if err == nil && !ok {
		indexes, err = s.rank(ctx, id, job, q)
	}
	if err != nil {
		yield(orchestrator.Node{}, err)
		return
	}
	l := &orderedList{place: job.place, job: id, q: q, names: namesOf{job: id, place: job.place}, indexes: indexes, memory: arena{reuse: q.Borrow}}
	if len(indexes) > 0 {
		pages(ctx, s, whileThere(id, l.read), yield)
	}
}

// rank returns the indexes of the nodes that are on a page, in its order. It looks at all nodes.
func (s *Store) rank(ctx context.Context, id orchestrator.JobID, job known, q orchestrator.NodeQuery) ([]int32, error) {
	r := newRanking(id, job, q)
	if err := s.readThrough(ctx, id, r.read); err != nil {
		return nil, err
	}
	ranks := r.first.sorted()
	ranks = ranks[min(q.Offset, len(ranks)):]
	indexes := make([]int32, len(ranks))
	for i := range ranks {
		indexes[i] = int32(ranks[i].index)
	}
	return indexes, nil
}

// nodeRank is the place of a node in an order.
type nodeRank struct {
	text   string
	number int64
	index  int
}

func (r nodeRank) compare(other nodeRank) int {
	return cmp.Or(strings.Compare(r.text, other.text), cmp.Compare(r.number, other.number), cmp.Compare(r.index, other.index))
}

// rankOf returns the rank of a node. Its name need not be known unless it is ordered by that.
func rankOf(n *orchestrator.Node, order orchestrator.NodeOrder) nodeRank {
	r := nodeRank{index: n.Index}
	switch order {
	case orchestrator.NodesByName:
		r.text = n.Name
	case orchestrator.NodesByState:
		r.text = string(n.State)
	case orchestrator.NodesByStarted:
		r.number = orderedTime(n.Started)
	case orchestrator.NodesByFinished:
		r.number = orderedTime(n.Finished)
	case orchestrator.NodesByDuration:
		r.number = noTime
		if !n.Started.IsZero() && !n.Finished.IsZero() {
			r.number = n.Finished.UnixMilli() - n.Started.UnixMilli()
		}
	}
	return r
}

// ranking looks at the nodes of a job and keeps the first of them in an order.
type ranking struct {
	order orchestrator.NodeOrder
	place
	next int // the index of the next node to look at
	end  int // behind that of the last one
	quota
	row   nodeRow // being read
	names namesOf
	first best[nodeRank]
}

func newRanking(id orchestrator.JobID, job known, q orchestrator.NodeQuery) *ranking {
	r := &ranking{
		order: q.OrderBy, place: job.place, next: max(q.From, 0), end: job.nodes,
		quota: newQuota(job, q.State), names: namesOf{job: id, place: job.place},
		first: best[nodeRank]{limit: math.MaxInt, compare: nodeRank.compare},
	}
	if q.Limit > 0 && q.Limit <= math.MaxInt-q.Offset {
		r.first.limit = q.Offset + q.Limit
	}
	if q.Descending {
		r.first.compare = func(a, b nodeRank) int { return b.compare(a) }
	}
	return r
}

// read ranks some nodes. There is no page.
func (r *ranking) read(sn *snapshot) (_ []struct{}, more bool, err error) {
	if r.met() || r.next >= r.end {
		return nil, false, nil
	}
	end := min(r.end, r.next+maxLooked)
	err = sn.eachNode(r.names.job, r.place, r.next, func(index int, key, value []byte) (bool, error) {
		if err := r.addNew(sn, min(index, end)); err != nil || index >= end || r.met() {
			return false, err
		}
		r.next = index + 1
		return true, r.add(index, key, value)
	})
	if err == nil && !r.met() {
		err = r.addNew(sn, end)
	}
	return nil, !r.met() && r.next < r.end, err
}

// addNew ranks the nodes before end, which have no row.
func (r *ranking) addNew(sn *snapshot, end int) error {
	if r.state != "" && r.state != orchestrator.NodeNew {
		r.next = max(r.next, end)
		return nil
	}
	for ; r.next < end; r.next++ {
		n := orchestrator.Node{Index: r.next, State: orchestrator.NodeNew}
		if r.order == orchestrator.NodesByName {
			var err error
			if n.Name, err = r.names.name(sn, r.next); err != nil {
				return err
			}
		}
		r.seen(0)
		r.first.add(rankOf(&n, r.order))
	}
	return nil
}

// add ranks the node of a row.
func (r *ranking) add(index int, key, value []byte) error {
	if err := r.row.headOf(index, key, value, ""); err != nil || r.state != "" && r.row.node.State != r.state {
		return err
	}
	r.seen(r.row.event)
	r.first.add(rankOf(&r.row.node, r.order))
	return nil
}

// orderedList is a list of nodes being read one by one.
type orderedList struct {
	place

	job     orchestrator.JobID
	q       orchestrator.NodeQuery
	names   namesOf
	indexes []int32 // of those that are still to be read
	row     nodeRow // being read
	page    []orchestrator.Node
	memory  arena
}

// read reads a page. A node that has left the state asked for is left out.
func (l *orderedList) read(sn *snapshot) (page []orchestrator.Node, more bool, err error) {
	l.page = l.page[:0]
	l.memory.begin()
	size := 0
	for looked := 0; looked < pageRows && size < pageBytes && len(l.indexes) > 0; looked++ {
		if err := l.node(sn, int(l.indexes[0])); err != nil {
			return nil, false, err
		}
		l.indexes = l.indexes[1:]
		if n := &l.row.node; l.q.State == "" || n.State == l.q.State {
			l.page = append(l.page, *n)
			size += sizeOf(n)
		}
	}
	return l.page, len(l.indexes) > 0, nil
}

// node reads the node of an index.
func (l *orderedList) node(sn *snapshot, index int) error {
	found, err := sn.findNode(l.job, l.place, index, func(key, value []byte) error {
		if l.q.Brief {
			return l.row.headOf(index, key, value, "")
		}
		return sn.node(&l.row, l.job, index, key, l.memory.copy(value), "")
	})
	if err == nil && !found {
		l.row = nodeRow{node: orchestrator.Node{Index: index, State: orchestrator.NodeNew}}
		l.row.node.Name, err = l.names.name(sn, index)
	}
	return err
}
