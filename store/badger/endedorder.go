package badger

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// The nodes of a job that has ended never change. If they are more than a few, their orders are
// written, in the background, as lists of their indexes: one list of all nodes for each order, and,
// unless all are in one state, one for each order in which those in the same state are together. A place
// in a list is found by its number.

// storedOrders are the orders of which there are lists; the numbers of lists are made of their places
// here.
//
//nolint:gochecknoglobals // a table that is never written
var storedOrders = []orchestrator.NodeOrder{
	orchestrator.NodesByIndex, orchestrator.NodesByName, orchestrator.NodesByDuration,
	orchestrator.NodesByStarted, orchestrator.NodesByFinished,
}

// storedList is the number of a list.
type storedList uint8

// settledMark is not a list, but the row that says that the job is settled: the order by index needs no
// list.
const settledMark storedList = 0

func numberOfList(order orchestrator.NodeOrder, byState bool) storedList {
	n := storedList(2 * slices.Index(storedOrders, order))
	if byState {
		n++
	}
	return n
}

// indexesPerChunk is how many indexes stand in one row. It is part of the layout.
const indexesPerChunk = 1024

func encodeIndexes(indexes []int32) []byte {
	b := make([]byte, 0, 1+4*len(indexes))
	b = append(b, version)
	for _, i := range indexes {
		b = binary.BigEndian.AppendUint32(b, uint32(i))
	}
	return b
}

// decodeIndexes appends the indexes that stand in the places from one to another of a row of a job
// with so many nodes.
func decodeIndexes(indexes []int32, value []byte, from, to, nodes int) ([]int32, error) {
	d := decode(value)
	if d.err != nil {
		return nil, d.err
	}
	if len(d.b) < 4*to {
		return nil, errTruncated
	}
	for ; from < to; from++ {
		i := binary.BigEndian.Uint32(d.b[4*from:])
		if int64(i) >= int64(nodes) {
			return nil, errRange
		}
		indexes = append(indexes, int32(i))
	}
	return indexes, nil
}

// endedNodes returns the indexes of the nodes of a job that has ended that are on a page, in its order.
// It returns false if the orders have not been written. The query must have been simplified.
func (s *Store) endedNodes(ctx context.Context, id orchestrator.JobID, job known, q orchestrator.NodeQuery) (indexes []int32, ok bool, err error) {
	list, first, n := job.listOf(q)
	if first < 0 || n < 0 || first > job.nodes || n > job.nodes-first {
		return nil, false, corrupt(jobKey(id), errRange)
	}
	from, to := placesOf(q, n)
	err = s.read(ctx, func(sn *snapshot) (err error) {
		if ok, err = sn.settled(job.place); ok && err == nil {
			indexes, err = sn.indexes(job.place, list, first+from, first+to)
		}
		return err
	})
	return inDirection(indexes, q), ok, err
}

// listOf returns the list that has the nodes of a query, at which place the first of them is, and how
// many there are.
func (job *known) listOf(q orchestrator.NodeQuery) (list storedList, first, n int) {
	if q.OrderBy == orchestrator.NodesByState {
		return numberOfList(orchestrator.NodesByIndex, true), 0, job.nodes
	}
	if q.State == "" {
		return numberOfList(q.OrderBy, false), 0, job.nodes
	}
	for _, state := range statesByName() {
		if state == q.State {
			break
		}
		first += job.counts.Of(state)
	}
	return numberOfList(q.OrderBy, true), first, job.counts.Of(q.State)
}

// statesByName returns the states of nodes in the order of their names.
func statesByName() []orchestrator.NodeState {
	states := orchestrator.NodeStates()
	slices.Sort(states)
	return states
}

// indexes reads the indexes in the places from one to another of a list.
func (sn *snapshot) indexes(p place, list storedList, from, to int) ([]int32, error) {
	indexes := make([]int32, 0, to-from)
	for from < to {
		chunk := from / indexesPerChunk
		start := chunk * indexesPerChunk
		key := orderKey(p.set, list, chunk)
		value, err := get(sn.txn, key)
		if err != nil {
			return nil, err
		}
		if value == nil {
			return nil, corrupt(key, errMissing)
		}
		end := min(to, start+indexesPerChunk)
		if indexes, err = decodeIndexes(indexes, value, from-start, end-start, p.nodes); err != nil {
			return nil, corrupt(key, err)
		}
		from = end
	}
	return indexes, nil
}

// orderJob writes the orders of the nodes of a job that has ended.
func (s *Store) orderJob(job unsettled) error {
	ctx := context.Background()
	c, err := s.readColumns(ctx, job.id, job.place)
	if err != nil {
		return err
	}
	if err := s.read(ctx, func(sn *snapshot) (err error) {
		c.names, err = sn.nameRanks(job.place)
		return err
	}); err != nil {
		return err
	}
	alike := !slices.ContainsFunc(c.states, func(state uint8) bool { return state != c.states[0] })
	for _, order := range storedOrders {
		list := c.sorted(order, "")
		if order != orchestrator.NodesByIndex {
			err = s.writeOrder(job, numberOfList(order, false), list)
		}
		if err == nil && !alike {
			err = s.writeOrder(job, numberOfList(order, true), c.byState(list))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeOrder writes a list, in parts between which other calls are written.
func (s *Store) writeOrder(job unsettled, number storedList, list []int32) error {
	var rows []row
	chunk := 0
	for indexes := range slices.Chunk(list, indexesPerChunk) {
		rows = append(rows, row{orderKey(job.set, number, chunk), encodeIndexes(indexes)})
		chunk++
		if costOf(rows) >= partSize {
			if err := s.writeSettled(job, rows); err != nil {
				return err
			}
			rows = nil
		}
	}
	return s.writeSettled(job, rows)
}
