package badger

import (
	"context"
	"sync"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// state is what the store knows without reading: which calls are in progress, what readers may
// see, and all unfinished jobs with their leases. The writer changes it, all at once, when a
// group of writes has become durable; only leases are changed by others too.
type state struct {
	mu     sync.Mutex // guards all below; held for moments, never while anything is read or written
	closed bool
	failed error         // why nothing can be read or written any more
	calls  int           // that are in progress
	idle   chan struct{} // closed when the store is closed and no call is in progress

	reads map[uint64]int // how many snapshots of which versions are being read
	moment
	tallies tallies
	jobs    map[orchestrator.JobID]*liveJob

	unfinished map[uint64]idSet // the IDs of jobs, by their chunks

	held    map[uuid.UUID]map[orchestrator.JobID]*liveJob // the jobs that an instance has a lease on
	writing map[orchestrator.JobID]bool                   // the jobs that are being written by their holders
	free    claimQueue
	kept    recentJobs
	members keptMembers
	tails   int // how long the tails are that are kept of jobs that nobody has claimed yet
	ordered int // how many nodes the jobs have whose nodes are kept in order

	unsettled     []unsettled   // jobs that have ended and have not got their final form
	settled       chan struct{} // closed when somebody has seen to them; nil if nobody does
	startSettling func()        // makes somebody see to them
}

func newState() *state {
	return &state{
		idle:       make(chan struct{}),
		reads:      make(map[uint64]int),
		tallies:    newTallies(),
		jobs:       make(map[orchestrator.JobID]*liveJob),
		unfinished: make(map[uint64]idSet),
		held:       make(map[uuid.UUID]map[orchestrator.JobID]*liveJob),
		writing:    make(map[orchestrator.JobID]bool),

		kept:    newRecentJobs(),
		settled: make(chan struct{}),
	}
}

// moment is what is known of the store as of some version of its rows.
type moment struct {
	visible  uint64 // the version, which readers see
	counters counters
	total    int      // how many jobs there are
	removed  []jobRef // jobs that are not there, and have rows that are: replaced and never modified
	removals uint64   // how often jobs were removed since the store was opened
}

// begin counts a call in. Unless it returns an error, the call must be ended by end.
func (st *state) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		return orchestrator.ErrClosed
	}
	if st.failed != nil {
		return st.failed
	}
	st.calls++
	return nil
}

func (st *state) end() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.calls--
	if st.closed && st.calls == 0 {
		close(st.idle)
	}
}

// close lets no further call in, and reports whether it is the first to do so.
func (st *state) close() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		return false
	}
	st.closed = true
	if st.calls == 0 {
		close(st.idle)
	}
	return true
}

// fail makes all further calls return the error.
func (st *state) fail(err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.failed = err
}

func (st *state) failure() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.failed
}

// acquire returns the moment whose rows can be read until release is called with its version.
// What look reads belongs to the same moment.
func (st *state) acquire(look func()) moment {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.reads[st.visible]++
	if look != nil {
		look()
	}
	return st.moment
}

func (st *state) release(version uint64) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.reads[version]--; st.reads[version] == 0 {
		delete(st.reads, version)
	}
}

// oldest returns the oldest version that is being read or will be. The caller holds st.mu.
func (st *state) oldest() uint64 {
	oldest := st.visible
	for version := range st.reads {
		oldest = min(oldest, version)
	}
	return oldest
}
