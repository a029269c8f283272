package badger

import (
	"errors"
	"fmt"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// errFull means that a group has no room for the rows of an op.
var errFull = errors.New("badger: transaction full")

// group is a transaction being put together from the rows of several ops. It is used by the
// writer alone.
type group struct {
	s       *Store
	txn     *badgerdb.Txn
	version uint64 // what the rows are written as
	bytes   int64  // how much of the transaction is used
	rows    int64
	err     error // why it cannot be written

	valueLog bool // a part of it gets into Badger's value log

	before   counters                         // as they were
	counters counters                         // as the group leaves them
	jobs     map[orchestrator.JobID]*liveView // jobs that it changes, as it leaves them
	classes  map[class]*pending               // classes whose jobs it changes
	spans    int                              // how many counts of them
	next     uint32                           // no class has this number, or a greater one
	feed     []fed                            // the commits in it

	unfinished map[uint64]idSet         // the chunks of unfinished jobs that it changes, as it leaves them
	ended      map[endedChunk]*endedSet // the chunks of jobs that have ended likewise
}

func newGroup(s *Store) *group {
	st := s.state
	st.mu.Lock()
	defer st.mu.Unlock()
	return &group{
		s:        s,
		txn:      s.db.NewTransactionAt(st.visible, true),
		version:  st.visible + 1,
		before:   st.counters,
		counters: st.counters,
		jobs:     make(map[orchestrator.JobID]*liveView),
		classes:  make(map[class]*pending),
		next:     st.tallies.next,

		unfinished: make(map[uint64]idSet),
		ended:      make(map[endedChunk]*endedSet),
	}
}

func (g *group) discard() { g.txn.Discard() }

func (g *group) empty() bool { return g.rows == 0 }

// job returns an unfinished job as the group leaves it, and whether there is such a job.
func (g *group) job(id orchestrator.JobID) (liveView, bool) {
	if v, ok := g.jobs[id]; ok {
		return *v, !v.progress.State.Terminal()
	}
	return g.s.state.live(id)
}

// maxSharedRow is what a row of a count, or of unfinished jobs, takes of a transaction at most.
const maxSharedRow = 128

// put adds rows, all of them or none. It returns errFull if the transaction has no room, and
// after any other error the group is lost.
func (g *group) put(rows []row) error {
	const reserve = 1024 // for the rows of seal, and one that Badger adds
	bytes := costOf(rows)
	shared := int64(len(g.unfinished) + g.spans + 2)
	ended := int64(len(g.ended) + 1)
	reserved := reserve + maxFedSize*int64(len(g.feed)+1) + maxSharedRow*shared + maxEndedRow*ended
	if g.bytes+bytes+reserved >= g.s.db.MaxBatchSize() || g.rows+int64(len(rows))+shared+ended+8 >= g.s.db.MaxBatchCount() {
		return errFull
	}
	entries := make([]badgerdb.Entry, len(rows))
	for i, r := range rows {
		if err := g.set(&entries[i], r); err != nil {
			g.err = fmt.Errorf("badger: %w", err)
			return g.err
		}
	}
	g.bytes += bytes
	g.rows += int64(len(rows))
	return nil
}

func (g *group) set(entry *badgerdb.Entry, r row) error {
	if r.value == nil {
		return g.txn.Delete(r.key)
	}
	g.valueLog = g.valueLog || len(r.value) >= valueThreshold
	entry.Key, entry.Value = r.key, r.value
	return g.txn.SetEntry(entry)
}

// seal adds the rows that are of the group as a whole.
func (g *group) seal() error {
	var rows []row
	if g.counters != g.before {
		rows = append(rows, row{metaKey(metaCounters), encodeCounters(g.counters)})
	}
	if len(g.feed) > 0 {
		rows = append(rows, row{feedKey(g.counters.position), encodeFeed(g.feed)})
	}
	rows = append(append(rows, g.tallyRows()...), g.endedRows()...)
	for chunk, ids := range g.unfinished {
		rows = append(rows, row{unfinishedKey(chunk), encodeUnfinished(ids)})
	}
	for _, r := range rows {
		if err := g.set(&badgerdb.Entry{}, r); err != nil {
			return fmt.Errorf("badger: %w", err)
		}
	}
	return nil
}

// publish shows readers the rows of the group and makes the state as its members leave it, the
// claims among them last. It fills in their outcomes.
func (g *group) publish(members []*request, outcomes []error) {
	st := g.s.state
	st.mu.Lock()
	defer st.mu.Unlock()
	if !g.empty() {
		st.visible = g.version
		st.counters = g.counters
		for c, p := range g.classes {
			p.publish(c, &st.tallies)
		}
		for chunk, ids := range g.unfinished {
			st.setUnfinished(chunk, ids)
		}
	}
	for _, claims := range [...]bool{false, true} {
		for i, r := range members {
			if _, ok := r.op.(*claim); ok == claims {
				outcomes[i] = r.apply(st)
			}
		}
	}
	st.total = len(st.jobs) + st.tallies.total
	g.s.db.SetDiscardTs(st.oldest())
}
