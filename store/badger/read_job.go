package badger

import (
	"context"
	"errors"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// Job returns a job as of its last commit.
func (s *Store) Job(ctx context.Context, id orchestrator.JobID) (orchestrator.Job, error) {
	if err := s.state.begin(ctx); err != nil {
		return orchestrator.Job{}, err
	}
	defer s.state.end()
	return s.job(id)
}

// JobWithKey returns the job that has a key, as of its last commit, or [orchestrator.ErrNotFound].
func (s *Store) JobWithKey(ctx context.Context, key string) (orchestrator.Job, error) {
	if err := s.state.begin(ctx); err != nil {
		return orchestrator.Job{}, err
	}
	defer s.state.end()
	var c creation
	c.tail.key = key
	switch err := s.findKey(&c); {
	case err == nil:
		return orchestrator.Job{}, orchestrator.ErrNotFound
	case errors.Is(err, orchestrator.ErrExists):
		return s.job(c.id)
	default:
		return orchestrator.Job{}, err
	}
}

// job is Job for a call that has begun.
func (s *Store) job(id orchestrator.JobID) (orchestrator.Job, error) {
	r, ok, removals := s.state.lookUp(id)
	if ok {
		return r.job(), nil
	}
	row, err := s.current(id)
	if err != nil {
		return orchestrator.Job{}, err
	}
	job, err := row.job()
	if err == nil {
		s.state.keep(removals, job)
	}
	return job, err
}

// lookUp is recent for a caller who does not hold st.mu. It also returns how often jobs were removed.
func (st *state) lookUp(id orchestrator.JobID) (r recentJob, ok bool, removals uint64) {
	st.mu.Lock()
	defer st.mu.Unlock()
	r, ok = st.recent(id)
	return r, ok, st.removals
}

// current returns a job as it is now.
func (s *Store) current(id orchestrator.JobID) (jobRow, error) {
	row, err := s.stored(id)
	if err != nil || row.view.progress.State.Terminal() {
		return row, err
	}
	if view, ok := s.state.live(id); ok {
		row.view, row.shared = view, true
		return row, nil
	}
	// It has ended since its row was read.
	row, err = s.stored(id)
	if err == nil && !row.view.progress.State.Terminal() {
		return row, corrupt(unfinishedKey(chunkOf(id)), errMissing)
	}
	return row, err
}

// stored returns a job as its row has it.
func (s *Store) stored(id orchestrator.JobID) (jobRow, error) {
	sn := s.snapshot()
	defer sn.release()
	return sn.job(id)
}

// jobRow is a job as its row has it. While the job is unfinished, the state knows better.
type jobRow struct {
	id     orchestrator.JobID
	view   liveView
	shared bool   // the view is that of the state
	raw    []byte // the tail, encoded
	tail   tail
	spec   []byte // encoded
}

func (r *jobRow) job() (orchestrator.Job, error) {
	if r.shared {
		r.view.progress = r.view.progress.Clone()
	}
	job, err := assemble(r.id, &r.view, &r.tail, r.spec)
	if err == nil {
		return job, nil
	}
	key := jobKey(r.id)
	if r.tail.spec == nil {
		key = specKey(r.view.set)
	}
	return orchestrator.Job{}, corrupt(key, err)
}

// assemble makes a job of its parts, whose memory it shares.
func assemble(id orchestrator.JobID, v *liveView, t *tail, spec []byte) (orchestrator.Job, error) {
	job := orchestrator.Job{
		ID:        id,
		NodeCount: v.nodes,
		Stop:      v.stop,
		Progress:  v.progress,
	}
	job.Command, job.Task.Name = t.command, t.task
	job.Environment, job.Owner.Login = t.environment, t.login
	job.Key = t.key
	return job, decodeSpec(&job.JobSpec, spec)
}

// names returns the names of the job's nodes, if there are few.
func (r *jobRow) names(memory []string) ([]string, error) {
	names, err := decodeNames(r.tail.names, memory)
	if err == nil && len(names) != r.view.nodes {
		err = errRange
	}
	if err != nil {
		return nil, corrupt(jobKey(r.id), err)
	}
	return names, nil
}

// job reads the row of a job. It returns ErrNotFound if there is none.
func (sn *snapshot) job(id orchestrator.JobID) (jobRow, error) {
	r, err := sn.jobHead(id)
	if err != nil {
		return r, err
	}
	return r, sn.readSpec(&r)
}

// jobHead is job without the spec.
func (sn *snapshot) jobHead(id orchestrator.JobID) (jobRow, error) {
	if id <= 0 {
		return jobRow{}, orchestrator.ErrNotFound
	}
	value, err := get(sn.txn, jobKey(id))
	if err != nil {
		return jobRow{}, err
	}
	if value == nil {
		return jobRow{}, orchestrator.ErrNotFound
	}
	return decodeJobHead(id, value)
}

// exists reports whether there is a job.
func (sn *snapshot) exists(id orchestrator.JobID) (bool, error) { return sn.has(jobKey(id)) }

// jobOf reads the row of an item, which must be that of a job, without the spec.
func (sn *snapshot) jobOf(item *badgerdb.Item) (jobRow, error) {
	id, err := readIDKey(item.Key())
	if err != nil {
		return jobRow{}, err
	}
	value, err := valueOf(sn.txn, item)
	if err != nil {
		return jobRow{}, err
	}
	return decodeJobHead(orchestrator.JobID(id), value)
}

// jobHeadOf is jobOf for what is known without the spec and the tail. It copies no more than that.
func (sn *snapshot) jobHeadOf(item *badgerdb.Item) (r jobRow, err error) {
	id, err := readIDKey(item.Key())
	if err != nil {
		return jobRow{}, err
	}
	err = item.Value(func(v []byte) error {
		v, err := whole(sn.txn, item.Key(), v)
		if err != nil {
			return err
		}
		r, err = decodeJobHead(orchestrator.JobID(id), v)
		return err
	})
	r.raw, r.tail.spec, r.tail.names = nil, nil, nil
	return r, err
}

// decodeJobHead reads a job's row, whose memory it shares.
func decodeJobHead(id orchestrator.JobID, value []byte) (jobRow, error) {
	r := jobRow{id: id}
	var d decoder
	var err error
	r.view, d = decodeJob(value)
	r.raw = d.b
	if r.tail, err = d.tail(); err != nil {
		return r, corrupt(jobKey(id), err)
	}
	r.view.asked = r.tail.asked
	return r, nil
}

// readSpec completes a row with the job's spec, wherever that is.
func (sn *snapshot) readSpec(r *jobRow) error {
	if r.spec = r.tail.spec; r.spec != nil {
		return nil
	}
	key := specKey(r.view.set)
	var err error
	if r.spec, err = get(sn.txn, key); err != nil {
		return err
	}
	if r.spec == nil {
		return corrupt(key, errMissing)
	}
	return nil
}

// known is what has to be known of a job before its nodes or events are read.
type known struct {
	place
	ended  bool
	last   orchestrator.EventID // its newest event
	counts orchestrator.NodeCounts
}

// find returns what is known of a job. It returns ErrNotFound if there is no such job.
func (s *Store) find(ctx context.Context, id orchestrator.JobID) (known, error) {
	if err := s.state.begin(ctx); err != nil {
		return known{}, err
	}
	defer s.state.end()
	if v, ok := s.state.live(id); ok {
		return knownOf(&v), nil
	}
	sn := s.snapshot()
	defer sn.release()
	row, err := sn.jobHead(id)
	if err != nil {
		return known{}, err
	}
	return knownOf(&row.view), nil
}

func knownOf(v *liveView) known {
	return known{v.place, v.progress.State.Terminal(), v.progress.LastEvent, v.progress.Counts}
}
