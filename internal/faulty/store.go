// Package faulty has a store that fails when a test wants it to.
package faulty

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// Store passes calls on to another store until it is told otherwise.
// All methods may be called from many goroutines at once.
type Store struct {
	orchestrator.Store

	mu     sync.Mutex
	dead   bool
	commit func(n int) error // asked before the nth commit
	after  bool              // whether a failing commit is carried out all the same
	n      int
	renew  error // what renewals fail with
}

// New returns a store that passes everything on to store.
func New(store orchestrator.Store) *Store { return &Store{Store: store} }

// Kill makes every later call fail with [orchestrator.ErrClosed] and have no effect, as it is for
// a process that was killed: the store below keeps what it has, leases included.
func (s *Store) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = true
}

// FailCommits makes commits fail for which fail returns an error; it is told which commit it is,
// from 1 on. If written is true, such a commit is carried out before its error is returned, as
// when the connection to a database breaks off at the wrong moment.
func (s *Store) FailCommits(written bool, fail func(n int) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commit, s.after = fail, written
}

// FailRenewals makes renewals and claims fail with err, or, if it is nil, work again.
func (s *Store) FailRenewals(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renew = err
}

// leasing returns what a call that has to do with leases fails with.
func (s *Store) leasing() error {
	if err := s.alive(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renew
}

func (s *Store) alive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return orchestrator.ErrClosed
	}
	return nil
}

// CreateJob implements [orchestrator.Store].
func (s *Store) CreateJob(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
	if err := s.alive(); err != nil {
		return orchestrator.Job{}, err
	}
	return s.Store.CreateJob(ctx, job, nodes)
}

// Job implements [orchestrator.Store].
func (s *Store) Job(ctx context.Context, id orchestrator.JobID) (orchestrator.Job, error) {
	if err := s.alive(); err != nil {
		return orchestrator.Job{}, err
	}
	return s.Store.Job(ctx, id)
}

// Nodes implements [orchestrator.Store].
func (s *Store) Nodes(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
	if err := s.alive(); err != nil {
		return func(yield func(orchestrator.Node, error) bool) { yield(orchestrator.Node{}, err) }
	}
	return s.Store.Nodes(ctx, id, q)
}

// Events implements [orchestrator.Store].
func (s *Store) Events(ctx context.Context, id orchestrator.JobID, from orchestrator.EventID) iter.Seq2[orchestrator.Event, error] {
	if err := s.alive(); err != nil {
		return func(yield func(orchestrator.Event, error) bool) { yield(orchestrator.Event{}, err) }
	}
	return s.Store.Events(ctx, id, from)
}

// Claim implements [orchestrator.Store].
func (s *Store) Claim(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
	if err := s.leasing(); err != nil {
		return orchestrator.Lease{}, orchestrator.Job{}, err
	}
	return s.Store.Claim(ctx, by, ttl)
}

// Renew implements [orchestrator.Store].
func (s *Store) Renew(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
	if err := s.leasing(); err != nil {
		return nil, err
	}
	return s.Store.Renew(ctx, by, ttl)
}

// Commit implements [orchestrator.Store].
func (s *Store) Commit(ctx context.Context, lease orchestrator.Lease, b orchestrator.Batch) error {
	if err := s.alive(); err != nil {
		return err
	}
	written, fault := s.fault()
	if fault != nil && !written {
		return fault
	}
	if err := s.Store.Commit(ctx, lease, b); err != nil {
		return err
	}
	return fault
}

// RequestStop implements [orchestrator.Store].
func (s *Store) RequestStop(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
	if err := s.alive(); err != nil {
		return orchestrator.Job{}, err
	}
	return s.Store.RequestStop(ctx, id, force)
}

// fault returns the error that the next commit is to fail with, and whether it is carried out all the same.
func (s *Store) fault() (written bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	if s.commit == nil {
		return false, nil
	}
	return s.after, s.commit(s.n)
}
