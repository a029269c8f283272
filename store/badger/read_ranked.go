package badger

import (
	"cmp"
	"context"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// ranked reads the page in an order other than that by ID.
func (l *jobList) ranked(ctx context.Context) error {
	ids, err := l.rankedIDs(ctx)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(ids, pageRows) {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows, err := l.readIDs(part)
		if err != nil {
			return err
		}
		if err := l.add(rows); err != nil {
			return err
		}
	}
	return nil
}

func (l *jobList) readIDs(ids []orchestrator.JobID) ([]jobRow, error) {
	sn := l.s.snapshot()
	defer sn.release()
	rows := make([]jobRow, 0, len(ids))
	for _, id := range ids {
		row, err := sn.job(id)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// rankedIDs returns the IDs of the jobs on the page. It reads the rows of all jobs, and keeps a
// rank of each.
func (l *jobList) rankedIDs(ctx context.Context) ([]orchestrator.JobID, error) {
	ranks, err := l.ranks(ctx)
	if err != nil {
		return nil, err
	}
	l.page.Total = len(ranks)
	compare := rank.compare
	if l.q.Descending {
		compare = func(a, b rank) int { return b.compare(a) }
	}
	from := 0
	if l.q.After != 0 {
		i := slices.IndexFunc(ranks, func(r rank) bool { return r.id == l.q.After })
		if i < 0 {
			return nil, orchestrator.ErrNotFound
		}
		after := ranks[i]
		slices.SortFunc(ranks, compare)
		i, _ = slices.BinarySearchFunc(ranks, after, compare)
		from = i + 1
	} else {
		slices.SortFunc(ranks, compare)
	}
	ranks = ranks[from:]
	ranks = ranks[min(l.skip, len(ranks)):]
	ranks = ranks[:min(l.left, len(ranks))]
	ids := make([]orchestrator.JobID, len(ranks))
	for i, r := range ranks {
		ids[i] = r.id
	}
	return ids, nil
}

// rank is the place of a job in an order.
type rank struct {
	text   string
	number int64
	id     orchestrator.JobID
}

func (r rank) compare(other rank) int {
	return cmp.Or(cmp.Compare(r.text, other.text), cmp.Compare(r.number, other.number), cmp.Compare(r.id, other.id))
}

// ranks returns the ranks of all jobs.
func (l *jobList) ranks(ctx context.Context) ([]rank, error) {
	var ranks []rank
	texts := make(map[string]string)
	for from := jobKey(1); from != nil; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows, err := l.readRanked(from)
		if err != nil {
			return nil, err
		}
		if err := l.s.bringUpToDate(rows); err != nil {
			return nil, err
		}
		for i := range rows {
			r := rankOf(&rows[i], l.q.OrderBy)
			r.text = shared(texts, r.text)
			ranks = append(ranks, r)
		}
		from = nil
		if len(rows) == pageRows {
			from = jobKey(rows[len(rows)-1].id + 1)
		}
	}
	return ranks, nil
}

// readRanked reads a part of the rows of all jobs, without their specs.
func (l *jobList) readRanked(from []byte) ([]jobRow, error) {
	sn := l.s.snapshot()
	defer sn.release()
	rows := make([]jobRow, 0, pageRows)
	err := sn.iterate([]byte{kindJob}, from, false, func(item *badgerdb.Item) (bool, error) {
		row, err := sn.jobOf(item)
		if err != nil {
			return false, err
		}
		rows = append(rows, row)
		return len(rows) < pageRows, nil
	})
	return rows, err
}

func rankOf(row *jobRow, order orchestrator.JobOrder) rank {
	r := rank{id: row.id}
	switch order {
	case orchestrator.OrderByOwner:
		r.text = row.tail.login
	case orchestrator.OrderByEnvironment:
		r.text = row.tail.environment
	case orchestrator.OrderByState:
		r.text = string(row.view.progress.State)
	case orchestrator.OrderByTimestamp:
		r.number = row.view.progress.Updated().UnixMilli()
	}
	return r
}

// shared returns a text equal to s, the same for all equal ones.
func shared(texts map[string]string, s string) string {
	if t, ok := texts[s]; ok {
		return t
	}
	texts[s] = s
	return s
}
