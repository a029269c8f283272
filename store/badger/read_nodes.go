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
	job orchestrator.JobID
	place
	next int // the index of the next node to look at
	end  int // behind that of the last one
	skip int // how many nodes are still to be left out
	left int // how many nodes are still wanted
	quota

	brief, ended bool
	settled      bool // which a job stays

	sn     *snapshot
	page   []orchestrator.Node
	bytes  int     // of the page's nodes
	row    nodeRow // being read
	memory arena
	names  namesOf
}

func newNodeReading(id orchestrator.JobID, job known, q orchestrator.NodeQuery) *nodeReading {
	l := &nodeReading{
		job: id, place: job.place, next: max(q.From, 0), end: job.nodes, skip: q.Offset, left: q.Limit,
		quota: newQuota(job, q.State), brief: q.Brief, ended: job.ended, names: namesOf{job: id, place: job.place},
	}
	l.memory.reuse = q.Borrow
	if q.Limit == 0 {
		l.left = job.nodes
	}
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

// namesOf reads the names of the nodes of a job, one chunk after the other.
type namesOf struct {
	job orchestrator.JobID
	place
	chunk int // whose names are in names
	names []string
}

// name returns the name of a node.
func (n *namesOf) name(sn *snapshot, index int) (string, error) {
	chunk := index / namesPerChunk
	if n.names == nil || n.chunk != chunk {
		names, err := sn.names(n.job, n.place, chunk, n.names)
		if err != nil {
			return "", err
		}
		n.chunk, n.names = chunk, names
	}
	if index%namesPerChunk >= len(n.names) {
		return "", corrupt(namesKey(n.set, chunk), errTruncated)
	}
	return n.names[index%namesPerChunk], nil
}

// maxLooked is how many nodes are looked at in one snapshot, wanted or not.
const maxLooked = 16 * pageRows

// read reads a page. The nodes that have a row are mixed with those that have nothing but a name.
func (l *nodeReading) read(sn *snapshot) (page []orchestrator.Node, more bool, err error) {
	if l.page == nil {
		l.page = make([]orchestrator.Node, 0, max(0, min(l.left, l.end-l.next, l.quota.nodes, pageRows)))
	}
	l.sn, l.page, l.bytes = sn, l.page[:0], 0
	l.memory.begin()
	end := min(l.end, l.next+maxLooked)
	if l.done() {
		return nil, false, nil
	}
	if l.brief && l.ended && !l.settled {
		if l.settled, err = sn.settled(l.place); err != nil {
			return nil, false, err
		}
	}
	if l.settled {
		err := l.readBriefs(sn)
		return l.page, !l.done(), err
	}
	err = sn.eachNode(l.job, l.place, l.next, func(index int, key, value []byte) (bool, error) {
		if err := l.addNew(min(index, end)); err != nil || l.next >= end || l.full() {
			return false, err
		}
		l.next = index + 1
		return !l.full(), l.add(index, key, value)
	})
	if err == nil {
		err = l.addNew(end)
	}
	return l.page, !l.done(), err
}

// full reports whether the page takes no more nodes.
func (l *nodeReading) full() bool {
	return l.done() || len(l.page) >= pageRows || l.bytes >= pageBytes
}

// skips reports whether a node that is in the state since an event is to be left out. It must be
// called once for every such node.
func (l *nodeReading) skips(event orchestrator.EventID) bool {
	l.seen(event)
	if l.skip > 0 {
		l.skip--
		return true
	}
	return false
}

func (l *nodeReading) append(n *orchestrator.Node) {
	l.page = append(l.page, *n)
	l.bytes += sizeOf(n)
	l.left--
}

// sizeOf returns about how much memory a node takes, beside what every node does.
func sizeOf(n *orchestrator.Node) int { return len(n.Name) + len(n.Message) + len(n.Result) }

// addNew adds the nodes before end, which have no row, if they are wanted.
func (l *nodeReading) addNew(end int) error {
	if l.state != "" && l.state != orchestrator.NodeNew {
		if !l.full() {
			l.next = max(l.next, end)
		}
		return nil
	}
	for l.next < end && !l.full() {
		index := l.next
		l.next++
		if l.skips(0) {
			continue
		}
		name, err := l.names.name(l.sn, index)
		if err != nil {
			return err
		}
		l.append(&orchestrator.Node{Index: index, Name: name, State: orchestrator.NodeNew})
	}
	return nil
}

// names returns the names of a chunk of a job's nodes, in the memory of others that are not needed any
// more.
func (sn *snapshot) names(id orchestrator.JobID, p place, chunk int, memory []string) ([]string, error) {
	if !p.small() {
		return sn.chunkOfNames(p.set, chunk, memory)
	}
	row, err := sn.head(id)
	if err != nil {
		return nil, err
	}
	return row.names(memory)
}

// chunkOfNames is names for a set that has rows of them.
func (sn *snapshot) chunkOfNames(set uint64, chunk int, memory []string) (names []string, err error) {
	key := namesKey(set, chunk)
	item, err := sn.txn.Get(key)
	if isMissing(err) {
		return nil, corrupt(key, errMissing)
	}
	if err != nil {
		return nil, err
	}
	err = item.Value(func(v []byte) error {
		v, err := whole(sn.txn, key, v)
		if err != nil {
			return err
		}
		if names, err = decodeNames(v, memory); err != nil {
			return corrupt(key, err)
		}
		return nil
	})
	return names, err
}

// add adds the node of a row, if it is wanted.
func (l *nodeReading) add(index int, key, value []byte) error {
	if wanted, err := l.wants(key, value); err != nil || !wanted {
		return err
	}
	name, err := l.names.name(l.sn, index)
	if err != nil {
		return err
	}
	if l.brief {
		err = l.row.headOf(index, key, value, name)
	} else {
		err = l.sn.node(&l.row, l.job, index, key, l.memory.copy(value), name)
	}
	if err == nil {
		l.append(&l.row.node)
	}
	return err
}

// wants reports whether the node of a row is wanted. It must be called once for each.
func (l *nodeReading) wants(key, value []byte) (bool, error) {
	if l.state == "" && l.skip == 0 {
		return true, nil
	}
	state, event, err := headOfNode(beginning(value))
	if err != nil {
		return false, corrupt(key, err)
	}
	return (l.state == "" || state == l.state) && !l.skips(event), nil
}

// headOf reads the row of a node, which is likely to have the given name, but for what the node says.
func (r *nodeRow) headOf(index int, key, value []byte, name string) error {
	if d := r.decodeHead(beginning(value), name); d.err != nil {
		return corrupt(key, d.err)
	}
	r.node.Index = index
	return nil
}

// node reads a node from a copy of the value of its row. It is likely to have the given name.
func (sn *snapshot) node(row *nodeRow, job orchestrator.JobID, index int, key, value []byte, name string) error {
	value, err := whole(sn.txn, key, value)
	if err != nil {
		return err
	}
	if err := row.decode(value, name); err != nil {
		return corrupt(key, err)
	}
	row.node.Index = index
	if row.elsewhere {
		ev, err := sn.event(job, row.event)
		if err != nil {
			return err
		}
		row.node.Message, row.node.Result = ev.Node.Message, ev.Node.Result
	}
	return nil
}
