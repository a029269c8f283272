package badger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// How much of a large job is written at once, so that the commits of other jobs that arrive
// meanwhile do not wait for long.
const (
	partSize = 256 << 10
	partRows = 1024
)

// CreateJob stores a new job with its nodes and returns it with its ID. The nodes of a large job
// are written in parts, between which other calls are written; they belong to no job, and nobody
// sees them, until the last part makes the job.
func (s *Store) CreateJob(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
	if err := s.state.begin(ctx); err != nil {
		return orchestrator.Job{}, err
	}
	defer s.state.end()

	if len(nodes) > maxNodes {
		return orchestrator.Job{}, invalid("nodes", len(nodes), fmt.Sprintf("must not be more than %d", maxNodes))
	}
	for {
		c, err := newCreation(s.serial.Add(1), &job, nodes)
		if err != nil {
			return orchestrator.Job{}, err
		}
		err = s.create(ctx, c)
		if err == nil {
			c.view.progress = c.view.progress.Clone()
			return assemble(c.id, &c.view, &c.tail, c.spec)
		}
		if !errors.Is(err, orchestrator.ErrExists) {
			return orchestrator.Job{}, err
		}
		other, otherErr := s.job(c.id)
		if !errors.Is(otherErr, orchestrator.ErrNotFound) {
			return other, cmp.Or(otherErr, err)
		}
		// The other job was removed meanwhile.
	}
}

// create writes what makes a job. It returns ErrExists, and the ID of the creation is that of the
// other job, if one has its key.
func (s *Store) create(ctx context.Context, c *creation) error {
	if c.large { // so that nothing is written in vain
		if err := s.findKey(c); err != nil {
			return err
		}
	}
	staged, err := s.stageParts(ctx, c)
	if err == nil {
		err = s.writer.do(ctx, c)
	}
	if err != nil && staged {
		s.background.Go(func() { s.sweepStaged([]uint64{c.view.set}) })
	}
	return err
}

func (s *Store) findKey(c *creation) error {
	sn := s.snapshot()
	defer sn.release()
	return c.findKey(sn.txn)
}

// stageParts writes all parts of a large job but the last, which it leaves to the creation itself,
// and reports whether it has written, or tried to. The first part has a row that says that the set
// belongs to no job.
func (s *Store) stageParts(ctx context.Context, c *creation) (staged bool, err error) {
	for r := range c.setRows() {
		if c.large && (costOf(c.last) >= partSize || len(c.last) >= partRows) {
			if !staged {
				staged = true
				c.last = append(c.last, row{stagedKey(c.view.set), encodeNumber(c.view.set)})
			}
			if err := s.writer.do(ctx, plain(c.last)); err != nil {
				return staged, err
			}
			c.last = nil
		}
		c.last = append(c.last, r)
	}
	if staged {
		c.last = append(c.last, row{key: stagedKey(c.view.set)})
	}
	return staged, nil
}

// plain is an op that only writes rows.
type plain []row

func (p plain) stage(g *group) error { return g.put(p) }
func (p plain) apply(*state) error   { return nil }

// creation is the op that makes a job, unless another has its key.
type creation struct {
	view    liveView
	names   []string
	buckets []bucket // of the names
	large   bool     // it is written in parts
	tail    tail
	spec    []byte             // encoded
	value   []byte             // of the job's row
	last    []row              // of the set: what is not written yet
	id      orchestrator.JobID // set once it is staged: of the job, or of the other one
	exists  bool               // there is another one
}

func newCreation(set uint64, job *orchestrator.Job, nodes []string) (*creation, error) {
	if err := checkTexts(&job.JobSpec); err != nil {
		return nil, err
	}
	c := &creation{
		view: liveView{
			place: place{set: set, nodes: len(nodes)},
			asked: askedOf(&job.JobSpec),
			progress: orchestrator.Progress{
				State:  job.State,
				Status: storedStatus(job.Status),
				Counts: orchestrator.NodeCounts{New: len(nodes)},
			},
		},
		names: nodes,
		spec:  encodeSpec(&job.JobSpec),
	}
	c.tail = tail{asked: c.view.asked, key: job.Key}
	if len(c.spec) <= maxInlineSpec {
		c.tail.spec = c.spec
	}
	if c.view.small() {
		c.tail.names = encodeNames(nodes)
	}
	var err error
	if c.buckets, err = bucketsOf(nodes); err != nil {
		return nil, err
	}
	c.large = c.isLarge()
	c.view.tail = c.tail.encode()
	c.value, err = encodeJob(&c.view, c.view.tail)
	return c, err
}

