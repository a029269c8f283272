package badger

import (
	"context"
	"slices"
	"time"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// How much is removed in one step.
const (
	pruneJobs = 128
	pruneRows = 32 << 10 // about, of nodes and events, unless one job has more
)

// PruneJobs removes some of the jobs that ended before a time, those that ended first, and returns
// how many it has removed. It makes them invisible and leaves their rows to be deleted in the
// background; the next call waits until that is done. The space comes back when Badger compacts.
func (s *Store) PruneJobs(ctx context.Context, before time.Time) (int, error) {
	if err := s.state.begin(ctx); err != nil {
		return 0, err
	}
	defer s.state.end()

	select {
	case s.pruning <- struct{}{}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	p, err := s.prunable(before)
	if err == nil && len(p.jobs) > 0 {
		err = s.writer.do(ctx, p)
	}
	if err != nil || len(p.jobs) == 0 {
		<-s.pruning
		return 0, err
	}
	removed := p.removed()
	s.background.Go(func() { s.sweepRemoved(removed) })
	return len(removed), nil
}

// removal is the op that removes jobs. Nobody else changes them: they have ended.
type removal struct {
	jobs []endedJob
}

// endedJob is a job that is to be removed.
type endedJob struct {
	ended

	removedJob

	key   string
	names []string // if there are few: the rows of their buckets are deleted together with the job's
}

// removedJob is a job that was removed, and whose rows are to be deleted.
type removedJob struct {
	set   uint64
	job   orchestrator.JobID
	large bool // it was written in parts
}

// prunable returns the removal of some of the jobs that ended before a time.
func (s *Store) prunable(before time.Time) (*removal, error) {
	var oldest span
	found := false
	sn := s.snapshotWith(func() { oldest, found = s.state.tallies.oldest() })
	defer sn.release()
	p := &removal{}
	if !found {
		return p, nil
	}
	rows, end := 0, ceilMilli(before)
	err := sn.iterate([]byte{kindTime}, timeKey(oldest.start(), 0), false, func(item *badgerdb.Item) (bool, error) {
		ms, id, err := readTimeKey(item.Key())
		if err != nil || ms >= end {
			return false, err
		}
		job, n, err := sn.endedJob(id)
		if err != nil {
			return false, err
		}
		p.jobs = append(p.jobs, job)
		rows += n
		return len(p.jobs) < pruneJobs && rows < pruneRows, nil
	})
	return p, err
}

// ceilMilli returns the first millisecond that is not before a time.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if time.UnixMilli(ms).Before(t) {
		ms++
	}
	return ms
}

// endedJob reads what has to be known of a job to remove it, and about how many rows it has.
func (sn *snapshot) endedJob(id orchestrator.JobID) (job endedJob, rows int, err error) {
	row, err := sn.jobHead(id)
	if err != nil {
		return job, 0, err
	}
	if !row.view.progress.State.Terminal() {
		return job, 0, corrupt(jobKey(id), errNotEnded)
	}
	large, err := sn.has(largeKey(row.view.set))
	if err != nil {
		return job, 0, err
	}
	job = endedJob{
		ended:      endedOf(id, &row.view),
		removedJob: removedJob{set: row.view.set, job: id, large: large},
		key:        row.tail.key,
	}
	if row.view.small() {
		if job.names, err = row.names(nil); err != nil {
			return job, 0, err
		}
	}
	return job, row.view.nodes + int(row.view.progress.LastEvent), nil
}

func (p *removal) stage(g *group) error {
	for i := range p.jobs {
		err := p.jobs[i].stage(g)
		if err != nil && i > 0 && g.err == nil {
			p.jobs = p.jobs[:i] // the others are left to the next call, and so is what is wrong with the first of them
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (job *endedJob) stage(g *group) error {
	ends, err := g.unlist(&job.ended)
	if err != nil {
		return err
	}
	rows := slices.Concat(ends.rows, []row{{key: jobKey(job.id)}, {removedKey(job.set), encodeRemoved(job.removedJob)}, {key: unsettledKey(job.set)}})
	if job.large {
		rows = append(rows, row{key: largeKey(job.set)})
	}
	for _, name := range job.names {
		rows = append(rows, row{key: bucketKey(bucketOf(name), jobRef(job.id))})
	}
	if job.key != "" {
		rows = append(rows, row{key: keyKey(job.key)})
	}
	if err := g.put(rows); err != nil {
		return err
	}
	g.unlisted(ends)
	return nil
}

func (p *removal) apply(st *state) error {
	st.removed = slices.Concat(st.removed, refsOf(p.removed()))
	st.removals++
	for i := range p.jobs {
		st.kept.Remove(p.jobs[i].job)
	}
	return nil
}

func (p *removal) removed() []removedJob {
	jobs := make([]removedJob, len(p.jobs))
	for i := range p.jobs {
		jobs[i] = p.jobs[i].removedJob
	}
	return jobs
}

// ref returns what the rows of buckets refer to the job by.
func (r *removedJob) ref() jobRef {
	if r.large {
		return refOfSet(r.set)
	}
	return jobRef(r.job)
}

func refsOf(jobs []removedJob) []jobRef {
	refs := make([]jobRef, len(jobs))
	for i := range jobs {
		refs[i] = jobs[i].ref()
	}
	return refs
}

func encodeRemoved(r removedJob) []byte {
	e := &encoder{}
	e.byte(version)
	e.uvarint(uint64(r.job))
	e.flags(r.large)
	return e.b
}

func decodeRemoved(set uint64, value []byte) (removedJob, error) {
	d := decode(value)
	r := removedJob{set: set, job: orchestrator.JobID(d.natural())}
	d.flags(&r.large)
	return r, d.end()
}
