package badger

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// search looks for a page of jobs that pass filters, or that is in an order other than that by ID.
//
// Unfinished jobs are looked at in memory, all of them. Those that have ended are found in one of two
// ways, whichever takes fewer rows:
//   - Walking reads them in the order of the page and leaves out what does not pass, until the
//     page is full. If m of N rows pass, a page of p jobs takes p·N/m rows.
//   - Gathering reads all that pass the most selective filter, whatever their order, and keeps the
//     first of them. That takes at least m rows.
//
// So a page takes no more than about √(p·N) rows, whatever is asked for. All rows hold what is needed
// to tell whether the job passes: only the jobs on the page are read themselves.
//
// How many jobs pass is added up from the tallies, in memory, if the query is not for a node: then only
// the two spans that the range of times begins and ends in are counted. The jobs of a node are
// known from the last time that somebody asked for them, see members; with other filters beside, those
// that pass are counted one by one.
type search struct {
	q       orchestrator.JobQuery
	filter  classFilter
	ranged  bool  // there is a range of times
	from    int64 // its first millisecond
	to      int64 // the first millisecond behind it
	after   *listed
	expired func() error // returns an error once the call's context has ended

	sn      *snapshot
	classes []counted           // those that pass, in the order of the query
	numbers map[uint32]*counted // the same by their numbers
	ended   int                 // how many jobs have ended
	oldest  span                // before which none has
	last    orchestrator.JobID  // behind which no job passes, in the order by ID
	inRange int                 // how many of them ended in the range of times, or just before or after it
	live    []listed            // unfinished jobs on the page, or before it
	members []orchestrator.JobID
	total   int
}

// counted is a class of jobs that pass, and how many jobs it has.
type counted struct {
	class

	number uint32
	total  int
	whole  int // how many ended in spans that are wholly in the range of times
	about  int // how many ended in the range of times, or just before or after it

	low, high orchestrator.JobID // between which the IDs of those are
}

// listed is a job as it is ordered.
type listed struct {
	id   orchestrator.JobID
	text string
	time int64     // when its state changed, if it is ordered by that
	live *liveView // nil if it has ended
}

// search returns the page that a query asks for.
func (s *Store) search(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
	sr := newSearch(q, ctx.Err)
	if err := s.findAfter(sr); err != nil {
		return orchestrator.JobPage{}, err
	}
	sr.sn = s.snapshotWith(func() { sr.look(s.state) })
	defer sr.sn.release()
	found, err := sr.run()
	if err != nil {
		return orchestrator.JobPage{}, err
	}
	page := orchestrator.JobPage{Jobs: make([]orchestrator.Job, 0, len(found)), Total: sr.total}
	for i := range found {
		job, err := sr.read(&found[i])
		if err != nil {
			return orchestrator.JobPage{}, err
		}
		page.Jobs = append(page.Jobs, job)
	}
	return page, nil
}

func newSearch(q orchestrator.JobQuery, expired func() error) *search {
	sr := &search{
		q:       q,
		filter:  classFilter{command: q.Command, task: q.Task, state: q.State},
		ranged:  !q.FinishedFrom.IsZero() || !q.FinishedTo.IsZero(),
		from:    math.MinInt64,
		to:      math.MaxInt64,
		expired: expired,
		numbers: make(map[uint32]*counted),
	}
	if !q.FinishedFrom.IsZero() {
		sr.from = ceilMilli(q.FinishedFrom)
	}
	if !q.FinishedTo.IsZero() {
		sr.to = ceilMilli(q.FinishedTo.Add(time.Nanosecond))
	}
	return sr
}

// findAfter finds the place of the job that the page begins behind.
func (s *Store) findAfter(sr *search) error {
	switch {
	case sr.q.After == 0:
		return nil
	case sr.q.OrderBy == orchestrator.OrderByID:
		sr.after = &listed{id: sr.q.After}
		return nil
	}
	row, err := s.current(sr.q.After)
	if err != nil {
		return err
	}
	after := sr.listed(row.id, &class{row.view.asked, row.view.progress.State}, row.view.progress.Updated().UnixMilli())
	sr.after = &after
	return nil
}

func (sr *search) listed(id orchestrator.JobID, c *class, ms int64) listed {
	l := listed{id: id, text: c.text(sr.q.OrderBy)}
	if sr.q.OrderBy == orchestrator.OrderByTimestamp {
		l.time = ms
	}
	return l
}

// compare compares two jobs in the order of the page. No two are equal.
func (sr *search) compare(a, b listed) int {
	c := cmp.Or(strings.Compare(a.text, b.text), cmp.Compare(a.time, b.time), cmp.Compare(a.id, b.id))
	if sr.q.Descending {
		return -c
	}
	return c
}

