package badger

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// partSize is how much of a job's nodes is written at once, so that the commits of other jobs
// that arrive meanwhile do not wait for long.
const partSize = 256 << 10

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
	c, err := newCreation(s.serial.Add(1), &job, nodes)
	if err != nil {
		return orchestrator.Job{}, err
	}
	staged, err := s.stageParts(ctx, c)
	if err == nil {
		err = s.writer.do(ctx, c)
	}
	if err != nil {
		if staged {
			s.background.Go(func() { s.sweep([]uint64{c.view.set}) })
		}
		return orchestrator.Job{}, err
	}
	c.view.progress = c.view.progress.Clone()
	return assemble(c.id, &c.view, &c.tail, c.spec)
}

// stageParts writes all parts but the last, which it leaves to the creation itself, and reports
// whether it has written, or tried to. The first part has a row that says that the set belongs to
// no job.
func (s *Store) stageParts(ctx context.Context, c *creation) (staged bool, err error) {
	for r := range c.setRows() {
		if costOf(c.last) >= partSize {
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

// creation is the op that makes a job.
type creation struct {
	view  liveView
	names []string
	tail  tail
	spec  []byte             // encoded
	value []byte             // of the job's row
	last  []row              // of the set: what is not written yet
	id    orchestrator.JobID // set once it is staged
}

func newCreation(set uint64, job *orchestrator.Job, nodes []string) (*creation, error) {
	c := &creation{
		view: liveView{
			place: place{set: set, nodes: len(nodes)},
			progress: orchestrator.Progress{
				State:  job.State,
				Status: storedStatus(job.Status),
				Counts: orchestrator.NodeCounts{New: len(nodes)},
			},
		},
		names: nodes,
		tail:  tail{environment: job.Environment, login: job.Owner.Login},
		spec:  encodeSpec(&job.JobSpec),
	}
	if len(c.spec) <= maxInlineSpec {
		c.tail.spec = c.spec
	}
	var err error
	c.value, err = encodeJob(&c.view, c.tail.encode())
	return c, err
}

// setRows returns the rows that belong to the job's set.
func (c *creation) setRows() iter.Seq[row] {
	return func(yield func(row) bool) {
		if c.tail.spec == nil && !yieldAll(appendRow(nil, specKey(c.view.set), c.spec), yield) {
			return
		}
		chunk := 0
		for names := range slices.Chunk(c.names, namesPerChunk) {
			if !yieldAll(appendRow(nil, namesKey(c.view.set, chunk), encodeNames(names)), yield) {
				return
			}
			chunk++
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

func (c *creation) stage(g *group) error {
	next := counters{last: g.counters.last + 1, total: g.counters.total + 1}
	rows := slices.Clone(c.last)
	rows = append(rows, row{metaKey(metaCounters), encodeCounters(next)})
	rows = appendRow(rows, jobKey(next.last), c.value)
	if !c.view.progress.State.Terminal() {
		rows = append(rows, row{liveKey(next.last), encodeLive(&c.view)})
	}
	if err := g.put(rows); err != nil {
		return err
	}
	g.counters, c.id = next, next.last
	g.jobs[c.id] = c.view
	return nil
}

func (c *creation) apply(st *state) error {
	if !c.view.progress.State.Terminal() {
		st.add(c.id, c.view, true)
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