// isLarge reports whether what belongs to the set is too much to be written at once.
func (c *creation) isLarge() bool {
	rows := len(c.buckets) + (len(c.names)-1)/namesPerChunk + 1
	bytes := len(c.spec) + 32*rows
	for _, name := range c.names {
		bytes += len(name)
	}
	for _, b := range c.buckets {
		bytes += len(b.value)
	}
	return rows >= partRows || bytes >= partSize
}

// setRows returns the rows that can be written before the job has an ID.
func (c *creation) setRows() iter.Seq[row] {
	return func(yield func(row) bool) {
		if c.tail.spec == nil && !yieldAll(appendRow(nil, specKey(c.view.set), c.spec), yield) {
			return
		}
		if c.view.small() {
			return
		}
		chunk := 0
		for names := range slices.Chunk(c.names, namesPerChunk) {
			if !yieldAll(appendRow(nil, namesKey(c.view.set, chunk), encodeNames(names)), yield) {
				return
			}
			chunk++
		}
		if c.large {
			yieldAll(c.bucketRows(nil, refOfSet(c.view.set)), yield)
		}
	}
}

func yieldAll(rows []row, yield func(row) bool) bool {
	for _, r := range rows {
		if !yield(r) {
			return false
		}
	}
	return true
}

func (c *creation) bucketRows(rows []row, ref jobRef) []row {
	for _, b := range c.buckets {
		rows = append(rows, row{bucketKey(b.number, ref), b.value})
	}
	return rows
}

// findKey returns ErrExists if another job has the key.
func (c *creation) findKey(txn *badgerdb.Txn) error {
	if c.tail.key == "" {
		return nil
	}
	key := keyKey(c.tail.key)
	value, err := get(txn, key)
	if err != nil || value == nil {
		return err
	}
	id, err := decodeNumber(value)
	if err != nil {
		return corrupt(key, err)
	}
	c.id = orchestrator.JobID(id)
	return orchestrator.ErrExists
}

func (c *creation) stage(g *group) error {
	err := c.findKey(g.txn)
	if c.exists = errors.Is(err, orchestrator.ErrExists); c.exists {
		return nil // is answered together with the other one, which may be of the same group
	}
	if err != nil {
		return err
	}
	id := g.counters.job + 1
	rows := c.rows(id)
	var ends *listing
	if c.view.progress.State.Terminal() {
		end := endedOf(id, &c.view)
		if ends, err = g.list(&end); err != nil {
			return err
		}
		rows = append(append(rows, ends.rows...), unsettledRows(id, c.view.place)...)
	}
	if err := g.put(rows); err != nil {
		return err
	}
	if ends != nil {
		g.listed(ends)
	} else {
		g.setUnfinished(id, true)
	}
	c.id, g.counters.job, g.jobs[id] = id, id, &c.view
	return nil
}

// rows returns the rows that make the job with an ID.
func (c *creation) rows(id orchestrator.JobID) []row {
	rows := make([]row, 0, len(c.last)+len(c.buckets)+8)
	rows = appendRow(append(rows, c.last...), jobKey(id), c.value)
	if c.large {
		rows = append(rows, row{largeKey(c.view.set), encodeNumber(uint64(id))})
	}
	if !c.large || c.view.small() {
		rows = c.bucketRows(rows, jobRef(id))
	}
	if c.tail.key != "" {
		rows = append(rows, row{keyKey(c.tail.key), encodeNumber(uint64(id))})
	}
	return rows
}

func (c *creation) apply(st *state) error {
	if c.exists {
		return orchestrator.ErrExists
	}
	if c.view.progress.State.Terminal() {
		st.toSettle(c.id, c.view.place)
	} else {
		st.add(c.id, c.view)
	}
	return nil
}

// storedStatus returns a copy of the history of a job's states as it comes back from the store.
func storedStatus(status []orchestrator.StateChange) []orchestrator.StateChange {
	stored := slices.Clone(status)
	for i := range stored {
		stored[i].At = milliseconds(stored[i].At)
	}
	return stored
}
