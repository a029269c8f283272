package badger

import (
	"context"
	"errors"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// sweepRows is how many rows are deleted at once.
const sweepRows = 1024

// sweep deletes sets that belong to no job. It ends early when the store is closed: what is left
// is deleted after the next Open.
func (s *Store) sweep(sets []uint64) {
	for _, set := range sets {
		err := s.sweepSet(set)
		if errors.Is(err, orchestrator.ErrClosed) {
			return
		}
		if err != nil {
			s.log.Warn("what is left of a job that was not created stays until the store is opened again", "err", err)
			return
		}
	}
}

// sweepSet deletes a set: last the row that says that it belongs to no job.
func (s *Store) sweepSet(set uint64) error {
	for _, kind := range [...]byte{kindNames, kindSpec} {
		rows := setPrefix(kind, set)
		pieces := append([]byte{kindPiece}, rows...)
		for _, prefix := range [...][]byte{rows, pieces} {
			if err := s.sweepPrefix(prefix); err != nil {
				return err
			}
		}
	}
	return s.writer.do(context.Background(), plain{{key: stagedKey(set)}})
}

// sweepPrefix deletes all rows whose keys have a prefix.
func (s *Store) sweepPrefix(prefix []byte) error {
	for {
		select {
		case <-s.closing:
			return orchestrator.ErrClosed
		default:
		}
		rows, err := s.keys(prefix, sweepRows)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := s.writer.do(context.Background(), plain(rows)); err != nil {
			return err
		}
	}
}

// keys returns rows to delete: the first of those whose keys have a prefix.
func (s *Store) keys(prefix []byte, limit int) ([]row, error) {
	if err := s.state.failure(); err != nil {
		return nil, err
	}
	sn := s.snapshot()
	defer sn.release()
	var rows []row
	err := sn.iterate(prefix, prefix, false, func(item *badgerdb.Item) (bool, error) {
		rows = append(rows, row{key: item.KeyCopy(nil)})
		return len(rows) < limit, nil
	})
	return rows, err
}
