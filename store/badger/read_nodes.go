package badger

import (
	"context"
	"iter"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// Nodes yields nodes of a job in the order in which they were given to CreateJob.
// The Results of nodes that are yielded after each other may lie in one piece of memory.
func (s *Store) Nodes(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
	return func(yield func(orchestrator.Node, error) bool) {
		if q.Limit < 0 {
			yield(orchestrator.Node{}, invalid("Limit", q.Limit, "must not be negative"))
			return
		}
		job, err := s.find(ctx, id)
		if err != nil {
			yield(orchestrator.Node{}, err)
			return
		}
		l := &nodeList{job: id, set: job.set, count: job.nodes, state: q.State, next: max(q.From, 0), left: q.Limit}
		if q.Limit == 0 {
			l.left = job.nodes
		}
		pages(ctx, s, l.read, yield)
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

// nodeList is a list of nodes being read.
type nodeList struct {
	job   orchestrator.JobID
	set   uint64
	count int                    // how many nodes the job has
	state orchestrator.NodeState // of the nodes that are wanted
	next  int                    // the index of the next node to look at
	left  int                    // how many nodes are still wanted

	sn     *snapshot
	page   []orchestrator.Node
	bytes  int // of the page's nodes
	memory arena
	chunk  int // whose names are in names
	names  []string
}

// maxLooked is how many nodes are looked at in one snapshot, wanted or not.
const maxLooked = 16 * pageRows

// read reads a page. The nodes that have a row are mixed with those that have nothing but a name.
func (l *nodeList) read(sn *snapshot) (page []orchestrator.Node, more bool, err error) {
	if l.page == nil {
		l.page = make([]orchestrator.Node, 0, min(l.left, pageRows))
	}
	l.sn, l.page, l.bytes = sn, l.page[:0], 0
	l.memory, l.names = arena{}, nil
	end := min(l.count, l.next+maxLooked)
	err = sn.iterate(setPrefix(kindNode, l.set), nodeKey(l.set, l.next), false, func(item *badgerdb.Item) (bool, error) {
		index, err := readNodeKey(item.Key())
		if err != nil {
			return false, err
		}
		if err := l.addNew(min(index, end)); err != nil || l.next >= end || l.full() {
			return false, err
		}
		l.next = index + 1
		return !l.full(), l.add(index, item)
	})
	if err == nil {
		err = l.addNew(end)
	}
	return l.page, l.next < l.count && l.left > 0, err
}

// full reports whether the page takes no more nodes.
func (l *nodeList) full() bool {
	return l.left == 0 || len(l.page) >= pageRows || l.bytes >= pageBytes
}

func (l *nodeList) append(n orchestrator.Node) {
	l.page = append(l.page, n)
	l.bytes += sizeOf(&n)
	l.left--
}

// sizeOf returns about how much memory a node takes, beside what every node does.
func sizeOf(n *orchestrator.Node) int { return len(n.Name) + len(n.Message) + len(n.Result) }

// addNew adds the nodes before end, which have no row, if they are wanted.
func (l *nodeList) addNew(end int) error {
	if l.state != "" && l.state != orchestrator.NodeNew {
		l.next = max(l.next, end)
		return nil
	}
	for ; l.next < end && !l.full(); l.next++ {
		name, err := l.name(l.next)
		if err != nil {
			return err
		}
		l.append(orchestrator.Node{Index: l.next, Name: name, State: orchestrator.NodeNew})
	}
	return nil
}

// name returns the name of a node that has no row.
func (l *nodeList) name(index int) (string, error) {
	chunk := index / namesPerChunk
	if l.names == nil || l.chunk != chunk {
		names, err := l.sn.names(l.set, chunk)
		if err != nil {
			return "", err
		}
		l.chunk, l.names = chunk, names
	}
	if index%namesPerChunk >= len(l.names) {
		return "", corrupt(namesKey(l.set, chunk), errTruncated)
	}
	return l.names[index%namesPerChunk], nil
}

func (sn *snapshot) names(set uint64, chunk int) ([]string, error) {
	key := namesKey(set, chunk)
	value, err := get(sn.txn, key)
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, corrupt(key, errMissing)
	}
	names, err := decodeNames(value)
	if err != nil {
		return nil, corrupt(key, err)
	}
	return names, nil
}

// add adds the node of a row, if it is wanted.
func (l *nodeList) add(index int, item *badgerdb.Item) error {
	var value []byte
	err := item.Value(func(v []byte) error {
		if l.state != "" {
			state, err := stateOfNode(v)
			if err != nil && v[0] != inPieces {
				return corrupt(item.Key(), err)
			}
			if err == nil && state != l.state {
				return nil
			}
		}
		value = l.memory.copy(v)
		return nil
	})
	if err != nil || value == nil {
		return err
	}
	n, _, err := l.sn.node(l.job, index, item.Key(), value)
	if err != nil {
		return err
	}
	if l.state == "" || n.State == l.state {
		l.append(n)
	}
	return nil
}

// node makes a node of a copy of the value of its row. It also returns the event that wrote it.
func (sn *snapshot) node(job orchestrator.JobID, index int, key, value []byte) (orchestrator.Node, orchestrator.EventID, error) {
	value, err := whole(sn.txn, key, value)
	if err != nil {
		return orchestrator.Node{}, 0, err
	}
	row, err := decodeNode(value)
	if err != nil {
		return orchestrator.Node{}, 0, corrupt(key, err)
	}
	row.node.Index = index
	if row.elsewhere {
		ev, err := sn.event(job, row.event)
		if err != nil {
			return orchestrator.Node{}, 0, err
		}
		row.node.Message, row.node.Result = ev.Node.Message, ev.Node.Result
	}
	return row.node, row.event, nil
}
