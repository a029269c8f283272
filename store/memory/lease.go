package memory

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// Claim gives an instance a lease on a job that nobody holds. A ttl of 0 or less gives a lease
// that has expired already. It looks at unfinished jobs only.
func (s *Store) Claim(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
	if err := s.enter(ctx); err != nil {
		return orchestrator.Lease{}, orchestrator.Job{}, err
	}
	defer s.leave()

	lease, job, err := s.claim(by, ttl)
	if err != nil {
		return orchestrator.Lease{}, orchestrator.Job{}, err
	}
	return lease, job.Clone(), nil
}

func (s *Store) claim(by uuid.UUID, ttl time.Duration) (orchestrator.Lease, *orchestrator.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	rec := s.firstClaimable(s.stopping, by, now)
	if rec == nil {
		rec = s.firstClaimable(s.unfinished, by, now)
	}
	if rec == nil {
		return orchestrator.Lease{}, nil, orchestrator.ErrNotFound
	}
	s.release(rec)
	rec.fence++
	rec.leased, rec.holder, rec.expires = true, by, expiry(now, ttl)
	if s.held[by] == nil {
		s.held[by] = &idList{}
	}
	s.held[by].add(rec.job.ID)
	return rec.lease(), rec.job, nil
}

func (s *Store) firstClaimable(jobs idList, by uuid.UUID, now time.Time) *record {
	for _, id := range jobs {
		if rec := s.the(id); rec.claimable(by, now) {
			return rec
		}
	}
	return nil
}

// release ends the valid lease of the job, if there is one. The caller holds s.mu.
func (s *Store) release(rec *record) {
	if !rec.leased {
		return
	}
	rec.leased = false
	held := s.held[rec.holder]
	held.remove(rec.job.ID)
	if len(*held) == 0 {
		delete(s.held, rec.holder)
	}
}

// Renew makes all valid leases of an instance expire ttl from now and returns them.
func (s *Store) Renew(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()

	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.held[by]
	if held == nil {
		return nil, nil
	}
	if ttl <= 0 {
		for _, id := range *held {
			s.the(id).leased = false
		}
		delete(s.held, by)
		return nil, nil
	}
	expires := expiry(time.Now(), ttl)
	leases := make([]orchestrator.Lease, len(*held))
	for i, id := range *held {
		rec := s.the(id)
		rec.expires = expires
		leases[i] = rec.lease()
	}
	return leases, nil
}

// expiry returns the time that is ttl from now, to the millisecond as callers see it, with the
// monotonic clock reading of now.
func expiry(now time.Time, ttl time.Duration) time.Time {
	t := now.Add(ttl)
	return t.Add(-(time.Duration(t.Nanosecond()) % time.Millisecond))
}
