package badger

import (
	"context"
	"math"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// The greatest part of a list that is read from one snapshot.
const (
	pageRows  = 256
	pageBytes = 256 << 10
)

// Jobs returns a page of all jobs. Its cost depends on the length of the page, and a little on the
// offset; with filters or in an order other than that by ID also on the number of unfinished jobs,
// which are looked at in memory. See search for what filters cost.
func (s *Store) Jobs(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
	if err := s.state.begin(ctx); err != nil {
		return orchestrator.JobPage{}, err
	}
	defer s.state.end()

	if err := checkQuery(q); err != nil {
		return orchestrator.JobPage{}, err
	}
	if !plainQuery(q) {
		return s.search(ctx, q)
	}
	l := &jobList{s: s, q: q, skip: q.Offset, left: q.Limit}
	if q.Limit == 0 {
		l.left = math.MaxInt
	}
	if err := l.byID(ctx); err != nil {
		return orchestrator.JobPage{}, err
	}
	return l.page, nil
}

// plainQuery reports whether a query asks for all jobs in the order by ID.
func plainQuery(q orchestrator.JobQuery) bool {
	return q.OrderBy == orchestrator.OrderByID && q.Command == "" && q.Task == "" && q.State == "" && q.Node == "" &&
		q.FinishedFrom.IsZero() && q.FinishedTo.IsZero()
}

func checkQuery(q orchestrator.JobQuery) error {
	switch q.OrderBy {
	case orchestrator.OrderByID, orchestrator.OrderByOwner, orchestrator.OrderByTimestamp,
		orchestrator.OrderByEnvironment, orchestrator.OrderByState:
		return checkPage(q.Offset, q.Limit)
	default:
		return invalid("OrderBy", string(q.OrderBy), "must be an order of jobs")
	}
}

func checkPage(offset, limit int) error {
	const negative = "must not be negative"
	switch {
	case offset < 0:
		return invalid("Offset", offset, negative)
	case limit < 0:
		return invalid("Limit", limit, negative)
	default:
		return nil
	}
}

// jobList is a page of all jobs, in the order by ID, being read.
type jobList struct {
	s    *Store
	q    orchestrator.JobQuery
	skip int // how many jobs are still to be left out
	left int // how many jobs the page can still take
	page orchestrator.JobPage

	removals uint64 // how often jobs had been removed when the reading began
}

// byID reads the page in the order by ID.
func (l *jobList) byID(ctx context.Context) error {
	for from := l.recent(); from != nil && l.left > 0; {
		rows, next, err := l.readByID(ctx, from)
		if err != nil {
			return err
		}
		if err := l.add(rows); err != nil {
			return err
		}
		from = next
	}
	return nil
}

// recent takes jobs from the beginning of the page as long as they need not be read, and returns the key
// from which to go on, nil if there are no more jobs. IDs have no gaps but where jobs were removed.
func (l *jobList) recent() []byte {
	jobs, next := l.s.state.recentPage(l)
	l.page.Jobs = make([]orchestrator.Job, 0, len(jobs))
	for i := range jobs {
		if l.q.Borrow {
			l.page.Jobs = append(l.page.Jobs, jobs[i].lend())
		} else {
			l.page.Jobs = append(l.page.Jobs, jobs[i].job())
		}
	}
	if next == 0 {
		return nil
	}
	return jobKey(next)
}

// recentPage looks for the jobs of recent, and returns the ID from which to go on, 0 if there are no
// more jobs.
func (st *state) recentPage(l *jobList) (jobs []recentJob, next orchestrator.JobID) {
	st.mu.Lock()
	defer st.mu.Unlock()
	l.page.Total, l.removals = st.total, st.removals
	step := orchestrator.JobID(1)
	switch {
	case !l.q.Descending:
		next = max(l.q.After, 0) + 1
	case l.q.After == 0:
		step, next = -1, st.counters.job
	default:
		step, next = -1, min(max(l.q.After, 1)-1, st.counters.job)
	}
	for l.skip == 0 && l.left > 0 && len(jobs) < pageRows {
		job, ok := st.recent(next)
		if !ok {
			break
		}
		jobs = append(jobs, job)
		l.left--
		next += step
	}
	if next > st.counters.job {
		next = 0
	}
	return jobs, next
}

// readByID reads a part of the page, from a key on, and returns the key from which to go on, nil
// if there are no more jobs.
func (l *jobList) readByID(ctx context.Context, from []byte) (rows []jobRow, next []byte, err error) {
	sn := l.s.snapshot()
	defer sn.release()
	l.page.Total = sn.total
	rows = make([]jobRow, 0, min(l.left, pageRows, l.page.Total))
	var bytes int64
	err = sn.iterate([]byte{kindJob}, from, l.q.Descending, func(item *badgerdb.Item) (bool, error) {
		if l.skip > 0 {
			l.skip--
			return true, ctx.Err()
		}
		row, err := sn.jobOf(item)
		if err == nil {
			err = sn.readSpec(&row)
		}
		if err != nil {
			return false, err
		}
		rows = append(rows, row)
		bytes += item.EstimatedSize()
		if l.left--; l.left > 0 && len(rows) < pageRows && bytes < pageBytes {
			return true, ctx.Err()
		}
		next = l.behind(row.id)
		return false, nil
	})
	return rows, next, err
}

func (l *jobList) behind(id orchestrator.JobID) []byte {
	if l.q.Descending {
		return jobKey(id - 1)
	}
	return jobKey(id + 1)
}

// add makes jobs of rows and adds them to the page.
func (l *jobList) add(rows []jobRow) error {
	if err := l.s.bringUpToDate(rows); err != nil {
		return err
	}
	l.page.Jobs = slices.Grow(l.page.Jobs, len(rows))
	for i := range rows {
		job, err := rows[i].job()
		if err != nil {
			return err
		}
		l.page.Jobs = append(l.page.Jobs, job)
	}
	if l.q.Limit > 0 && l.q.Limit <= pageRows { // otherwise it is no page, but somebody reading all
		l.s.state.keep(l.removals, l.page.Jobs[len(l.page.Jobs)-len(rows):]...)
	}
	return nil
}

// bringUpToDate makes rows that were read a moment ago as the jobs are now.
func (s *Store) bringUpToDate(rows []jobRow) error {
	for _, i := range s.state.bringUpToDate(rows) {
		row, err := s.current(rows[i].id)
		if err != nil {
			return err
		}
		rows[i] = row
	}
	return nil
}

// bringUpToDate makes the rows of unfinished jobs as the jobs are now, and returns the places of
// those that have ended since they were read.
func (st *state) bringUpToDate(rows []jobRow) (ended []int) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for i := range rows {
		row := &rows[i]
		if row.view.progress.State.Terminal() {
			continue
		}
		if v, ok := st.view(row.id); ok {
			row.view, row.shared = v, true
		} else {
			ended = append(ended, i)
		}
	}
	return ended
}
