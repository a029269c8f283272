package badger

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

var (
	_ orchestrator.Store  = (*Store)(nil)
	_ orchestrator.Pruner = (*Store)(nil)
	_ orchestrator.Feeder = (*Store)(nil)
)

// Store is an [orchestrator.Store] in a directory. It is made by [Open].
//
// It keeps the whole contract of [orchestrator.Store], [orchestrator.Pruner] and
// [orchestrator.Feeder]. Beyond the contract, it returns [orchestrator.ErrInvalid] for a negative
// limit or offset, for an order or a state that does not exist, for an event of a node that its job
// does not have, for what does not fit into one transaction, and for a key, or a text that jobs are
// listed by, of more than 8,192 bytes, and a node's name of more than [orchestrator.MaxNodeName]. If a
// node in a terminal state is changed all the same, its events may show it as it is now.
//
// A call whose context ends while it waits to be written returns the context's error, and nothing
// has been written. Once the writing has begun, the call waits for the outcome.
type Store struct {
	db     *badgerdb.DB
	log    *slog.Logger
	state  *state
	writer *writer
	serial atomic.Uint64 // the last number that was given to a set or a lease

	pruning    chan struct{}  // holds a value while jobs are removed, until their rows are deleted
	failed     chan struct{}  // closed when a write has failed
	closing    chan struct{}  // closed when Close is called
	background sync.WaitGroup // of what goes on between calls
	closed     chan struct{}  // closed when Close is done

	closeDB func() error // Tests replace it.
}

// Open opens the store in a directory, which it creates if there is none. A relative one is relative to
// where the process is now, wherever it goes later. If opts is nil, it uses the defaults. It returns an
// error if another store has the directory open, here or in another process, or if the directory was
// written by a newer version of this package.
func Open(dir string, opts *Options) (*Store, error) {
	o := opts.withDefaults()
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("badger: open: %w", err)
	}
	db, err := openDB(dir, o.Logger)
	if err != nil {
		return nil, err
	}
	s := &Store{
		db:      db,
		log:     o.Logger,
		state:   newState(),
		pruning: make(chan struct{}, 1),
		failed:  make(chan struct{}),
		closing: make(chan struct{}),
		closed:  make(chan struct{}),
		closeDB: db.Close,
	}
	s.writer = newWriter(s, dir)
	orphans, removed, err := s.load()
	if err != nil {
		s.writer.flusher.close()
		return nil, closeAfter(db, fmt.Errorf("badger: open %s: %w", dir, err))
	}
	s.writer.start()
	s.state.startSettling = func() { s.background.Go(s.settleJobs) }
	s.state.startSettling()
	if len(orphans) > 0 {
		s.background.Go(func() { s.sweepStaged(orphans) })
	}
	if len(removed) > 0 {
		s.pruning <- struct{}{}
		s.background.Go(func() { s.sweepRemoved(removed) })
	}
	return s, nil
}

// snapshot is the store as it was at one moment, for reading. It must be used by one goroutine,
// and within a call that has begun.
type snapshot struct {
	moment

	s   *Store
	txn *badgerdb.Txn
}

// snapshot returns the store as of now. It must be released soon: until then Badger keeps what
// is overwritten.
func (s *Store) snapshot() *snapshot { return s.snapshotWith(nil) }

// snapshotWith returns the store as of now, when look reads the state. Whoever calls it does not
// hold st.mu; look does.
func (s *Store) snapshotWith(look func()) *snapshot {
	m := s.state.acquire(look)
	return &snapshot{moment: m, s: s, txn: s.db.NewTransactionAt(m.visible, false)}
}

func (sn *snapshot) release() {
	sn.txn.Discard()
	sn.s.state.release(sn.visible)
}

// read calls f, as a call of its own, with the store as of now.
func (s *Store) read(ctx context.Context, f func(*snapshot) error) error {
	if err := s.state.begin(ctx); err != nil {
		return err
	}
	defer s.state.end()
	sn := s.snapshot()
	defer sn.release()
	return f(sn)
}

// iterate calls f for the rows whose keys have a prefix, from the key from on: upwards, or
// downwards if reverse is true. The item is good until f returns. It ends when f returns false.
func (sn *snapshot) iterate(prefix, from []byte, reverse bool, f func(*badgerdb.Item) (bool, error)) error {
	it := sn.txn.NewIterator(badgerdb.IteratorOptions{Prefix: prefix, Reverse: reverse})
	defer it.Close()
	for it.Seek(from); it.Valid(); it.Next() {
		more, err := f(it.Item())
		if err != nil || !more {
			return err
		}
	}
	return nil
}
