package badger

import (
	"context"
	"iter"

	"github.com/seed-54b7607b/orchestrator"
)

// Nodes yields the nodes of a job that the query asks for. In the order by index it reads them as it
// goes, and ends when it has seen as many nodes in a state as there are. Where it would have to look at
// many others, it first finds out which nodes are on the page: from lists that are written when a job
// has ended, or kept in memory as long as an unfinished job is asked about. It looks at all nodes if the
// query has a From, if the lists are not written yet, the first time that an unfinished job is asked
// about, and if that has more than a million nodes.
// The Results of nodes that are yielded after each other may lie in one piece of memory, which is used
// again if the query borrows them.
func (s *Store) Nodes(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
	return func(yield func(orchestrator.Node, error) bool) {
		if err := checkNodeQuery(q); err != nil {
			yield(orchestrator.Node{}, err)
			return
		}
		job, err := s.find(ctx, id)
		if err != nil {
			yield(orchestrator.Node{}, err)
			return
		}
		if !job.walked(q) {
			s.orderedNodes(ctx, id, job, q, yield)
			return
		}
		l := newNodeReading(id, job, q)
		pages(ctx, s, whileThere(id, l.read), yield)
	}
}

func checkNodeQuery(q orchestrator.NodeQuery) error {
	switch q.OrderBy {
	case orchestrator.NodesByIndex, orchestrator.NodesByName, orchestrator.NodesByDuration, orchestrator.NodesByState,
		orchestrator.NodesByStarted, orchestrator.NodesByFinished:
		return checkPage(q.Offset, q.Limit)
	default:
		return invalid("OrderBy", string(q.OrderBy), "must be an order of nodes")
	}
}

// pages yields the values of the pages that read returns, until it says that there are no more.
// Each page is read from a snapshot of its own, which is released before its values are yielded,
// and may take the place of the page before.
func pages[T any](ctx context.Context, s *Store, read func(*snapshot) (page []T, more bool, err error), yield func(T, error) bool) {
	var none T
	for more := true; more; {
		var page []T
		err := s.read(ctx, func(sn *snapshot) (err error) {
			page, more, err = read(sn)
			return err
		})
		if err != nil {
			yield(none, err)
			return
		}
		for _, value := range page {
			if !yield(value, nil) {
				return
			}
		}
	}
}

// whileThere makes the reading of pages end with ErrNotFound when there is no such job any more.
func whileThere[T any](id orchestrator.JobID, read func(*snapshot) ([]T, bool, error)) func(*snapshot) ([]T, bool, error) {
	var looked bool
	var removals uint64 // as of when it was looked
	return func(sn *snapshot) ([]T, bool, error) {
		if !looked || sn.removals != removals {
			there, err := sn.exists(id)
			if err == nil && !there {
				err = orchestrator.ErrNotFound
			}
			if err != nil {
				return nil, false, err
			}
			looked, removals = true, sn.removals
		}
		return read(sn)
	}
}

// readThrough reads all of what a job has, some in each snapshot, with a read that keeps what it wants.
func (s *Store) readThrough(ctx context.Context, id orchestrator.JobID, read func(*snapshot) ([]struct{}, bool, error)) (err error) {
	pages(ctx, s, whileThere(id, read), func(_ struct{}, failure error) bool {
		err = failure
		return true
	})
	return err
}

// nodeReading is the nodes of a job being read, in the order by index.
type nodeReading struct {
	heads headsOf
	names namesOf
	next  int // the index of the next node to look at
	end   int // behind that of the last one
	skip  int // how many nodes are still to be left out
	left  int // how many nodes are still wanted
	quota

	dense bool // so many of a job that has ended that its final rows are worth reading
	nodePage
}

func newNodeReading(id orchestrator.JobID, job known, q orchestrator.NodeQuery) *nodeReading {
	l := &nodeReading{
		heads: headsOf{job: id, place: job.place}, names: namesOf{job: id, place: job.place},
		next: max(q.From, 0), end: job.nodes, skip: q.Offset, left: q.Limit, quota: newQuota(job, q.State),
	}
	l.nodePage = newNodePage(q)
	if q.Limit == 0 {
		l.left = job.nodes
	}
	l.dense = job.ended && min(l.left, job.nodes-l.next) > fewNodes
	if q.State == "" {
		l.next += min(l.skip, max(job.nodes-l.next, 0))
		l.skip = 0
	}
	return l
}

// quota says when all nodes that were in a state when it was made have been seen.
type quota struct {
	state orchestrator.NodeState // "" for any
	last  orchestrator.EventID   // of the job
	nodes int                    // how many have not been seen
}

func newQuota(job known, state orchestrator.NodeState) quota {
	q := quota{state: state, last: job.last, nodes: job.nodes}
	if state != "" {
		q.nodes = job.counts.Of(state)
	}
	return q
}

// seen notes that a node is in the state since an event, 0 for one that is new.
func (q *quota) seen(event orchestrator.EventID) {
	if event <= q.last {
		q.nodes--
	}
}

// met reports whether there are no more such nodes.
func (q *quota) met() bool { return q.state != "" && q.nodes <= 0 }

// done reports whether no more nodes are to be yielded.
func (l *nodeReading) done() bool { return l.left == 0 || l.next >= l.end || l.met() }

// maxLooked is how many nodes are looked at in one snapshot, wanted or not.
const maxLooked = 16 * pageRows

// read reads a page.
func (l *nodeReading) read(sn *snapshot) (page []orchestrator.Node, more bool, err error) {
	l.begin(min(l.left, l.end-l.next, l.quota.nodes))
	if l.dense && !l.heads.final { // a job that is settled stays so
		if l.heads.final, err = sn.settled(l.heads.place); err != nil {
			return nil, false, err
		}
	}
	for end := min(l.end, l.next+maxLooked); l.next < end && !l.done() && !l.full(); l.next++ {
		h, err := l.heads.head(sn, l.next)
		if err != nil {
			return nil, false, err
		}
		if l.skips(h) {
			continue
		}
		name, err := l.names.name(sn, l.next)
		if err != nil {
			return nil, false, err
		}
		l.add(h, l.next, name)
		l.left--
	}
	page, err = l.finish(sn, &l.heads)
	return page, !l.done(), err
}

// skips reports whether a node is to be left out. It must be called once for each.
func (l *nodeReading) skips(h *head) bool {
	if l.state != "" && nodeStates[h.state] != l.state {
		return true
	}
	l.seen(h.event)
	if l.skip > 0 {
		l.skip--
		return true
	}
	return false
}
