package badger

import (
	"context"
	"errors"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// unordered is a job that has ended and whose orders of nodes are still to be written.
type unordered struct {
	place

	id orchestrator.JobID
}

// unorderedRows returns the row that says that the orders of a job that ends are to be written, if
// they are.
func unorderedRows(id orchestrator.JobID, p place) []row {
	if p.nodes <= fewNodes {
		return nil
	}
	return []row{{unorderedKey(p.set), encodeNumber(uint64(id))}}
}

// toOrder leaves word that a job has ended. The caller holds st.mu.
func (st *state) toOrder(id orchestrator.JobID, p place) {
	if p.nodes <= fewNodes {
		return
	}
	st.unordered = append(st.unordered, unordered{p, id})
	if !st.ordering {
		st.ordering = true
		st.startOrdering()
	}
}

// nextUnordered takes the next job whose orders are to be written, and reports whether there is one. If
// not, nobody sees to those that are to come.
func (st *state) nextUnordered() (unordered, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.unordered) == 0 {
		st.unordered, st.ordering = nil, false
		return unordered{}, false
	}
	job := st.unordered[0]
	st.unordered = st.unordered[1:]
	return job, true
}

// orderJobs writes the orders of jobs that have ended, one after the other, as long as there are such
// jobs. If the store is closed, what is left is written after the next Open.
func (s *Store) orderJobs() {
	for {
		job, ok := s.state.nextUnordered()
		if !ok {
			return
		}
		switch err := s.orderJob(job); {
		case err == nil, errors.Is(err, orchestrator.ErrNotFound): // it was removed
		case errors.Is(err, orchestrator.ErrClosed):
			return
		default:
			s.log.Warn("nodes of a job not put in order: pages of them take longer until the store is opened again", "job", job.id, "err", err)
		}
	}
}

// orderJob writes the orders of the nodes of a job that has ended.
func (s *Store) orderJob(job unordered) error {
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
	return s.writeOrdered(job, []row{{orderKey(job.set, wholeOrders, 0), []byte{version}}, {key: unorderedKey(job.set)}})
}

// byState returns a list with the nodes that are in the same state together, otherwise in its order.
func (c *columns) byState(list []int32) []int32 {
	sorted := make([]int32, 0, len(list))
	for _, state := range statesByName() {
		number := numberOfState(state)
		for _, i := range list {
			if c.states[i] == number {
				sorted = append(sorted, i)
			}
		}
	}
	return sorted
}

// writeOrder writes a list, in parts between which other calls are written.
func (s *Store) writeOrder(job unordered, number storedList, list []int32) error {
	var rows []row
	chunk := 0
	for indexes := range slices.Chunk(list, indexesPerChunk) {
		rows = append(rows, row{orderKey(job.set, number, chunk), encodeIndexes(indexes)})
		chunk++
		if costOf(rows) >= partSize {
			if err := s.writeOrdered(job, rows); err != nil {
				return err
			}
			rows = nil
		}
	}
	return s.writeOrdered(job, rows)
}

// writeOrdered writes rows of the orders of a job. It returns ErrClosed if the store is being closed,
// and ErrNotFound if the job was removed.
func (s *Store) writeOrdered(job unordered, rows []row) error {
	select {
	case <-s.closing:
		return orchestrator.ErrClosed
	default:
		return s.writer.do(context.Background(), &ordering{job.id, rows})
	}
}

// ordering is the op that writes rows of the orders of a job, unless the job was removed: then what
// it has is being deleted.
type ordering struct {
	job  orchestrator.JobID
	rows []row
}

func (o *ordering) stage(g *group) error {
	_, err := g.txn.Get(jobKey(o.job))
	if isMissing(err) {
		return orchestrator.ErrNotFound
	}
	if err != nil {
		return err
	}
	return g.put(o.rows)
}

func (o *ordering) apply(*state) error { return nil }

// loadUnordered reads which jobs have ended and whose orders are still to be written.
func (sn *snapshot) loadUnordered() error {
	prefix := []byte{kindUnordered}
	return sn.iterate(prefix, prefix, false, func(item *badgerdb.Item) (bool, error) {
		value, err := item.ValueCopy(nil)
		if err != nil {
			return false, err
		}
		n, err := decodeNumber(value)
		if err != nil {
			return false, corrupt(item.Key(), err)
		}
		id := orchestrator.JobID(n)
		row, err := sn.head(id)
		if errors.Is(err, orchestrator.ErrNotFound) {
			err = corrupt(jobKey(id), errMissing)
		}
		if err != nil {
			return false, err
		}
		sn.s.state.toOrder(id, row.view.place)
		return true, nil
	})
}
