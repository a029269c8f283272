package badger

import (
	"github.com/seed-54b7607b/orchestrator"
)

// A job that has ended has two rows by which it is listed: one in the order by ID among those of its
// class, and one in the order in which jobs ended. Both hold what the other is ordered by. They are
// written once, when the job ends, and deleted when it is removed.

// ended is a job that has ended, as it is listed.
type ended struct {
	id    orchestrator.JobID
	class class
	at    int64 // when it ended, in milliseconds
}

// endedOf returns how a job is listed whose view is in a terminal state.
func endedOf(id orchestrator.JobID, v *liveView) ended {
	return ended{id: id, class: class{v.asked, v.progress.State}, at: v.progress.Finished().UnixMilli()}
}

// pending is a class as a group leaves it.
type pending struct {
	number uint32
	was    *tally // nil if there was no such class
	total  int
	spans  map[span]spanCount // the spans that the group changes
}

// pending returns a class as the group leaves it so far.
func (g *group) pending(c class) *pending {
	p := g.classes[c]
	if p != nil {
		return p
	}
	p = &pending{spans: make(map[span]spanCount), was: g.s.state.tally(c)}
	if p.was != nil {
		p.number, p.total = p.was.number, p.was.total
	} else {
		p.number = g.next
		g.next++
	}
	g.classes[c] = p
	return p
}

// tally returns the tally of a class, nil if there is none. It is changed by the writer alone, who
// calls this.
func (st *state) tally(c class) *tally {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.tallies.classes[c]
}

// in returns the count of a span.
func (p *pending) in(s span) spanCount {
	if c, ok := p.spans[s]; ok {
		return c
	}
	if p.was == nil {
		return spanCount{span: s}
	}
	return p.was.in(s)
}

// count notes that there is one job more of a class, n is 1, or one fewer, n is -1.
func (g *group) count(p *pending, e *ended, n int) {
	c := p.in(spanOf(e.at))
	if n > 0 {
		c = c.with(e.id)
	} else {
		c.count--
	}
	before := len(p.spans)
	p.spans[c.span] = c
	g.spans += len(p.spans) - before
	p.total += n
}

// tallyRows returns the rows of the counts that the group changes.
func (g *group) tallyRows() []row {
	rows := make([]row, 0, g.spans)
	for _, p := range g.classes {
		for s, c := range p.spans {
			r := row{key: tallyKey(p.number, s)}
			if c.count > 0 {
				r.value = encodeTally(c)
			}
			rows = append(rows, r)
		}
	}
	return rows
}

func (p *pending) publish(c class, ts *tallies) {
	for _, count := range p.spans {
		ts.set(c, p.number, count)
	}
}

// list returns the rows by which a job is listed from now on, and the class that it is to be added to
// when they are.
func (g *group) list(e *ended) (*pending, []row) {
	p := g.pending(e.class)
	rows := []row{
		{endedKey(p.number, e.id), encodeSigned(e.at)},
		{timeKey(e.at, e.id), encodeNumber(uint64(p.number))},
	}
	if p.total == 0 {
		rows = append(rows, row{classKey(p.number), encodeClass(&e.class)})
	}
	return p, rows
}

// unlist returns the rows that make a job not listed any more, and the class that it is to be taken
// from when they are written.
func (g *group) unlist(e *ended) (*pending, []row) {
	p := g.pending(e.class)
	rows := []row{{key: endedKey(p.number, e.id)}, {key: timeKey(e.at, e.id)}}
	if p.total == 1 {
		rows = append(rows, row{key: classKey(p.number)})
	}
	return p, rows
}
