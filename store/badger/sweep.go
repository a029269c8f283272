package badger

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// sweepRows is how many rows are deleted at once.
const sweepRows = 1024

// sweepStaged deletes sets that belong to no job. It ends early when the store is closed: what is
// left is deleted after the next Open.
func (s *Store) sweepStaged(sets []uint64) {
	for _, set := range sets {
		if !s.swept(s.sweepSet(set, refOfSet(set), plain{{key: stagedKey(set)}})) {
			return
		}
	}
}

// sweepRemoved deletes the rows of jobs that were removed, and lets others be removed then. It ends
// early as sweepStaged does.
func (s *Store) sweepRemoved(jobs []removedJob) {
	defer func() { <-s.pruning }()
	for _, job := range jobs {
		if !s.swept(s.sweepJob(job)) {
			return
		}
	}
}

// swept reports whether to go on after an error.
func (s *Store) swept(err error) bool {
	if err != nil && !errors.Is(err, orchestrator.ErrClosed) {
		s.log.Warn("what is left of a job that is not there stays until the store is opened again", "err", err)
	}
	return err == nil
}

// sweepJob deletes the rows of a job that was removed.
func (s *Store) sweepJob(job removedJob) error {
	for _, kind := range []byte{kindHeads, kindFinal, kindOrder} {
		if err := s.sweepRows(setPrefix(kind, job.set), itself); err != nil {
			return err
		}
	}
	if err := s.sweepEvents(job.job); err != nil {
		return err
	}
	if err := s.sweepPieces(jobKey(job.job)); err != nil {
		return err
	}
	return s.sweepSet(job.set, job.ref(), &forgetting{job: job})
}

// forgetting is the op that ends the sweeping of a job.
type forgetting struct {
	job removedJob
}

func (f *forgetting) stage(g *group) error { return g.put([]row{{key: removedKey(f.job.set)}}) }

func (f *forgetting) apply(st *state) error {
	ref := f.job.ref()
	st.removed = slices.DeleteFunc(slices.Clone(st.removed), func(r jobRef) bool { return r == ref })
	return nil
}

// sweepSet deletes what was written of a set when it was created. The last op is done when it is
// gone.
func (s *Store) sweepSet(set uint64, ref jobRef, last op) error {
	if err := s.sweepNames(set, ref); err != nil {
		return err
	}
	if err := s.sweepPrefix(setPrefix(kindSpec, set)); err != nil {
		return err
	}
	return s.writer.do(context.Background(), last)
}

// sweepNames deletes the names of a set, and the rows of buckets that hold them: a bucket before the
// names that say that the set has rows in it.
func (s *Store) sweepNames(set uint64, ref jobRef) error {
	var seen [1 << bucketBits]bool
	prefix := setPrefix(kindNames, set)
	err := s.sweepRows(prefix, func(sn *snapshot, key []byte) ([]row, error) {
		names, err := sn.chunkOfNames(set, int(binary.BigEndian.Uint32(key[len(prefix):])), nil)
		if err != nil {
			return nil, err
		}
		var rows []row
		for _, name := range names {
			if b := bucketOf(name); !seen[b] {
				seen[b] = true
				rows = append(rows, row{key: bucketKey(b, ref)})
			}
		}
		return append(rows, row{key: key}), nil
	})
	if err != nil {
		return err
	}
	return s.sweepPieces(prefix)
}

// sweepEvents deletes the events of a job, and the rows of the feed that tell of nothing else.
func (s *Store) sweepEvents(job orchestrator.JobID) error {
	err := s.sweepRows(eventsPrefix(job), func(sn *snapshot, key []byte) ([]row, error) {
		_, position, err := readEventsKey(key)
		if err != nil {
			return nil, err
		}
		feed, err := sn.deadFeed(position)
		return append(feed, row{key: key}), err
	})
	if err != nil {
		return err
	}
	return s.sweepPieces(eventsPrefix(job))
}

// deadFeed returns the row of the feed that holds a position, to be deleted, if all jobs that it
// tells of are gone.
func (sn *snapshot) deadFeed(position orchestrator.Position) ([]row, error) {
	last, commits, err := sn.feedFrom(position)
	if err != nil || position <= last-eventsOf(commits) {
		return nil, err
	}
	for _, c := range commits {
		there, err := sn.exists(c.job)
		if err != nil || there {
			return nil, err
		}
	}
	return []row{{key: feedKey(last)}}, nil
}

// sweepPrefix deletes all rows whose keys have a prefix, with their pieces.
func (s *Store) sweepPrefix(prefix []byte) error {
	if err := s.sweepRows(prefix, itself); err != nil {
		return err
	}
	return s.sweepPieces(prefix)
}

// sweepPieces deletes the further pieces of all rows whose keys have a prefix.
func (s *Store) sweepPieces(prefix []byte) error {
	return s.sweepRows(append([]byte{kindPiece}, prefix...), itself)
}

func itself(_ *snapshot, key []byte) ([]row, error) { return []row{{key: key}}, nil }

// sweepRows deletes the rows that each returns for the rows whose keys have a prefix: that row, and
// what has to go with it. No row may be added meanwhile. It never looks back at what it has deleted,
// which Badger would have to step over.
func (s *Store) sweepRows(prefix []byte, each func(sn *snapshot, key []byte) ([]row, error)) error {
	for from := prefix; ; {
		select {
		case <-s.closing:
			return orchestrator.ErrClosed
		default:
		}
		rows, last, err := s.rowsToSweep(prefix, from, each)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := s.writer.do(context.Background(), plain(rows)); err != nil {
			return err
		}
		from = slices.Concat(last, []byte{0}) // the key behind it
	}
}

// rowsToSweep returns some of the rows that sweepRows deletes, from a key on, and the last key that
// it has looked at.
func (s *Store) rowsToSweep(prefix, from []byte, each func(sn *snapshot, key []byte) ([]row, error)) (rows []row, last []byte, err error) {
	if err := s.state.failure(); err != nil {
		return nil, nil, err
	}
	sn := s.snapshot()
	defer sn.release()
	err = sn.iterate(prefix, from, false, func(item *badgerdb.Item) (bool, error) {
		last = item.KeyCopy(nil)
		of, err := each(sn, last)
		rows = append(rows, of...)
		return len(rows) < sweepRows, err
	})
	return rows, last, err
}
