package badger

import (
	"context"

	"github.com/seed-54b7607b/orchestrator"
)

// What the nodes of a job that has ended have become is also written without what they say, many in a
// row: so a report reads little. Their names are where those of all nodes are, as many in a row.

// encodeBriefs returns the value of a row of briefs.
func encodeBriefs(nodes []orchestrator.Node) ([]byte, error) {
	e := &encoder{b: make([]byte, 0, 1+32*len(nodes))}
	e.byte(version)
	for i := range nodes {
		e.nodeState(nodes[i].State)
		e.nodeTimes(&nodes[i], 0)
	}
	return e.b, e.err
}

// decodeBriefs calls f with each of the nodes of a row of briefs, which have these names, the first of
// them this index. The node is good until f returns.
func decodeBriefs(value []byte, index int, names []string, f func(n *orchestrator.Node)) error {
	d := decode(value)
	var n orchestrator.Node
	for i := range names {
		n = orchestrator.Node{Index: index + i, Name: names[i], State: d.nodeState()}
		d.nodeTimes(&n, 0)
		if d.err != nil {
			return d.err
		}
		f(&n)
	}
	return d.end()
}

// readBriefs reads a page of the briefs of a job that has ended.
func (l *nodeReading) readBriefs(sn *snapshot) error {
	chunk := l.next / namesPerChunk
	first := chunk * namesPerChunk
	key := briefsKey(l.set, chunk)
	value, err := get(sn.txn, key)
	if err == nil && value == nil {
		err = corrupt(key, errMissing)
	}
	if err != nil {
		return err
	}
	if _, err := l.names.name(sn, first); err != nil {
		return err
	}
	err = decodeBriefs(value, first, l.names.names, func(n *orchestrator.Node) {
		if n.Index < l.next || l.done() {
			return
		}
		l.next = n.Index + 1
		if (l.state == "" || n.State == l.state) && !l.skips(n.LatestEvent) {
			l.append(n)
		}
	})
	if err != nil {
		return corrupt(key, err)
	}
	return nil
}

// briefJob writes the briefs of a job that has ended.
func (s *Store) briefJob(job unsettled) error {
	var rows []row
	var nodes []orchestrator.Node
	for n, err := range s.Nodes(context.Background(), job.id, orchestrator.NodeQuery{Brief: true}) {
		if err != nil {
			return err
		}
		if nodes = append(nodes, n); len(nodes) < namesPerChunk && n.Index+1 < job.nodes {
			continue
		}
		value, err := encodeBriefs(nodes)
		if err != nil {
			return err
		}
		nodes = nodes[:0]
		rows = append(rows, row{briefsKey(job.set, n.Index/namesPerChunk), value})
		if costOf(rows) >= partSize {
			if err := s.writeSettled(job, rows); err != nil {
				return err
			}
			rows = nil
		}
	}
	return s.writeSettled(job, rows)
}
