package differtest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// step does one thing.
func (p *pair) step() {
	switch n := p.r.IntN(40); {
	case n < 6:
		p.create()
	case n < 12:
		p.claim()
	case n < 28:
		p.commit(false)
	case n < 33:
		p.commit(true)
	case n < 35:
		p.stop()
	case n < 36:
		p.prune(at(p.r.IntN(60)))
	case n < 37:
		p.reopen()
	case n < 38:
		p.agree(p.badger.Settle(p.context()), nil, "Settle")
	}
}

func (p *pair) create() {
	names := make([]string, pick(p, 0, 1, 2, 3, 4, 5, 7, 100, 255, 256, 257, 512, 300+p.r.IntN(1200), 300+p.r.IntN(1200)))
	for i := range names {
		names[i] = fmt.Sprintf("n%04d.%d", i, p.r.IntN(3))
	}
	p.r.Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
	job := p.newJob(names)
	created, err := same(p, "CreateJob", func(s orchestrator.Store) (orchestrator.Job, error) {
		return s.CreateJob(p.context(), job, names)
	})
	p.notef("create %d with %d nodes: %v", created.ID, len(names), err)
	if err != nil {
		return
	}
	w := &work{id: created.ID, progress: created.Progress.Clone()}
	for i, name := range names {
		w.nodes = append(w.nodes, orchestrator.Node{Index: i, Name: name, State: orchestrator.NodeNew})
	}
	p.jobs = append(p.jobs, w)
}

func (p *pair) newJob(names []string) orchestrator.Job {
	var job orchestrator.Job
	job.Command, job.State = orchestrator.CommandDeploy, orchestrator.JobNew
	job.Status = []orchestrator.StateChange{{State: orchestrator.JobNew, At: at(p.r.IntN(40))}}
	job.Environment, job.Owner.Login = pick(p, "", "production", "dev"), pick(p, "brenda", "al", "zoe")
	if p.chance(2) {
		job.Command, job.Task.Name = orchestrator.CommandTask, pick(p, "package", "service::restart", "pkg")
	}
	if p.chance(4) {
		job.Userdata = p.object(pick(p, 100, 20_000, 70_000))
	}
	if p.chance(3) {
		job.Scope.Nodes = names[:min(len(names), 30)]
	}
	if p.chance(3) {
		job.Key = fmt.Sprint("key ", p.r.IntN(30))
	}
	return job
}

