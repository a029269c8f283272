package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

func TestAfter(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	a.manyJobs(6)
	a.task("t", "node")
	for _, test := range []struct {
		query string
		want  string
		next  any
	}{
		{"", "7 6 5 4 3 2 1", nil},
		{"after=0", "7 6 5 4 3 2 1", nil},
		{"after=7", "6 5 4 3 2 1", nil},
		{"limit=3", "7 6 5", "5"},
		{"limit=3&after=5", "4 3 2", "2"},
		{"limit=3&after=2", "1", nil},
		{"limit=1&after=2", "1", nil},
		{"limit=3&after=1", "", nil},
		{"after=99", "7 6 5 4 3 2 1", nil},
		{"after=9223372036854775807&limit=7", "7 6 5 4 3 2 1", nil},
		{"order=asc&limit=3", "1 2 3", "3"},
		{"order=asc&after=3&limit=3", "4 5 6", "6"},
		{"order=asc&after=6&limit=3&order_by=name", "7", nil},
		{"order=asc&after=7&limit=3", "", nil},
		{"order=asc&after=99", "", nil},
		{"order=asc&after=9223372036854775807", "", nil},
		{"order=asc&after=0&limit=1", "1", "1"},
		{"order=asc&after=2&offset=2&limit=2", "5 6", "6"},
		{"type=deploy&limit=2&after=7", "6 5", "5"},
		{"type=task&limit=1", "7", nil},
		{"limit=0", "", nil},
		{"limit=2&order_by=timestamp", "1 2", nil},
	} {
		list := a.get("/jobs?" + test.query)
		assert.Equal(t, test.want, names(t, list), test.query)
		assert.Equal(t, test.next, at(t, list, "pagination", "next"), test.query)
		total := json.Number("7")
		if strings.Contains(test.query, "type=deploy") {
			total = "6"
		} else if strings.Contains(test.query, "type=task") {
			total = "1"
		}
		assert.Equal(t, total, at(t, list, "pagination", "total"), test.query)
	}
}

func TestGoldenAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{idle: true})
		a.manyJobs(2)
		a.task("facts::collect", "node")
		a.task("facts", "node")
		a.golden("jobs-after", http.MethodGet, "/jobs?type=task&task=facts&order=asc&limit=1&after=2", "", http.StatusOK)
	})
}

// prunedStore is a store from which a test removes jobs.
type prunedStore struct {
	*memory.Store
	removed map[orchestrator.JobID]bool
}

func (s *prunedStore) Jobs(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
	limit, offset := q.Limit, q.Offset
	q.Limit, q.Offset = 0, 0
	page, err := s.Store.Jobs(ctx, q)
	if err != nil {
		return page, err
	}
	page.Total -= len(s.removed)
	page.Jobs = slices.DeleteFunc(page.Jobs, func(j orchestrator.Job) bool { return s.removed[j.ID] })
	page.Jobs = page.Jobs[min(offset, len(page.Jobs)):]
	if limit > 0 {
		page.Jobs = page.Jobs[:min(limit, len(page.Jobs))]
	}
	return page, nil
}

// Jobs arrive and are removed while a client pages, the last one that it saw among them. It
// sees each job that was there all the time exactly once, and none twice.
func TestCursorWhileJobsComeAndGo(t *testing.T) {
	for _, order := range []string{"asc", "desc"} {
		for _, may := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, all visible: %v", order, may), func(t *testing.T) {
				random := rand.New(rand.NewPCG(7, 11))
				store := &prunedStore{memory.New(), map[orchestrator.JobID]bool{}}
				a := newAPI(t, setup{store: store, idle: true, opts: seesAllOrOwn(may)})
				a.manyJobs(60)
				seen, after := map[string]int{}, ""
				for page := 0; ; page++ {
					require.Less(t, page, 60, "the walk does not end")
					list := a.get("/jobs?limit=5&order=" + order + after)
					for name := range strings.FieldsSeq(names(t, list)) {
						seen[name]++
					}
					next, more := at(t, list, "pagination", "next").(string)
					if !more {
						break
					}
					after = "&after=" + next
					last, err := strconv.Atoi(next)
					require.NoError(t, err)
					store.removed[orchestrator.JobID(last)] = true
					store.removed[orchestrator.JobID(1+random.IntN(60))] = true
					a.manyJobs(random.IntN(3))
				}
				for id := range orchestrator.JobID(60) {
					if name := (id + 1).String(); !store.removed[id+1] {
						assert.Equal(t, 1, seen[name], name)
					}
				}
				for name, times := range seen {
					assert.Equal(t, 1, times, name)
				}
			})
		}
	}
}

// An integration remembers the last id that it saw, and asks again later.
func TestCursorForNewJobs(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	last, seen := "0", []string(nil)
	poll := func() {
		for {
			list := a.get("/jobs?order=asc&limit=2&after=" + last)
			found := strings.Fields(names(t, list))
			seen = append(seen, found...)
			if len(found) > 0 {
				last = found[len(found)-1]
			}
			if at(t, list, "pagination", "next") == nil {
				return
			}
		}
	}
	poll()
	assert.Empty(t, seen)
	for _, n := range []int{1, 0, 4, 5} {
		a.manyJobs(n)
		poll()
	}
	assert.Equal(t, sequence(1, 10, 1), strings.Join(seen, " "))
}
