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
	l := &orderedList{
		state: q.State, indexes: indexes, nodePage: newNodePage(q),
		heads: headsOf{job: id, place: job.place}, names: namesOf{job: id, place: job.place},
	}
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
func rankOf(h *head, index int, name string, order orchestrator.NodeOrder) nodeRank {
	r := nodeRank{index: index}
	switch order {
	case orchestrator.NodesByName:
		r.text = name
	case orchestrator.NodesByState:
		r.text = string(nodeStates[h.state])
	case orchestrator.NodesByStarted:
		r.number = h.started
	case orchestrator.NodesByFinished:
		r.number = h.finished
	case orchestrator.NodesByDuration:
		r.number = h.duration()
	}
	return r
}

// ranking looks at the nodes of a job and keeps the first of them in an order.
type ranking struct {
	order orchestrator.NodeOrder
	heads headsOf
	names namesOf
	next  int // the index of the next node to look at
	end   int // behind that of the last one
	quota
	first best[nodeRank]
}

func newRanking(id orchestrator.JobID, job known, q orchestrator.NodeQuery) *ranking {
	r := &ranking{
		order: q.OrderBy, heads: headsOf{job: id, place: job.place}, names: namesOf{job: id, place: job.place},
		next: max(q.From, 0), end: job.nodes, quota: newQuota(job, q.State),
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
	for end := min(r.end, r.next+maxLooked); r.next < end && !r.met(); r.next++ {
		h, err := r.heads.head(sn, r.next)
		if err != nil {
			return nil, false, err
		}
		if r.state != "" && nodeStates[h.state] != r.state {
			continue
		}
		r.seen(h.event)
		name := ""
		if r.order == orchestrator.NodesByName {
			if name, err = r.names.name(sn, r.next); err != nil {
				return nil, false, err
			}
		}
		r.first.add(rankOf(h, r.next, name, r.order))
	}
	return nil, !r.met() && r.next < r.end, nil
}

// orderedList is a list of nodes being read one by one.
type orderedList struct {
	state   orchestrator.NodeState // "" for any
	indexes []int32                // of those that are still to be read
	heads   headsOf
	names   namesOf

	nodePage
}

// read reads a page. A node that has left the state asked for is left out.
func (l *orderedList) read(sn *snapshot) (page []orchestrator.Node, more bool, err error) {
	l.begin(len(l.indexes))
	for looked := 0; looked < pageRows && !l.full() && len(l.indexes) > 0; looked++ {
		index := int(l.indexes[0])
		l.indexes = l.indexes[1:]
		h, err := l.heads.head(sn, index)
		if err != nil {
			return nil, false, err
		}
		if l.state != "" && nodeStates[h.state] != l.state {
			continue
		}
		name, err := l.name(sn, index)
		if err != nil {
			return nil, false, err
		}
		l.add(h, index, name)
	}
	page, err = l.finish(sn, &l.heads)
	return page, len(l.indexes) > 0, err
}

// name returns the name of a node. It reads more of them if the next node is near.
func (l *orderedList) name(sn *snapshot, index int) (string, error) {
	if len(l.indexes) > 0 && int(l.indexes[0])/namesPerChunk == index/namesPerChunk {
		return l.names.name(sn, index)
	}
	return l.names.one(sn, index)
}
