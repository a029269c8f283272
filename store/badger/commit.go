package badger

import (
	"context"

	"github.com/seed-54b7607b/orchestrator"
)

// Commit writes a batch to the job of a lease.
func (s *Store) Commit(ctx context.Context, lease orchestrator.Lease, b orchestrator.Batch) error {
	if err := s.state.begin(ctx); err != nil {
		return err
	}
	defer s.state.end()

	v, ok := s.state.live(lease.Job)
	if !ok {
		return orchestrator.ErrLeaseLost
	}
	c := &commit{lease: lease, events: b.Events}
	c.progress = b.Progress
	c.progress.Status = storedStatus(b.Progress.Status)
	c.encode(&v)
	return s.writer.do(ctx, c)
}

// commit is the op that writes a batch. What does not depend on the state of the job is encoded
// by the caller of Commit, beside the writer.
type commit struct {
	lease    orchestrator.Lease
	progress orchestrator.Progress
	events   []orchestrator.Event  // read while the caller of Commit waits
	heads    newHeads              // of the events' nodes
	rows     []eventsRow           // the events, encoded
	ends     []byte                // of the row of the job, if that ends and its tail is known
	stop     orchestrator.StopMode // what the job in that row was asked
	err      error                 // why the events cannot be encoded
	after    liveView              // the job, once it is staged
}

// encode makes the rows of the events and, unless the job is small, the heads of their nodes; and the row of
// the job as it is going to be if nobody asks it to stop meanwhile.
func (c *commit) encode(before *liveView) {
	if len(c.events) > 0 {
		if !before.small() {
			c.heads = headsAfter(c.events, before.place)
		}
		c.rows, c.err = encodeEvents(&c.progress, c.events)
	}
	if c.err == nil && c.progress.State.Terminal() && before.tail != nil {
		after := *before
		after.progress, c.stop = c.progress, before.stop
		c.ends, c.err = encodeJob(&after, before.tail)
	}
}

func (c *commit) stage(g *group) error {
	before, ok := g.job(c.lease.Job)
	if !ok || !g.s.state.write(c.lease) {
		return orchestrator.ErrLeaseLost
	}
	if err := c.check(&before); err != nil {
		return err
	}
	after := before
	after.progress = c.progress
	rows, err := c.jobRows(g, &after)
	if err != nil {
		return err
	}
	var ends *listing
	if after.progress.State.Terminal() {
		end := endedOf(c.lease.Job, &after)
		if ends, err = g.list(&end); err != nil {
			return err
		}
		rows = append(append(rows, ends.rows...), unsettledRows(c.lease.Job, after.place)...)
	}
	heads, err := c.heads.rows(g, after.place)
	if err != nil {
		return err
	}
	position := g.counters.position + orchestrator.Position(len(c.events))
	for _, events := range c.rows {
		rows = appendRow(rows, eventsKey(c.lease.Job, events.last, position), events.value)
	}
	if err := g.put(append(rows, heads...)); err != nil {
		return err
	}
	if ends != nil {
		g.listed(ends)
		g.setUnfinished(c.lease.Job, false)
	}
	if len(c.events) > 0 {
		g.counters.position = position
		g.feed = append(g.feed, fed{c.lease.Job, after.progress.LastEvent, len(c.events)})
	}
	c.after, g.jobs[c.lease.Job] = after, &c.after
	return nil
}

// check returns an error if the batch cannot follow what the job has.
func (c *commit) check(before *liveView) error {
	if c.err != nil {
		return c.err
	}
	last := before.progress.LastEvent
	for i := range c.events {
		ev := &c.events[i]
		last++
		if ev.ID != last {
			return invalid("Events.ID", ev.ID, "must number the events on, without gaps")
		}
		if index := ev.Node.Index; !ofJob(ev) && (index < 0 || index >= before.nodes) {
			return invalid("Events.Node.Index", index, "must be that of a node of the job")
		}
	}
	if c.progress.LastEvent != last {
		return invalid("Progress.LastEvent", c.progress.LastEvent, "must be the last event")
	}
	return nil
}

// jobRows returns the rows of the job itself. Its own row is not written again before it ends, so that
// lists do not have to find their way through old versions of it.
func (c *commit) jobRows(g *group, after *liveView) ([]row, error) {
	id := c.lease.Job
	if !after.progress.State.Terminal() {
		if len(c.events) > 0 {
			return nil, nil // their row says it
		}
		return liveRows(id, after)
	}
	value := c.ends
	if value == nil || c.stop != after.stop {
		var err error
		if value, err = g.jobRow(id, after); err != nil {
			return nil, err
		}
	}
	rows := appendRow(make([]row, 0, 8), jobKey(id), value)
	if after.noted {
		rows = append(rows, row{key: liveKey(id)})
	}
	return rows, nil
}

// liveRows returns the row for what has changed of a job without an event.
func liveRows(id orchestrator.JobID, after *liveView) ([]row, error) {
	value, err := encodeLive(after)
	after.noted = true
	return []row{{liveKey(id), value}}, err
}

// jobRow returns the value of the row of a job that ends.
func (g *group) jobRow(id orchestrator.JobID, after *liveView) ([]byte, error) {
	key, tail := jobKey(id), after.tail
	if tail == nil {
		old, err := get(g.txn, key)
		if err != nil {
			return nil, err
		}
		if old == nil {
			return nil, corrupt(key, errMissing)
		}
		_, d := decodeJob(old)
		if d.err != nil {
			return nil, corrupt(key, d.err)
		}
		tail = d.b
	}
	return encodeJob(after, tail)
}

func (c *commit) apply(st *state) error {
	j := st.jobs[c.lease.Job]
	st.noteNodes(j, c.events)
	st.set(j, c.after)
	return nil
}