// object returns a JSON object of about n bytes.
func (p *pair) object(n int) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"n":%d,"text":%q}`, p.r.IntN(1000), strings.Repeat("x", n)))
}

func (p *pair) claim() {
	holder := uuid.New()
	lease, job, err := p.badger.Claim(p.context(), holder, time.Hour)
	other, want, wantErr := p.memory.Claim(p.context(), holder, time.Hour)
	p.notef("claim %d: %v", want.ID, wantErr)
	p.agree(err, wantErr, "Claim")
	for _, w := range p.jobs {
		if err == nil && w.id == job.ID && w.id == want.ID {
			w.holder, w.badger, w.memory, w.held = holder, lease, other, true
			return
		}
	}
	if err == nil {
		p.failf("Claim: got the job %d, want %d", job.ID, want.ID)
	}
}

// commit changes some nodes of a job that is held, and ends the job if it is to.
func (p *pair) commit(ends bool) {
	w := p.heldJob()
	if w == nil {
		return
	}
	b := p.batch(w, ends)
	p.notef("commit %d events to %d, which ends: %t", len(b.Events), w.id, ends)
	err := p.badger.Commit(p.context(), w.badger, b)
	p.agree(err, p.memory.Commit(p.context(), w.memory, b), "Commit")
	if err != nil {
		p.failf("Commit: %v", err)
	}
	w.progress, w.held = b.Progress, !ends
}

func (p *pair) heldJob() *work {
	var held []*work
	for _, w := range p.jobs {
		if w.held {
			held = append(held, w)
		}
	}
	if len(held) == 0 {
		return nil
	}
	return pick(p, held...)
}

func (p *pair) batch(w *work, ends bool) orchestrator.Batch {
	b := orchestrator.Batch{Progress: w.progress.Clone()}
	progress := &b.Progress
	if progress.State == orchestrator.JobNew && !p.chance(3) {
		progress.State = orchestrator.JobRunning
		progress.Status = append(progress.Status, orchestrator.StateChange{State: progress.State, At: at(p.r.IntN(40))})
	}
	if len(w.nodes) > 0 {
		from, random := p.r.IntN(len(w.nodes)), p.chance(2)
		for i := range pick(p, 1, 2, 10, 60, 300, 900) {
			index := (from + i) % len(w.nodes)
			if random {
				index = p.r.IntN(len(w.nodes))
			}
			p.change(&b, &w.nodes[index], pick(p, orchestrator.NodeStates()[1:]...))
		}
	}
	if ends {
		progress.LastEvent++
		progress.State = pick(p, orchestrator.JobFinished, orchestrator.JobFailed, orchestrator.JobStopped)
		progress.Status = append(progress.Status, orchestrator.StateChange{State: progress.State, At: at(p.r.IntN(100))})
		b.Events = append(b.Events, orchestrator.Event{
			ID: progress.LastEvent, Type: orchestrator.EventJobFinished, Time: at(p.r.IntN(100)), JobState: progress.State,
		})
	}
	return b
}

// change adds an event that brings a node into a state, unless it stays in the one it has.
func (p *pair) change(b *orchestrator.Batch, n *orchestrator.Node, state orchestrator.NodeState) {
	if n.State.Terminal() || len(b.Events) >= orchestrator.MaxBatchEvents-1 {
		return
	}
	progress, event := &b.Progress, orchestrator.EventNodeRunning
	*count(&progress.Counts, n.State)--
	*count(&progress.Counts, state)++
	progress.LastEvent++
	n.State, n.LatestEvent, n.Updated = state, progress.LastEvent, at(p.r.IntN(60))
	n.Message, n.Result = pick(p, "", "", "hello"), nil
	if n.Started.IsZero() && state != orchestrator.NodeSkipped {
		n.Started = at(p.r.IntN(60))
	}
	if state.Terminal() {
		event = orchestrator.EventNodeFinished
		n.Result = p.object(pick(p, 10, 60, 60, 300, 800))
		if p.chance(500) {
			n.Result = p.object(14_000 + p.r.IntN(30_000))
		}
		if !n.Started.IsZero() {
			n.Finished = n.Started.Add(time.Duration(p.r.IntN(20)) * time.Second)
		}
	}
	b.Events = append(b.Events, orchestrator.Event{ID: progress.LastEvent, Type: event, Time: n.Updated, Node: n.Clone()})
}

func count(c *orchestrator.NodeCounts, state orchestrator.NodeState) *int {
	return map[orchestrator.NodeState]*int{
		orchestrator.NodeNew: &c.New, orchestrator.NodeRunning: &c.Running, orchestrator.NodeFinished: &c.Finished,
		orchestrator.NodeFailed: &c.Failed, orchestrator.NodeErrored: &c.Errored, orchestrator.NodeSkipped: &c.Skipped,
	}[state]
}

func (p *pair) stop() {
	id, force := p.id(), p.chance(2)
	p.notef("stop %d", id)
	_, _ = same(p, "RequestStop", func(s orchestrator.Store) (orchestrator.Job, error) {
		return s.RequestStop(p.context(), id, force)
	})
}

func (p *pair) prune(before time.Time) {
	p.notef("prune")
	for _, s := range []orchestrator.Pruner{p.badger, p.memory} {
		for n := 1; n > 0; {
			var err error
			if n, err = s.PruneJobs(p.context(), before); err != nil {
				p.failf("PruneJobs: %v", err)
			}
		}
	}
}

// reopen closes the store that can be opened again. What was held is free then.
func (p *pair) reopen() {
	p.notef("reopen")
	p.agree(p.badger.Close(), nil, "Close")
	p.open()
	for _, w := range p.jobs {
		if w.held {
			w.held = false
			_, err := p.memory.Renew(p.context(), w.holder, 0)
			p.agree(nil, err, "Renew")
		}
	}
}
