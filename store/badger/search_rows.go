package badger

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// The functions of this file read jobs that have ended, from an index, and call yield with those that
// pass, until it returns false.

// each returns f with a look at the call's context now and then.
func (sr *search) each(f func(*badgerdb.Item) (bool, error)) func(*badgerdb.Item) (bool, error) {
	n := 0
	return func(item *badgerdb.Item) (bool, error) {
		if n++; n%1024 == 0 {
			if err := sr.expired(); err != nil {
				return false, err
			}
		}
		return f(item)
	}
}

// byTime reads the jobs that ended from a time to before another, in the order in which they ended,
// downwards if the query is.
func (sr *search) byTime(from, to int64, yield func(listed) bool) error {
	from = max(from, sr.oldest.start()) // what was removed may be in the way
	if from >= to {
		return nil
	}
	start, descending := timeKey(from, 0), sr.q.Descending
	if descending {
		start = timeKey(to-1, math.MaxInt64)
	}
	return sr.byTimeFrom(start, from, to, yield)
}

// byTimeFrom is byTime from a key on.
func (sr *search) byTimeFrom(start []byte, from, to int64, yield func(listed) bool) error {
	return sr.sn.iterate([]byte{kindTime}, start, sr.q.Descending, sr.each(func(item *badgerdb.Item) (bool, error) {
		ms, id, err := readTimeKey(item.Key())
		if err != nil || ms < from || ms >= to {
			return false, err
		}
		var number uint64
		err = item.Value(func(v []byte) (err error) {
			number, err = decodeNumber(v)
			return err
		})
		if err != nil {
			return false, corrupt(item.Key(), err)
		}
		c := sr.numbers[uint32(number)]
		if c == nil || !sr.isMember(id) {
			return true, nil
		}
		return yield(sr.listed(id, &c.class, ms)), nil
	}))
}

// endedJobOf is a job of a class that has ended.
type endedJobOf struct {
	listed

	at int64
}

// byClass reads the jobs of some classes in the order by ID, behind one of them. It reads some of each
// class and sorts them, again and again.
func (sr *search) byClass(classes []counted, after orchestrator.JobID, yield func(listed) bool) error {
	it := sr.sn.txn.NewIterator(badgerdb.IteratorOptions{Prefix: []byte{kindEnded}, Reverse: sr.q.Descending})
	defer it.Close()
	left := slices.Clone(classes)
	var rows []endedJobOf
	for chunk := sr.chunk(len(classes)); len(left) > 0; chunk = min(2*chunk, 1<<14) {
		if err := sr.expired(); err != nil {
			return err
		}
		rows = rows[:0]
		end, dense := sr.endID(), 0 // all jobs up to end are in rows, where there was no room for more of the class dense
		lasts := make([]orchestrator.JobID, len(left))
		for i := range left {
			n := len(rows)
			var more bool
			var err error
			if rows, more, err = sr.readClass(it, &left[i], after, end, chunk, rows); err != nil {
				return err
			}
			lasts[i] = sr.startID()
			if n < len(rows) {
				lasts[i] = rows[len(rows)-1].id
			}
			if len(rows)-n == chunk {
				end, dense = lasts[i], i
			}
			if more {
				lasts[i] = sr.endID()
			}
		}
		// The class that sets the end is read first, so that no more than is needed is read of the others.
		left[0], left[dense], lasts[0], lasts[dense] = left[dense], left[0], lasts[dense], lasts[0]
		left = sr.behind(left, lasts, end)
		slices.SortFunc(rows, func(a, b endedJobOf) int { return sr.compareIDs(a.id, b.id) })
		for i := range rows {
			if sr.compareIDs(rows[i].id, end) > 0 {
				break
			}
			if r := &rows[i]; r.at >= sr.from && r.at < sr.to && sr.isMember(r.id) && !yield(r.listed) {
				return nil
			}
		}
		after = end
	}
	return nil
}

// behind returns the classes that have their last job behind an ID, in the same memory.
func (sr *search) behind(classes []counted, lasts []orchestrator.JobID, id orchestrator.JobID) []counted {
	behind := classes[:0]
	for i := range classes {
		if sr.compareIDs(lasts[i], id) > 0 {
			behind = append(behind, classes[i])
		}
	}
	return behind
}

// chunk returns how many jobs to read of each of some classes first.
func (sr *search) chunk(classes int) int {
	const least, most = 8, 1024
	return min(least+min(sr.first(), most*classes)/max(classes, 1), most)
}

