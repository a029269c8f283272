package badger

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// Claim gives an instance a lease on a job that nobody holds. A ttl of 0 or less gives a lease
// that has expired already. It writes nothing. If the job is just being written by whoever held
// it before, it waits until that is done, so that nothing is written any more by anybody else.
func (s *Store) Claim(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
	if err := s.state.begin(ctx); err != nil {
		return orchestrator.Lease{}, orchestrator.Job{}, err
	}
	defer s.state.end()

	c := &claim{by: by, ttl: ttl, serial: &s.serial}
	err := c.tryApply(s.state)
	if errors.Is(err, errBeingWritten) {
		err = s.writer.do(ctx, c)
	}
	if err != nil {
		return orchestrator.Lease{}, orchestrator.Job{}, err
	}
	job, err := s.claimed(c.lease)
	if err != nil {
		s.state.giveUp(c.lease)
		return orchestrator.Lease{}, orchestrator.Job{}, err
	}
	return c.lease, job, nil
}

// claimed returns the job of a lease that was just given.
func (s *Store) claimed(l orchestrator.Lease) (orchestrator.Job, error) {
	if row, ok, err := s.state.awaited(l.Job); ok || err != nil {
		if err != nil {
			return orchestrator.Job{}, err
		}
		return row.job()
	}
	row, err := s.current(l.Job)
	if err != nil {
		return orchestrator.Job{}, err
	}
	s.state.keepTail(l, slices.Clone(row.raw))
	return row.job()
}

// awaited returns a job whose tail is kept and holds all that was asked, and whether there is such a job.
func (st *state) awaited(id orchestrator.JobID) (jobRow, bool, error) {
	v, ok := st.live(id)
	if !ok || v.tail == nil {
		return jobRow{}, false, nil
	}
	d := decoder{b: slices.Clone(v.tail)}
	t, err := d.tail()
	if err != nil {
		return jobRow{}, false, corrupt(jobKey(id), err)
	}
	return jobRow{id: id, view: v, shared: true, tail: t, spec: t.spec}, t.spec != nil, nil
}

// Renew makes all leases of an instance expire ttl from now and returns them. It neither reads
// nor writes, so that a disk that hangs makes nobody lose a lease.
func (s *Store) Renew(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
	if err := s.state.begin(ctx); err != nil {
		return nil, err
	}
	defer s.state.end()
	return s.state.renew(by, ttl), nil
}

// errBeingWritten means that a job cannot be claimed at once.
var errBeingWritten = errors.New("badger: the job is being written")

// claim is the op that gives a lease. It is applied after the others of its group.
type claim struct {
	by     uuid.UUID
	ttl    time.Duration
	serial *atomic.Uint64
	lease  orchestrator.Lease // set once it is applied
}

func (c *claim) stage(*group) error { return nil }

func (c *claim) apply(st *state) error {
	j := st.firstFree(c.by)
	if j == nil {
		return orchestrator.ErrNotFound
	}
	c.lease = st.lease(j, c.by, c.serial.Add(1), c.ttl)
	return nil
}

// tryApply applies the claim without the writer. It returns errBeingWritten if the job is among
// those that the writer is writing.
func (c *claim) tryApply(st *state) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if j := st.firstFree(c.by); j != nil && st.writing[j.id] {
		return errBeingWritten
	}
	return c.apply(st)
}
