package badger

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// layout is the version of the layout of the rows that this code writes, and the only one that
// it reads.
const layout = 1

// serialBits is how many of the low bits of serial numbers count within one opening of the
// directory. Those above are the number of the opening: so no number is given twice.
const serialBits = 40

func openDB(dir string, log *slog.Logger) (*badgerdb.DB, error) {
	db, err := badgerdb.OpenManaged(badgerOptions(dir, log))
	if err == nil {
		return db, nil
	}
	if strings.Contains(err.Error(), "Another process is using this Badger database") {
		return nil, fmt.Errorf("badger: another store has %s open, in this process or another: %w", dir, err)
	}
	return nil, fmt.Errorf("badger: open %s: %w", dir, err)
}

// closeAfter closes the database after an error.
func closeAfter(db *badgerdb.DB, err error) error {
	return errors.Join(err, db.Close())
}

// load fills the state from the directory, and returns the sets that belong to no job. It must
// be called before the writer starts.
func (s *Store) load() (orphans []uint64, err error) {
	s.state.visible = s.db.MaxVersion()
	sn := s.snapshot()
	defer sn.release()
	if err := sn.checkLayout(); err != nil {
		return nil, err
	}
	if s.state.counters, err = sn.loadCounters(); err != nil {
		return nil, err
	}
	if err := sn.loadLive(); err != nil {
		return nil, err
	}
	if orphans, err = sn.loadStaged(); err != nil {
		return nil, err
	}
	return orphans, s.beginEpoch(sn)
}

// checkLayout returns an error unless the database is empty or has the layout of this code.
func (sn *snapshot) checkLayout() error {
	value, err := get(sn.txn, metaKey(metaLayout))
	if err != nil {
		return err
	}
	if value == nil {
		return sn.iterate(nil, nil, false, func(*badgerdb.Item) (bool, error) {
			return false, errors.New("it holds a Badger database that is not a store of jobs")
		})
	}
	n, err := decodeNumber(value)
	if err != nil {
		return corrupt(metaKey(metaLayout), err)
	}
	if n != layout {
		return fmt.Errorf("its layout has version %d, and this program knows version %d only", n, layout)
	}
	return nil
}

func (sn *snapshot) loadCounters() (counters, error) {
	key := metaKey(metaCounters)
	value, err := get(sn.txn, key)
	if err != nil || value == nil {
		return counters{}, err
	}
	c, err := decodeCounters(value)
	if err != nil {
		return counters{}, corrupt(key, err)
	}
	return c, nil
}

// loadLive reads all unfinished jobs.
func (sn *snapshot) loadLive() error {
	prefix := []byte{kindLive}
	return sn.iterate(prefix, prefix, false, func(item *badgerdb.Item) (bool, error) {
		n, err := readIDKey(item.Key())
		if err != nil {
			return false, err
		}
		id := orchestrator.JobID(n)
		value, err := get(sn.txn, jobKey(id))
		if err != nil {
			return false, err
		}
		if value == nil {
			return false, corrupt(jobKey(id), errMissing)
		}
		row, err := decodeHead(id, value)
		if err != nil {
			return false, err
		}
		if err := item.Value(func(v []byte) error { return decodeLive(&row.view, v) }); err != nil {
			return false, corrupt(item.Key(), err)
		}
		sn.s.state.add(id, row.view, false)
		return true, nil
	})
}

// loadStaged returns the sets that were being written when the store was closed.
func (sn *snapshot) loadStaged() ([]uint64, error) {
	var sets []uint64
	prefix := []byte{kindStaged}
	err := sn.iterate(prefix, prefix, false, func(item *badgerdb.Item) (bool, error) {
		set, err := readIDKey(item.Key())
		sets = append(sets, set)
		return true, err
	})
	return sets, err
}

// beginEpoch counts the opening of the directory, and writes the layout if it is the first.
func (s *Store) beginEpoch(sn *snapshot) error {
	key := metaKey(metaEpoch)
	value, err := get(sn.txn, key)
	if err != nil {
		return err
	}
	var epoch uint64
	if value != nil {
		if epoch, err = decodeNumber(value); err != nil {
			return corrupt(key, err)
		}
	}
	epoch++
	s.serial.Store(epoch << serialBits)
	g := newGroup(s)
	defer g.discard()
	if err := g.put([]row{{key, encodeNumber(epoch)}, {metaKey(metaLayout), encodeNumber(layout)}}); err != nil {
		return err
	}
	if err := s.writer.make(g); err != nil {
		return err
	}
	g.publish(nil, nil)
	return nil
}
