package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// names returns the names of the jobs of a list, one after the other.
func names(t testing.TB, list any) string {
	t.Helper()
	var names []string
	for _, job := range items(t, list) {
		names = append(names, job["name"].(string))
	}
	return strings.Join(names, " ")
}

func TestJobsOrders(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	for i := range 11 {
		_, err := a.o.Deploy(t.Context(), orchestrator.DeployRequest{
			Environment: []string{"b", "a"}[i%2], Scope: orchestrator.Scope{Nodes: []string{"n"}},
			Owner: orchestrator.Owner{ID: "x", Login: []string{"zoe", "amy", "kim"}[i%3]},
		})
		require.NoError(t, err)
	}
	for _, test := range []struct{ query, want string }{
		{"", "11 10 9 8 7 6 5 4 3 2 1"},
		{"limit=3", "11 10 9"},
		{"limit=3&offset=2", "9 8 7"},
		{"offset=9", "2 1"},
		{"offset=11", ""},
		{"offset=9223372036854775807", ""},
		{"offset=9223372036854775807&limit=200000", ""},
		{"limit=200000", "11 10 9 8 7 6 5 4 3 2 1"},
		{"limit=0", ""},
		{"order=asc", "1 2 3 4 5 6 7 8 9 10 11"},
		{"order=desc&limit=2", "11 10"},
		{"order_by=name", "1 2 3 4 5 6 7 8 9 10 11"},
		{"order_by=name&order=desc&limit=1", "11"},
		{"order_by=environment", "2 4 6 8 10 1 3 5 7 9 11"},
		{"order_by=environment&order=desc", "11 9 7 5 3 1 10 8 6 4 2"},
		{"order_by=owner&limit=5", "2 5 8 11 3"},
		{"order_by=owner&order=desc&offset=1&limit=2", "7 4"},
		{"order_by=state", "1 2 3 4 5 6 7 8 9 10 11"},
		{"order_by=timestamp&limit=2", "1 2"},
	} {
		list := a.get("/jobs?" + test.query)
		assert.Equal(t, test.want, names(t, list), test.query)
		assert.Equal(t, json.Number("11"), at(t, list, "pagination", "total"), test.query)
	}
}

func TestJobsPagination(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	a.deploy("a")
	for query, want := range map[string]string{
		"":                                 `{"limit":null,"offset":0,"order":"desc","order_by":"name","total":1,"type":"","next":null}`,
		"limit=0":                          `{"limit":0,"offset":0,"order":"desc","order_by":"name","total":1,"type":"","next":null}`,
		"limit=5&offset=7":                 `{"limit":5,"offset":7,"order":"desc","order_by":"name","total":1,"type":"","next":null}`,
		"order=asc":                        `{"limit":null,"offset":0,"order":"asc","order_by":"name","total":1,"type":"","next":null}`,
		"order_by=owner":                   `{"limit":null,"offset":0,"order":"asc","order_by":"owner","total":1,"type":"","next":null}`,
		"order_by=state&order=desc&what=1": `{"limit":null,"offset":0,"order":"desc","order_by":"state","total":1,"type":"","next":null}`,
	} {
		assert.Equal(t, parsed(t, strings.NewReader(want)), at(t, a.get("/jobs?"+query), "pagination"), query)
	}
}

// pagedStore counts the pages that are read, and their greatest size; before each it calls meanwhile.
type pagedStore struct {
	*memory.Store
	pages, largest int
	meanwhile      func(page int)
}

func (s *pagedStore) Jobs(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
	s.pages++
	if s.meanwhile != nil {
		s.meanwhile(s.pages)
	}
	page, err := s.Store.Jobs(ctx, q)
	s.largest = max(s.largest, len(page.Jobs))
	return page, err
}

// manyJobs creates jobs with the ids from 1 to n.
func (a *api) manyJobs(n int) {
	a.t.Helper()
	for range n {
		a.deploy("node")
	}
}

func sequence(from, to, step int) string {
	var s []string
	for i := from; i != to+step; i += step {
		s = append(s, fmt.Sprint(i))
	}
	return strings.Join(s, " ")
}

func TestJobsOfManyPages(t *testing.T) {
	store := &pagedStore{Store: memory.New()}
	a := newAPI(t, setup{store: store, idle: true})
	a.manyJobs(501)
	for _, test := range []struct {
		query string
		want  string
		pages int
	}{
		{"", sequence(501, 1, -1), 3},
		{"order=asc&offset=1", sequence(2, 501, 1), 3},
		{"limit=401", sequence(501, 101, -1), 3},
		{"limit=199", sequence(501, 303, -1), 1},
		{"limit=200", sequence(501, 302, -1), 2},
		{"limit=200&order_by=owner", sequence(1, 200, 1), 1},
		{"limit=20&offset=490", sequence(11, 1, -1), 1},
		{"order_by=timestamp", sequence(1, 501, 1), 3},
		{"order_by=state&order=desc&offset=1", sequence(500, 1, -1), 3},
	} {
		store.pages, store.largest = 0, 0
		assert.Equal(t, test.want, names(t, a.get("/jobs?"+test.query)), test.query)
		assert.Equal(t, test.pages, store.pages, test.query)
		assert.LessOrEqual(t, store.largest, 200, test.query)
	}
}

func TestJobsThatArriveMeanwhile(t *testing.T) {
	store := &pagedStore{Store: memory.New()}
	a := newAPI(t, setup{store: store, idle: true})
	a.manyJobs(401)
	store.meanwhile = func(page int) {
		if page > 1 {
			a.deploy("node")
		}
	}
	list := a.get("/jobs?order=asc")
	assert.Equal(t, sequence(1, 401, 1), names(t, list))
	assert.Equal(t, json.Number("401"), at(t, list, "pagination", "total"))
	store.pages = 0
	list = a.get("/jobs")
	assert.Equal(t, sequence(403, 1, -1), names(t, list))
}

// The last job of the first page moves to the end of the list before the second is read. A page
// that went on behind it would leave out half of the list.
func TestJobsThatMoveMeanwhile(t *testing.T) {
	store := &pagedStore{Store: memory.New()}
	a := newAPI(t, setup{store: store, idle: true})
	a.manyJobs(401)
	store.meanwhile = func(page int) {
		if page == 2 {
			a.change(200)
		}
	}
	list := strings.Fields(names(t, a.get("/jobs?order_by=timestamp")))
	assert.Len(t, list, 401)
	assert.Equal(t, "401 200", strings.Join(list[399:], " "))
	slices.Sort(list)
	assert.Len(t, slices.Compact(list), 400, "the one behind the job that moved is missed")
}

// change makes a new job a running one, an hour from now.
func (a *api) change(id orchestrator.JobID) {
	a.t.Helper()
	for {
		lease, job, err := a.store.Claim(a.t.Context(), uuid.New(), time.Hour)
		require.NoError(a.t, err)
		if job.ID != id {
			continue
		}
		at := job.Updated().Add(time.Hour)
		job.State, job.LastEvent = orchestrator.JobRunning, 1
		job.Status = append(job.Status, orchestrator.StateChange{State: job.State, At: at})
		job.Counts = orchestrator.NodeCounts{Running: 1}
		require.NoError(a.t, a.store.Commit(a.t.Context(), lease, orchestrator.Batch{
			Progress: job.Progress,
			Events: []orchestrator.Event{{ID: 1, Type: orchestrator.EventNodeRunning, Time: at, Node: orchestrator.Node{
				Name: "node", State: orchestrator.NodeRunning, Started: at, Updated: at, LatestEvent: 1,
			}}},
		}))
		return
	}
}
