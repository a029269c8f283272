package badger

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// layout is the version of the layout of the rows that this code writes, and the only one that
// it reads.
const layout = 4

// serialBits is how many of the low bits of serial numbers count within one opening of the
// directory. Those above are the number of the opening: so no number is given twice.
const serialBits = 40

// load fills the state from the directory, and returns the sets that belong to no job, and the jobs
// that were removed and have rows. It must be called before the writer starts.
func (s *Store) load() (orphans []uint64, removed []removedJob, err error) {
	s.state.visible = s.db.MaxVersion()
	sn := s.snapshot()
	defer sn.release()
	if err := sn.checkLayout(); err != nil {
		return nil, nil, err
	}
	if s.state.counters, err = sn.loadCounters(); err != nil {
		return nil, nil, err
	}
	if err := sn.loadLive(); err != nil {
		return nil, nil, err
	}
	if err := sn.loadTallies(); err != nil {
		return nil, nil, err
	}
	if err := sn.loadUnsettled(); err != nil {
		return nil, nil, err
	}
	if orphans, err = sn.loadStaged(); err != nil {
		return nil, nil, err
	}
	if removed, err = sn.loadRemoved(); err != nil {
		return nil, nil, err
	}
	return orphans, removed, s.beginEpoch(sn)
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
	events := sn.txn.NewIterator(badgerdb.IteratorOptions{Prefix: []byte{kindEvents}, Reverse: true})
	defer events.Close()
	prefix := []byte{kindUnfinished}
	return sn.iterate(prefix, prefix, false, func(item *badgerdb.Item) (bool, error) {
		chunk, err := readIDKey(item.Key())
		if err != nil {
			return false, err
		}
		var ids idSet
		if err := item.Value(func(v []byte) error {
			ids, err = decodeUnfinished(v)
			return err
		}); err != nil {
			return false, corrupt(item.Key(), err)
		}
		sn.s.state.setUnfinished(chunk, ids)
		for id := range ids.all(chunk) {
			view, err := sn.liveView(id, events)
			if err != nil {
				return false, err
			}
			sn.s.state.add(id, view)
		}
		return true, nil
	})
}

// liveView reads an unfinished job. The iterator goes over the rows of all events, backwards.
func (sn *snapshot) liveView(id orchestrator.JobID, events *badgerdb.Iterator) (liveView, error) {
	key := jobKey(id)
	value, err := get(sn.txn, key)
	if err == nil && value == nil {
		err = corrupt(key, errMissing)
	}
	if err != nil {
		return liveView{}, err
	}
	row, err := decodeJobHead(id, value)
	if err != nil {
		return liveView{}, err
	}
	if row.view.progress.State.Terminal() {
		return liveView{}, corrupt(unfinishedKey(chunkOf(id)), errEnded)
	}
	if err := sn.readLive(id, &row.view); err != nil {
		return liveView{}, err
	}
	return row.view, sn.readLeft(id, &row.view, events)
}

// readLive reads the live row of a job, if it has one.
func (sn *snapshot) readLive(id orchestrator.JobID, v *liveView) error {
	key := liveKey(id)
	value, err := get(sn.txn, key)
	if err != nil || value == nil {
		return err
	}
	v.noted = true
	if err := decodeLive(v, value); err != nil {
		return corrupt(key, err)
	}
	return nil
}

// readLeft reads how the newest events of a job have left it, if there are any that are newer than what
// is known of it.
func (sn *snapshot) readLeft(id orchestrator.JobID, v *liveView, events *badgerdb.Iterator) error {
	events.Seek(eventsKey(id, math.MaxInt64, math.MaxInt64))
	if !events.Valid() || !bytes.HasPrefix(events.Item().Key(), eventsPrefix(id)) {
		return nil
	}
	key := events.Item().Key()
	last, _, err := readEventsKey(key)
	if err != nil || last <= v.progress.LastEvent {
		return err
	}
	err = events.Item().Value(func(value []byte) error {
		v.progress, err = leftBy(beginning(value))
		if errors.Is(err, errTruncated) {
			if value, err = whole(sn.txn, key, value); err == nil {
				v.progress, err = leftBy(value)
			}
		}
		if err == nil && (v.progress.LastEvent != last || v.progress.State.Terminal()) {
			err = errRange
		}
		return err
	})
	if err != nil {
		return corrupt(key, err)
	}
	return nil
}

// loadTallies reads how many jobs of which classes have ended.
func (sn *snapshot) loadTallies() error {
	classes := make(map[uint32]class)
	err := sn.iterate([]byte{kindClass}, []byte{kindClass}, false, func(item *badgerdb.Item) (bool, error) {
		number, err := readClassKey(item.Key())
		if err != nil {
			return false, err
		}
		return true, item.Value(func(v []byte) (err error) {
			if classes[number], err = decodeClass(v); err != nil {
				return corrupt(item.Key(), err)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return sn.iterate([]byte{kindTally}, []byte{kindTally}, false, func(item *badgerdb.Item) (bool, error) {
		number, s, err := readTallyKey(item.Key())
		if err != nil {
			return false, err
		}
		c, ok := classes[number]
		if !ok {
			return false, corrupt(classKey(number), errMissing)
		}
		return true, item.Value(func(v []byte) error {
			count, err := decodeTally(s, v)
			if err != nil {
				return corrupt(item.Key(), err)
			}
			sn.s.state.tallies.set(c, number, count)
			return nil
		})
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

// loadRemoved returns the jobs that were removed and have rows.
func (sn *snapshot) loadRemoved() ([]removedJob, error) {
	var removed []removedJob
	prefix := []byte{kindRemoved}
	err := sn.iterate(prefix, prefix, false, func(item *badgerdb.Item) (bool, error) {
		set, err := readIDKey(item.Key())
		if err != nil {
			return false, err
		}
		return true, item.Value(func(v []byte) error {
			r, err := decodeRemoved(set, v)
			if err != nil {
				return corrupt(item.Key(), err)
			}
			removed = append(removed, r)
			return nil
		})
	})
	sn.s.state.removed = refsOf(removed)
	return removed, err
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