// readClass appends the next jobs of a class, up to an ID, and reports whether there may be more of it.
func (sr *search) readClass(it *badgerdb.Iterator, c *counted, after, end orchestrator.JobID, most int, jobs []endedJobOf) (_ []endedJobOf, more bool, err error) {
	prefix := classPrefix(kindEnded, c.number)
	var set endedSet
	for it.Seek(endedKey(c.number, chunkOf(sr.next(after)))); it.Valid() && bytes.HasPrefix(it.Item().Key(), prefix); it.Next() {
		key := it.Item().Key()
		chunk, err := readEndedKey(key)
		if err != nil {
			return jobs, false, err
		}
		if err := it.Item().Value(set.decode); err != nil {
			return jobs, false, corrupt(key, err)
		}
		for id, at := range set.all(chunk, sr.q.Descending) {
			if sr.compareIDs(id, after) <= 0 {
				continue
			}
			if sr.compareIDs(id, sr.last) > 0 {
				return jobs, false, nil
			}
			if most == 0 || sr.compareIDs(id, end) > 0 {
				return jobs, true, nil
			}
			jobs = append(jobs, endedJobOf{sr.listed(id, &c.class, at), at})
			most--
		}
	}
	return jobs, false, nil
}

// byJob reads the jobs that have ended in the order by ID, behind one of them, of which those pass
// whose class is one of the classes.
func (sr *search) byJob(classes []counted, after orchestrator.JobID, yield func(listed) bool) error {
	wanted := make(map[class]bool, len(classes))
	for i := range classes {
		wanted[classes[i].class] = true
	}
	return sr.sn.iterate([]byte{kindJob}, jobKey(sr.next(after)), sr.q.Descending, sr.each(func(item *badgerdb.Item) (bool, error) {
		row, err := sr.sn.jobHeadOf(item)
		if err != nil {
			return false, err
		}
		if sr.compareIDs(row.id, sr.last) > 0 {
			return false, nil
		}
		e := endedOf(row.id, &row.view)
		if !e.class.state.Terminal() || !wanted[e.class] || e.at < sr.from || e.at >= sr.to || !sr.isMember(e.id) {
			return true, nil
		}
		return yield(sr.listed(e.id, &e.class, e.at)), nil
	}))
}

// The order by ID, in the direction of the query.

func (sr *search) compareIDs(a, b orchestrator.JobID) int {
	if sr.q.Descending {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}

// bound returns what all jobs of the classes that pass are behind, and sets what none is behind.
func (sr *search) bound(classes []counted) orchestrator.JobID {
	sr.last = sr.endID()
	if len(classes) == 0 {
		return sr.startID()
	}
	low, high := classes[0].low, classes[0].high
	for i := range classes {
		low, high = min(low, classes[i].low), max(high, classes[i].high)
	}
	if sr.q.Descending {
		sr.last = low
		return min(high, math.MaxInt64-1) + 1
	}
	sr.last = high
	return max(low, 1) - 1
}

func (sr *search) later(a, b orchestrator.JobID) orchestrator.JobID {
	if sr.compareIDs(a, b) > 0 {
		return a
	}
	return b
}

// startID and endID are before, and behind, all jobs.
func (sr *search) startID() orchestrator.JobID {
	if sr.q.Descending {
		return math.MaxInt64
	}
	return 0
}

func (sr *search) endID() orchestrator.JobID {
	if sr.q.Descending {
		return 0
	}
	return math.MaxInt64
}

func (sr *search) next(after orchestrator.JobID) orchestrator.JobID {
	if sr.q.Descending {
		return max(after, 1) - 1
	}
	return min(max(after, 0), math.MaxInt64-1) + 1
}

// findMembers finds the jobs that have the node of the query.
func (sr *search) findMembers() error {
	var err error
	if sr.members, err = sr.membersOf(sr.q.Node); err != nil {
		return err
	}
	sr.live = slices.DeleteFunc(sr.live, func(l listed) bool { return !sr.isMember(l.id) })
	sr.total = len(sr.live)
	sr.live = slices.DeleteFunc(sr.live, func(l listed) bool { return !sr.wanted(l) })
	return nil
}

// isMember reports whether a job has the node, if the query is for one.
func (sr *search) isMember(id orchestrator.JobID) bool {
	if sr.q.Node == "" {
		return true
	}
	_, found := slices.BinarySearch(sr.members, id)
	return found
}
