package differtest_test

import (
	"fmt"
	"iter"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// ask asks some of everything that can be asked.
func (p *pair) ask() {
	for range 4 {
		p.askJob(p.id())
		p.askJobs(p.jobQuery())
		p.askJobs(p.jobQuery())
		id := p.id()
		p.askNodes(id, p.nodeQuery(id))
		p.askNodes(id, p.nodeQuery(id))
	}
	p.askEvents(p.id())
	p.askFeed()
}

// id returns the ID of a job, most often of one of the latest.
func (p *pair) id() orchestrator.JobID {
	if n := len(p.jobs); n > 0 && !p.chance(8) {
		return p.jobs[n-1-p.r.IntN(min(n, 12))].id
	}
	return orchestrator.JobID(p.r.IntN(len(p.jobs) + 3))
}

func (p *pair) askJob(id orchestrator.JobID) {
	p.t.Helper()
	_, _ = same(p, fmt.Sprintf("Job(%d)", id), func(s orchestrator.Store) (orchestrator.Job, error) {
		return s.Job(p.context(), id)
	})
}

func (p *pair) askJobs(q orchestrator.JobQuery) {
	p.t.Helper()
	_, _ = same(p, fmt.Sprintf("Jobs(%+v)", q), func(s orchestrator.Store) (orchestrator.JobPage, error) {
		page, err := s.Jobs(p.context(), q)
		page.Jobs = slices.Concat(page.Jobs) // nil if there are none
		return page, err
	})
}

func (p *pair) jobQuery() orchestrator.JobQuery {
	q := orchestrator.JobQuery{Descending: p.chance(2), Borrow: p.chance(2)}
	if p.chance(2) {
		p.filter(&q)
	}
	if p.chance(3) {
		q.After = pick(p, p.id(), p.id(), p.id(), -3, 1<<62)
	}
	if p.chance(3) {
		q.Offset = p.r.IntN(10)
	}
	if !p.chance(3) {
		q.Limit = 1 + p.r.IntN(20)
	}
	return q
}

func (p *pair) filter(q *orchestrator.JobQuery) {
	q.OrderBy = pick(p, orchestrator.OrderByID, orchestrator.OrderByOwner, orchestrator.OrderByTimestamp, orchestrator.OrderByEnvironment, orchestrator.OrderByState)
	if p.chance(3) {
		q.Command = pick(p, orchestrator.CommandDeploy, orchestrator.CommandTask)
	}
	if p.chance(4) {
		q.Task = pick(p, "p", "re", "service", "none")
	}
	if p.chance(3) {
		q.State = pick(p, orchestrator.JobStates()...)
	}
	if p.chance(2) {
		q.Node = fmt.Sprintf("n%04d.%d", p.r.IntN(pick(p, 3, 300, 1600)), p.r.IntN(3))
	}
	if p.chance(4) {
		q.FinishedFrom = at(p.r.IntN(100))
	}
	if p.chance(4) {
		q.FinishedTo = at(p.r.IntN(100))
	}
}

// askNodes reads all that is asked for, or stops early.
func (p *pair) askNodes(id orchestrator.JobID, q orchestrator.NodeQuery) {
	p.t.Helper()
	most := 0
	if p.chance(5) {
		most = 1 + p.r.IntN(20)
	}
	_, _ = same(p, fmt.Sprintf("Nodes(%d, %+v)", id, q), func(s orchestrator.Store) ([]orchestrator.Node, error) {
		return first(most, s.Nodes(p.context(), id, q), (*orchestrator.Node).Clone)
	})
}

func (p *pair) nodeQuery(id orchestrator.JobID) orchestrator.NodeQuery {
	nodes := 300
	for _, w := range p.jobs {
		if w.id == id {
			nodes = len(w.nodes) + 3
		}
	}
	q := orchestrator.NodeQuery{
		OrderBy: pick(p, orchestrator.NodesByIndex, orchestrator.NodesByIndex, orchestrator.NodesByIndex, orchestrator.NodesByName, orchestrator.NodesByDuration, orchestrator.NodesByState,
			orchestrator.NodesByStarted, orchestrator.NodesByFinished),
		Descending: p.chance(2), Brief: p.chance(3), Borrow: p.chance(2),
	}
	if p.chance(2) {
		q.State = pick(p, orchestrator.NodeStates()...)
	}
	if p.chance(4) {
		q.From = p.r.IntN(nodes) - 1
	}
	if p.chance(2) {
		q.Offset = p.r.IntN(nodes)
	}
	if !p.chance(3) {
		q.Limit = 1 + p.r.IntN(pick(p, 3, 30, nodes))
	}
	return q
}

func (p *pair) askEvents(id orchestrator.JobID) {
	p.t.Helper()
	from := orchestrator.EventID(p.r.IntN(pick(p, 1, 1500)))
	_, _ = same(p, fmt.Sprintf("Events(%d, %d)", id, from), func(s orchestrator.Store) ([]orchestrator.Event, error) {
		return first(0, s.Events(p.context(), id, from), (*orchestrator.Event).Clone)
	})
}

func (p *pair) askFeed() {
	p.t.Helper()
	end, _ := same(p, "FeedEnd", func(s orchestrator.Store) (orchestrator.Position, error) {
		return s.(orchestrator.Feeder).FeedEnd(p.context())
	})
	from, most := orchestrator.Position(p.r.Int64N(int64(end)+2)), pick(p, 10, 500, 3000)
	_, _ = same(p, fmt.Sprintf("Feed(%d)", from), func(s orchestrator.Store) ([]orchestrator.FeedEvent, error) {
		return first(most, s.(orchestrator.Feeder).Feed(p.context(), from), func(e *orchestrator.FeedEvent) orchestrator.FeedEvent { return *e })
	})
}

// first returns clones of the first values, at most so many; all if most is 0.
func first[T any](most int, seq iter.Seq2[T, error], clone func(*T) T) ([]T, error) {
	var values []T
	for v, err := range seq {
		if err != nil {
			return values, err
		}
		if values = append(values, clone(&v)); len(values) == most {
			break
		}
	}
	return values, nil
}
