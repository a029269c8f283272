// Package memory keeps jobs in memory: for tests, and for programs whose jobs may end with them.
//
// It is a complete [orchestrator.Store] except that it is not durable: what it holds survives
// as long as the process does, or until [Store.Close].
package memory

import (
	"context"
	"sync"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

var _ orchestrator.Store = (*Store)(nil)

// Store is an [orchestrator.Store] in memory. It is made by [New].
//
// It keeps the whole contract of [orchestrator.Store] but for durability: a commit survives as
// long as the process does. Beyond the contract, it returns [orchestrator.ErrInvalid] for a
// negative limit or offset and for an order that does not exist, and
// [orchestrator.ErrNotFound] if [orchestrator.JobQuery].After must exist and does not.
type Store struct {
	gate   sync.RWMutex // held for reading by every call in progress, for writing by Close
	closed bool         // guarded by gate

	mu         sync.RWMutex // guards all below; never held while an iterator yields
	records    []*record    // the job with the ID i+1 is at i
	unfinished idList       // the jobs in no terminal state
	stopping   idList       // those of the unfinished that were asked to stop
	held       map[uuid.UUID]*idList
}

// New returns a new, empty store.
func New() *Store {
	return &Store{held: map[uuid.UUID]*idList{}}
}

// Close waits for the calls in progress and lets go of all jobs. Calls of other methods, and
// iterations in progress that need more of the store, give [orchestrator.ErrClosed] from then
// on. It always returns nil.
func (s *Store) Close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.closed = true
	s.records, s.unfinished, s.stopping, s.held = nil, nil, nil, nil
	return nil
}

// enter begins a call, which [Store.leave] ends if the error is nil. Calls must not be nested:
// a waiting Close would keep the inner one waiting for ever.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.gate.RLock()
	if s.closed {
		s.gate.RUnlock()
		return orchestrator.ErrClosed
	}
	return nil
}

func (s *Store) leave() { s.gate.RUnlock() }

// find returns the record of a job. The caller holds s.mu.
func (s *Store) find(id orchestrator.JobID) (*record, error) {
	if id < 1 || int64(id) > int64(len(s.records)) {
		return nil, orchestrator.ErrNotFound
	}
	return s.records[id-1], nil
}
