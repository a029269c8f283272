// Package memory keeps jobs in memory: for tests, and for programs whose jobs may end with them.
//
// It is a complete [orchestrator.Store] except that it is not durable: what it holds survives
// as long as the process does, or until [Store.Close].
package memory

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

var (
	_ orchestrator.Store  = (*Store)(nil)
	_ orchestrator.Pruner = (*Store)(nil)
	_ orchestrator.Feeder = (*Store)(nil)
)

// Store is an [orchestrator.Store] in memory. It is made by [New].
//
// It keeps the whole contract of [orchestrator.Store] but for durability: a commit survives as
// long as the process does. Beyond the contract, it returns [orchestrator.ErrInvalid] for a
// negative limit or offset and for an order that does not exist.
type Store struct {
	gate   sync.RWMutex // held for reading by every call in progress, for writing by Close
	closed bool         // guarded by gate

	mu         sync.RWMutex       // guards all below; never held while an iterator yields
	last       orchestrator.JobID // the newest that was given
	records    []*record          // by their IDs
	unfinished idList             // the jobs in no terminal state
	stopping   idList             // those of the unfinished that were asked to stop
	ended      []*record          // the jobs in a terminal state, by when they ended, then by their IDs
	held       map[uuid.UUID]*idList
	keys       map[string]*record
	nodes      map[string]*idList // the jobs that have a node of a name
	feed       feed
}

// New returns a new, empty store.
func New() *Store {
	return &Store{
		held:  map[uuid.UUID]*idList{},
		keys:  map[string]*record{},
		nodes: map[string]*idList{},
	}
}

// Close waits for the calls in progress and lets go of all jobs. Calls of other methods, and
// iterations in progress that need more of the store, give [orchestrator.ErrClosed] from then
// on. It always returns nil.
func (s *Store) Close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.closed = true
	s.records, s.unfinished, s.stopping, s.ended = nil, nil, nil, nil
	s.held, s.keys, s.nodes, s.feed = nil, nil, nil, feed{}
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
	if i, found := s.place(id); found {
		return s.records[i], nil
	}
	return nil, orchestrator.ErrNotFound
}

// place returns where in s.records the job is, or would be. The caller holds s.mu.
func (s *Store) place(id orchestrator.JobID) (i int, found bool) {
	return slices.BinarySearchFunc(s.records, id, func(r *record, id orchestrator.JobID) int { return cmp.Compare(r.job.ID, id) })
}

// the returns the record of a job that there is. The caller holds s.mu.
func (s *Store) the(id orchestrator.JobID) *record {
	i, _ := s.place(id)
	return s.records[i]
}
