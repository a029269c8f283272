package badger

import (
	"context"
	"errors"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// What is read of a job that has ended is put into its final form in the background: orders of its nodes, see
// storedList, and their heads, more in a row. Jobs with few nodes stay as they are.

// unsettled is a job that has ended and whose nodes have not got their final form.
type unsettled struct {
	place

	id orchestrator.JobID
}

// unsettledRows returns the row that says that a job that ends is to be settled, if it is.
func unsettledRows(id orchestrator.JobID, p place) []row {
	if p.nodes <= fewNodes {
		return nil
	}
	return []row{{unsettledKey(p.set), encodeNumber(uint64(id))}}
}

// toSettle leaves word that a job has ended. The caller holds st.mu.
func (st *state) toSettle(id orchestrator.JobID, p place) {
	if p.nodes <= fewNodes {
		return
	}
	st.unsettled = append(st.unsettled, unsettled{p, id})
	if st.settled == nil {
		st.settled = make(chan struct{})
		st.startSettling()
	}
}

// nextUnsettled takes the next job that is to be settled, and reports whether there is one. If not,
// nobody sees to those that are to come.
func (st *state) nextUnsettled() (unsettled, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.unsettled) == 0 {
		close(st.settled)
		st.unsettled, st.settled = nil, nil
		return unsettled{}, false
	}
	job := st.unsettled[0]
	st.unsettled = st.unsettled[1:]
	return job, true
}

// settleJobs settles jobs that have ended, one after the other, as long as there are such jobs. If the
// store is closed, it goes on after the next Open.
func (s *Store) settleJobs() {
	for {
		job, ok := s.state.nextUnsettled()
		if !ok {
			return
		}
		switch err := s.settleJob(job); {
		case err == nil, errors.Is(err, orchestrator.ErrNotFound): // it was removed
		case errors.Is(err, orchestrator.ErrClosed):
			return
		default:
			s.log.Warn("job not settled: pages of its nodes take longer until the store is opened again", "job", job.id, "err", err)
		}
	}
}

// Settle waits until what jobs that have ended leave behind has got the form in which it stays, which
// goes on in the background after a job of more than 256 nodes has ended. Nobody has to wait for that;
// it is for those who measure. It returns [orchestrator.ErrClosed] if the store is closed before, or has failed.
func (s *Store) Settle(ctx context.Context) error {
	if err := s.state.begin(ctx); err != nil {
		return err
	}
	settled := s.state.settling()
	s.state.end()
	if settled == nil {
		return nil
	}
	select {
	case <-settled:
		return nil
	case <-s.closing:
		return orchestrator.ErrClosed
	case <-s.failed:
		return s.state.failure()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settling returns a channel that is closed when all jobs are settled, nil if they are.
func (st *state) settling() <-chan struct{} {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.settled
}

// settleJob puts the nodes of a job that has ended into their final form.
func (s *Store) settleJob(job unsettled) error {
	if err := s.orderJob(job); err != nil {
		return err
	}
	if err := s.writeFinal(job); err != nil {
		return err
	}
	return s.writeSettled(job, []row{{orderKey(job.set, settledMark, 0), []byte{version}}, {key: unsettledKey(job.set)}})
}

// settled reports whether a job is settled.
func (sn *snapshot) settled(p place) (bool, error) {
	return sn.has(orderKey(p.set, settledMark, 0))
}

// writeSettled writes rows of a job that has ended. It returns ErrClosed if the store is being closed,
// and ErrNotFound if the job was removed.
func (s *Store) writeSettled(job unsettled, rows []row) error {
	select {
	case <-s.closing:
		return orchestrator.ErrClosed
	default:
		return s.writer.do(context.Background(), &settling{job.id, rows})
	}
}

// settling is the op that writes rows of a job that has ended, unless the job was removed: then what it
// has is being deleted.
type settling struct {
	job  orchestrator.JobID
	rows []row
}

func (o *settling) stage(g *group) error {
	_, err := g.txn.Get(jobKey(o.job))
	if isMissing(err) {
		return orchestrator.ErrNotFound
	}
	if err != nil {
		return err
	}
	return g.put(o.rows)
}

func (o *settling) apply(*state) error { return nil }

// loadUnsettled reads which jobs are still to be settled.
func (sn *snapshot) loadUnsettled() error {
	prefix := []byte{kindUnsettled}
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
		row, err := sn.jobHead(id)
		if errors.Is(err, orchestrator.ErrNotFound) {
			return true, nil // a program that does not know of settling has removed it
		}
		if err != nil {
			return false, err
		}
		sn.s.state.toSettle(id, row.view.place)
		return true, nil
	})
}
