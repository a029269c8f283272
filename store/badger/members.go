package badger

import (
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// members are the jobs that have a node of some name, in the order of their IDs. To find them, all jobs
// that have a name in the same bucket have to be read: they are kept for the next query, which then
// reads only the jobs that have been added.
type members struct {
	ids      []orchestrator.JobID // not modified
	last     orchestrator.JobID   // no job behind this one was looked at
	removals uint64               // as of when they were read: if there was another since, they are of no use
}

// keptMembers are the members of the names that were asked for since it was last full.
type keptMembers struct {
	names map[string]members
	jobs  int // how many are kept, each for each of its names
}

// maxMembers is how many jobs are kept, of all names together: they take eight bytes each.
const maxMembers = 1 << 19

func (k *keptMembers) set(name string, m members) {
	k.jobs -= len(k.names[name].ids)
	if k.names == nil || k.jobs+len(m.ids) > maxMembers || len(k.names) > maxMembers/64 {
		k.names, k.jobs = make(map[string]members), 0
	}
	k.names[name] = m
	k.jobs += len(m.ids)
}

// manyNew is how many new jobs are more work to look at than a bucket.
const manyNew = 2000

// membersOf returns what is kept of a name and good for a snapshot.
func (st *state) membersOf(name string, m moment) members {
	st.mu.Lock()
	defer st.mu.Unlock()
	kept := st.members.names[name]
	if kept.removals != m.removals || kept.last > m.counters.job {
		return members{}
	}
	return kept
}

// keepMembers keeps the members of a name unless there are better ones.
func (st *state) keepMembers(name string, m members) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if kept := st.members.names[name]; m.removals == st.removals && (kept.removals != m.removals || kept.last < m.last) {
		st.members.set(name, m)
	}
}

// membersOf returns the jobs that have a node. They must not be modified.
func (sr *search) membersOf(name string) ([]orchestrator.JobID, error) {
	m := sr.sn.s.state.membersOf(name, sr.sn.moment)
	if m.last == sr.sn.counters.job {
		return m.ids, nil
	}
	var ids []orchestrator.JobID
	var err error
	if m.last == 0 || sr.sn.counters.job-m.last > manyNew {
		ids, err = sr.allMembers(name)
	} else {
		ids, err = sr.newMembers(name, m)
	}
	if err == nil && len(name) <= orchestrator.MaxNodeName {
		sr.sn.s.state.keepMembers(name, members{ids, sr.sn.counters.job, sr.sn.removals})
	}
	return ids, err
}

// newMembers adds the jobs that were created since some members were read.
func (sr *search) newMembers(name string, m members) ([]orchestrator.JobID, error) {
	ids := slices.Clip(m.ids)
	err := sr.sn.iterate([]byte{kindJob}, jobKey(m.last+1), false, sr.each(func(item *badgerdb.Item) (bool, error) {
		row, err := sr.sn.jobHeadOf(item)
		if err != nil {
			return false, err
		}
		has, err := sr.sn.hasNode(row.id, row.view.set, name)
		if has {
			ids = append(ids, row.id)
		}
		return true, err
	}))
	return ids, err
}

// hasNode reports whether a job has a node.
func (sn *snapshot) hasNode(id orchestrator.JobID, set uint64, name string) (bool, error) {
	for _, ref := range [...]jobRef{jobRef(id), refOfSet(set)} {
		key := bucketKey(bucketOf(name), ref)
		value, err := get(sn.txn, key)
		if err != nil {
			return false, err
		}
		if value == nil {
			continue
		}
		has, err := hasName(value, name)
		if err != nil {
			return false, corrupt(key, err)
		}
		return has, nil
	}
	return false, nil
}

// allMembers reads the bucket that a name is in.
func (sr *search) allMembers(name string) ([]orchestrator.JobID, error) {
	var ids []orchestrator.JobID
	prefix := bucketPrefix(bucketOf(name))
	removed := make(map[jobRef]bool, len(sr.sn.removed))
	for _, ref := range sr.sn.removed {
		removed[ref] = true
	}
	err := sr.sn.iterate(prefix, prefix, false, sr.each(func(item *badgerdb.Item) (bool, error) {
		has := false
		err := item.Value(func(v []byte) (err error) {
			has, err = hasName(v, name)
			return err
		})
		if err != nil {
			return false, corrupt(item.Key(), err)
		}
		ref, err := readBucketKey(item.Key())
		if err != nil || !has || removed[ref] {
			return err == nil, err
		}
		id, err := sr.sn.referred(ref)
		if id != 0 {
			ids = append(ids, id)
		}
		return true, err
	}))
	slices.Sort(ids)
	return ids, err
}

// referred returns the job that a row of a bucket refers to, 0 if it is not there yet.
func (sn *snapshot) referred(ref jobRef) (orchestrator.JobID, error) {
	set, ok := ref.set()
	if !ok {
		return orchestrator.JobID(ref), nil
	}
	key := largeKey(set)
	value, err := get(sn.txn, key)
	if err != nil || value == nil {
		return 0, err
	}
	id, err := decodeNumber(value)
	if err != nil {
		return 0, corrupt(key, err)
	}
	return orchestrator.JobID(id), nil
}
