package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// pruneStep is how many jobs are removed at once.
const pruneStep = 256

// PruneJobs removes up to 256 of the jobs that ended before a time, those that ended first, and
// returns how many it has removed.
func (s *Store) PruneJobs(ctx context.Context, before time.Time) (int, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()

	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < min(len(s.ended), pruneStep) && s.ended[n].job.Finished().Before(before) {
		n++
	}
	if n > 0 {
		s.remove(s.ended[:n])
		s.ended = slices.Delete(s.ended, 0, n)
	}
	return n, nil
}

// remove removes all that belongs to jobs but their places in s.ended. The caller holds s.mu.
func (s *Store) remove(records []*record) {
	removed := make(map[*record]bool, len(records))
	for _, rec := range records {
		removed[rec] = true
		delete(s.keys, rec.job.Key)
		for i := range rec.nodes {
			s.removeNode(rec.nodes[i].Name, rec.job.ID)
		}
	}
	s.records = slices.DeleteFunc(s.records, func(rec *record) bool { return removed[rec] })
	s.feed.commits = slices.DeleteFunc(s.feed.commits, func(c fed) bool { return removed[c.rec] })
}

// removeNode notes that a job does not have the node any more. The caller holds s.mu.
func (s *Store) removeNode(name string, id orchestrator.JobID) {
	jobs := s.nodes[name]
	if jobs == nil {
		return
	}
	jobs.remove(id)
	if len(*jobs) == 0 {
		delete(s.nodes, name)
	}
}

// end notes that a job has come into a terminal state. The caller holds s.mu.
func (s *Store) end(rec *record) {
	i, _ := slices.BinarySearchFunc(s.ended, rec, func(a, b *record) int {
		return cmp.Or(a.job.Finished().Compare(b.job.Finished()), cmp.Compare(a.job.ID, b.job.ID))
	})
	s.ended = slices.Insert(s.ended, i, rec)
}
