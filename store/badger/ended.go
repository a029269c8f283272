package badger

import (
	"github.com/seed-54b7607b/orchestrator"
)

// A job that has ended is listed in two rows: in one together with others of its class, in the order of their
// IDs, and in one of its own, in the order in which jobs ended. Both hold what the other is ordered by.

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

// listing is how a job comes to be listed, or not to be any more.
type listing struct {
	ended

	class *pending
	chunk endedChunk
	set   *endedSet
	rows  []row
}

// list returns how a job is listed from now on. Once its rows are in the group, listed is to be called.
func (g *group) list(e *ended) (*listing, error) {
	l, err := g.listing(e)
	if err != nil {
		return nil, err
	}
	l.rows = []row{{timeKey(e.at, e.id), encodeNumber(uint64(l.class.number))}}
	if l.class.total == 0 {
		l.rows = append(l.rows, row{classKey(l.class.number), encodeClass(&l.ended.class)})
	}
	return l, nil
}

// unlist is list for a job that is not listed any more.
func (g *group) unlist(e *ended) (*listing, error) {
	l, err := g.listing(e)
	if err != nil {
		return nil, err
	}
	l.rows = []row{{key: timeKey(e.at, e.id)}}
	if l.class.total == 1 {
		l.rows = append(l.rows, row{key: classKey(l.class.number)})
	}
	return l, nil
}

func (g *group) listing(e *ended) (*listing, error) {
	l := &listing{ended: *e, class: g.pending(e.class)}
	l.chunk = endedChunk{l.class.number, chunkOf(e.id)}
	var err error
	l.set, err = g.endedIn(l.chunk)
	return l, err
}

// listed notes what of a listing is in rows of the group as a whole.
func (g *group) listed(l *listing) { g.change(l, 1) }

// unlisted is listed for a job that is not listed any more.
func (g *group) unlisted(l *listing) { g.change(l, -1) }

func (g *group) change(l *listing, n int) {
	g.count(l.class, &l.ended, n)
	l.set.set(&l.ended, n > 0)
	g.ended[l.chunk] = l.set
}