// wanted reports whether a job is behind the one that the page begins behind.
func (sr *search) wanted(l listed) bool { return sr.after == nil || sr.compare(l, *sr.after) > 0 }

// first returns how many jobs are left out and shown together.
func (sr *search) first() int {
	if sr.q.Limit == 0 || sr.q.Limit > math.MaxInt-sr.q.Offset {
		return math.MaxInt
	}
	return sr.q.Offset + sr.q.Limit
}

// look reads the state. The caller holds st.mu.
func (sr *search) look(st *state) {
	for _, t := range st.tallies.classes {
		sr.lookAt(t)
	}
	if sr.ranged {
		return
	}
	first := best[listed]{limit: sr.first(), compare: sr.compare}
	if sr.q.Node != "" {
		first.limit = math.MaxInt // it is not known yet which have the node
	}
	for _, j := range st.jobs {
		if !sr.filter.passes(&j.asked, j.progress.State) {
			continue
		}
		sr.total++
		l := sr.listed(j.id, &class{j.asked, j.progress.State}, j.progress.Updated().UnixMilli())
		if sr.q.Node != "" || sr.wanted(l) && first.wants(l) {
			l.live = new(j.view())
			first.add(l)
		}
	}
	sr.live = first.sorted()
}

func (sr *search) lookAt(t *tally) {
	whole, about := t.total, spanCount{count: t.total, high: math.MaxInt64}
	if sr.ranged {
		whole, about = t.between(sr.firstWhole(), spanOf(sr.to)).count, t.between(spanOf(sr.from), spanOf(sr.to)+1)
	}
	if sr.ended == 0 || t.spans[0].span < sr.oldest {
		sr.oldest = t.spans[0].span
	}
	sr.ended += t.total
	sr.inRange += about.count
	if about.count > 0 && sr.filter.passes(&t.asked, t.state) {
		sr.classes = append(sr.classes, counted{class: t.class, number: t.number, total: t.total, whole: whole, about: about.count, low: about.low, high: about.high})
	}
}

// firstWhole returns the first span that does not begin before the range of times.
func (sr *search) firstWhole() span {
	s := spanOf(sr.from)
	if s.start() < sr.from {
		s++
	}
	return s
}

// sortClasses puts the classes in the order of the query.
func (sr *search) sortClasses() {
	slices.SortFunc(sr.classes, func(a, b counted) int {
		c := strings.Compare(a.text(sr.q.OrderBy), b.text(sr.q.OrderBy))
		if sr.q.Descending {
			return -c
		}
		return c
	})
	for i := range sr.classes {
		sr.numbers[sr.classes[i].number] = &sr.classes[i]
	}
}

// run returns the jobs on the page.
func (sr *search) run() ([]listed, error) {
	sr.sortClasses()
	if sr.q.Node != "" {
		if err := sr.findMembers(); err != nil {
			return nil, err
		}
	}
	if sr.q.Node == "" || !sr.filtered() {
		if err := sr.count(); err != nil {
			return nil, err
		}
		if sr.q.Offset >= sr.total {
			return nil, nil
		}
		if walk, gather := sr.costs(); walk <= gather {
			return sr.walk()
		}
	}
	if sr.q.Node != "" && sr.q.OrderBy == orchestrator.OrderByID && !sr.filtered() {
		return sr.walkMembers(), nil
	}
	return sr.gather()
}

// filtered reports whether there are filters beside that for a node.
func (sr *search) filtered() bool { return sr.ranged || sr.filter != classFilter{} }

// count makes the total complete, of a query that is for a node or for something else.
func (sr *search) count() error {
	if sr.q.Node != "" {
		sr.total = len(sr.members)
		return nil
	}
	for i := range sr.classes {
		sr.total += sr.classes[i].whole
	}
	if !sr.ranged {
		return nil
	}
	one := func(listed) bool {
		sr.total++
		return true
	}
	first := sr.firstWhole().start()
	if err := sr.byTime(sr.from, min(first, sr.to), one); err != nil {
		return err
	}
	return sr.byTime(max(spanOf(sr.to).start(), first), sr.to, one)
}

// read reads a job that was found.
func (sr *search) read(l *listed) (orchestrator.Job, error) {
	if err := sr.expired(); err != nil {
		return orchestrator.Job{}, err
	}
	if job := sr.sn.s.state.keptJob(l.id); job != nil && (l.live != nil || job.State.Terminal()) {
		r := recentJob{job, l.live}
		return r.job(), nil
	}
	row, err := sr.sn.job(l.id)
	if err != nil {
		return orchestrator.Job{}, err
	}
	if l.live != nil {
		row.view, row.shared = *l.live, true
	}
	job, err := row.job()
	if err == nil {
		sr.sn.s.state.keep(sr.sn.removals, job)
	}
	return job, err
}
