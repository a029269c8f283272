package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// byHeader believes what a request says about who sent it.
func byHeader(r *http.Request) (httpapi.Principal, error) {
	user := r.Header.Get("X-User")
	if user == "" {
		return httpapi.Principal{}, httpapi.ErrUnauthenticated
	}
	return httpapi.Principal{Owner: orchestrator.Owner{ID: "id of " + user, Login: user}}, nil
}

// ownOnly lets everyone do everything with jobs of their own, and root with all.
func ownOnly(p httpapi.Principal, a httpapi.Action) error {
	switch {
	case p.Owner.Login == "root":
		return nil
	case a.Verb == httpapi.VerbViewAll, a.Verb == httpapi.VerbInventory:
		return httpapi.ErrForbidden
	case a.Job.Owner.ID != p.Owner.ID:
		return fmt.Errorf("not yours: %w", httpapi.ErrForbidden)
	default:
		return nil
	}
}

// seesAllOrOwn lets the jobs of [api.deploy] be seen: either because all may, or one by one.
func seesAllOrOwn(all bool) httpapi.Options {
	return httpapi.Options{Authorize: func(_ httpapi.Principal, a httpapi.Action) error {
		if a.Verb == httpapi.VerbViewAll && !all {
			return httpapi.ErrForbidden
		}
		return nil
	}}
}

// as sends a request for a user.
func (a *api) as(user, method, path, body string) (status int, answer string) {
	a.t.Helper()
	w := a.send(method, path, body, "X-User", user)
	return w.Code, w.Body.String()
}

// create lets a user create a job.
func (a *api) create(user string) {
	a.t.Helper()
	status, answer := a.as(user, http.MethodPost, "/command/deploy", with(`"noop":true`))
	require.Equal(a.t, http.StatusAccepted, status, answer)
}

// newSharedAPI has jobs 1, 4, 7 … 28 of amy, and two between each of zoe.
func newSharedAPI(t *testing.T) *api {
	t.Helper()
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Authenticate: byHeader, Authorize: ownOnly}})
	for i := range 30 {
		a.create([]string{"amy", "zoe", "zoe"}[i%3])
	}
	return a
}

func TestListsShowWhatMayBeSeen(t *testing.T) {
	a := newSharedAPI(t)
	for _, test := range []struct {
		query string
		want  string
		total json.Number
		next  any
	}{
		{"", "28 25 22 19 16 13 10 7 4 1", "10", nil},
		{"limit=3", "28 25 22", "10", "22"},
		{"limit=3&offset=2", "22 19 16", "10", "16"},
		{"limit=3&offset=8", "4 1", "10", nil},
		{"limit=2&offset=8", "4 1", "10", nil},
		{"offset=10", "", "10", nil},
		{"limit=0", "", "10", nil},
		{"limit=2&after=22", "19 16", "10", "16"},
		{"limit=2&after=23", "22 19", "10", "19"},
		{"limit=2&after=4", "1", "10", nil},
		{"order=asc&limit=2", "1 4", "10", "4"},
		{"order=asc&after=24", "25 28", "10", nil},
		{"order=asc&after=24&offset=1", "28", "10", nil},
		{"order=asc&after=28", "", "10", nil},
		{"order_by=owner&limit=2", "1 4", "10", nil},
		{"order_by=timestamp&order=desc&offset=9", "1", "10", nil},
		{"type=deploy&limit=1", "28", "10", "28"},
		{"type=task", "", "0", nil},
		{"type=plan_task", "", "0", nil},
		{"state=new&node=a&limit=1&offset=9", "1", "10", nil},
		{"node=other", "", "0", nil},
	} {
		status, answer := a.as("amy", http.MethodGet, "/jobs?"+test.query, "")
		require.Equal(t, http.StatusOK, status, answer)
		list := parsed(t, strings.NewReader(answer))
		assert.Equal(t, test.want, names(t, list), test.query)
		assert.Equal(t, test.total, at(t, list, "pagination", "total"), test.query)
		assert.Equal(t, test.next, at(t, list, "pagination", "next"), test.query)
		assert.NotContains(t, answer, "zoe", test.query)
	}
	for user, total := range map[string]json.Number{"zoe": "20", "root": "30", "nobody": "0"} {
		_, answer := a.as(user, http.MethodGet, "/jobs?limit=1", "")
		assert.Equal(t, total, at(t, parsed(t, strings.NewReader(answer)), "pagination", "total"), user)
	}
}

// A job of somebody else and one that does not exist cannot be told apart.
func TestNothingCanBeEnumerated(t *testing.T) {
	a := newSharedAPI(t)
	for _, id := range []string{"2", "27"} {
		for _, suffix := range []string{"", "/nodes", "/nodes?state=finished", "/nodes?limit=0", "/report", "/events", "/events?start=99"} {
			others, answer := a.as("amy", http.MethodGet, "/jobs/"+id+suffix, "")
			missing, nothing := a.as("amy", http.MethodGet, "/jobs/99"+suffix, "")
			assert.Equal(t, http.StatusNotFound, others, suffix)
			assert.Equal(t, missing, others, suffix)
			assert.Equal(t, strings.ReplaceAll(nothing, "99", id), answer, suffix)
		}
		for _, force := range []string{"false", "true"} {
			others, answer := a.as("amy", http.MethodPost, "/command/stop", `{"job":"`+id+`","force":`+force+`}`)
			missing, nothing := a.as("amy", http.MethodPost, "/command/stop", `{"job":"99","force":`+force+`}`)
			assert.Equal(t, http.StatusNotFound, others)
			assert.Equal(t, missing, others)
			assert.Equal(t, strings.ReplaceAll(nothing, "99", id), answer)
		}
		job, err := a.o.Job(t.Context(), 2)
		require.NoError(t, err)
		assert.Equal(t, orchestrator.StopNone, job.Stop, "nobody else can stop it")
	}
	for _, suffix := range []string{"", "/nodes", "/report", "/events"} {
		status, answer := a.as("amy", http.MethodGet, "/jobs/1"+suffix, "")
		assert.Equal(t, http.StatusOK, status, answer)
	}
	status, _ := a.as("amy", http.MethodPost, "/command/stop", `{"job":"1"}`)
	assert.Equal(t, http.StatusAccepted, status)
}

// Who uses a key that somebody else has used gets a job of their own, and no hint.
func TestKeysOfOthers(t *testing.T) {
	for path, body := range commandBodies {
		t.Run(path, func(t *testing.T) {
			a := newAPI(t, setup{idle: true, opts: httpapi.Options{Authenticate: byHeader, Authorize: ownOnly}})
			for _, user := range []string{"amy", "zoe", "a", "amy", "zoe", "a"} {
				w := a.send(http.MethodPost, path, body, "X-User", user, "Idempotency-Key", "k")
				require.Equal(t, http.StatusAccepted, w.Code, w.Body)
				id := at(t, parsed(t, w.Body), "job", "name").(string)
				assert.Equal(t, map[string]string{"amy": "1", "zoe": "2", "a": "3"}[user], id)
			}
		})
	}
}

// What may not be done is not done, and said so, where there is nothing to hide.
func TestCommandsThatAreForbidden(t *testing.T) {
	var asked []httpapi.Action
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Authorize: func(_ httpapi.Principal, action httpapi.Action) error {
		if action.Verb == httpapi.VerbView {
			return nil
		}
		asked = append(asked, action)
		return httpapi.ErrForbidden
	}}})
	a.deploy("a", "b")
	for _, test := range []struct {
		verb       httpapi.Verb
		path, body string
	}{
		{httpapi.VerbDeploy, "/command/deploy", scoped(`{"nodes":["b","a","b"]}`)},
		{httpapi.VerbTask, "/command/task", `{"task":"t","params":{"x":"` + secret + `"},"sensitive":["x"],"scope":{"nodes":["b","a"]}}`},
		{httpapi.VerbStop, "/command/stop", `{"job":"1"}`},
	} {
		asked = nil
		httpTest{http.MethodPost, test.path, test.body, http.StatusForbidden, "puppetlabs.orchestrator/not-permitted", "You are not permitted to do this."}.run(t, a)
		require.Len(t, asked, 1, test.path)
		assert.Equal(t, test.verb, asked[0].Verb)
		require.NotNil(t, asked[0].Job)
		assert.Equal(t, 2, asked[0].Job.NodeCount)
		assert.NotContains(t, fmt.Sprintf("%s %+v", asked[0].Job.Task.Params, asked[0].Job), secret)
		var nodes []string
		for name, err := range asked[0].Nodes {
			require.NoError(t, err)
			nodes = append(nodes, name)
		}
		slices.Sort(nodes)
		assert.Equal(t, []string{"a", "b"}, nodes)
	}
	job, err := a.o.Job(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, orchestrator.StopNone, job.Stop)
	page, err := a.o.Jobs(t.Context(), orchestrator.JobQuery{})
	require.NoError(t, err)
	assert.Equal(t, 1, page.Total)
}

// Those who may see everything are asked about once; of the others' lists each page is read with
// a bound.
func TestQuestionsForAList(t *testing.T) {
	for _, all := range []bool{true, false} {
		questions := map[httpapi.Verb]int{}
		store := &pagedStore{Store: memory.New()}
		a := newAPI(t, setup{store: store, idle: true, opts: httpapi.Options{Authorize: func(p httpapi.Principal, action httpapi.Action) error {
			questions[action.Verb]++
			return seesAllOrOwn(all).Authorize(p, action)
		}}})
		a.manyJobs(450)
		store.pages = 0
		assert.Equal(t, "450 449", names(t, a.get("/jobs?limit=2")))
		if all {
			assert.Equal(t, map[httpapi.Verb]int{httpapi.VerbViewAll: 1}, questions)
			assert.Equal(t, 1, store.pages)
		} else {
			assert.Equal(t, map[httpapi.Verb]int{httpapi.VerbViewAll: 1, httpapi.VerbView: 450}, questions)
			assert.Equal(t, 3, store.pages)
		}
		assert.LessOrEqual(t, store.largest, 200)
	}
}

func TestAuthorizeThatFails(t *testing.T) {
	for _, verb := range []httpapi.Verb{httpapi.VerbViewAll, httpapi.VerbView} {
		log := new(logged)
		a := newAPI(t, setup{idle: true, opts: httpapi.Options{Logger: log.logger(), Authorize: func(_ httpapi.Principal, action httpapi.Action) error {
			if action.Verb == verb {
				return errors.New("directory at 10.0.0.7 is down")
			}
			return httpapi.ErrForbidden
		}}})
		a.deploy("a")
		httpTest{http.MethodGet, "/jobs", "", http.StatusInternalServerError, "puppetlabs.orchestrator/unknown-error", "The server met an error"}.run(t, a)
		assert.Contains(t, log.String(), "10.0.0.7")
	}
}

// A job that is removed while its nodes are looked at is not in the list.
func TestJobsRemovedWhileAskedAbout(t *testing.T) {
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Authorize: func(_ httpapi.Principal, action httpapi.Action) error {
		switch {
		case action.Verb == httpapi.VerbViewAll:
			return httpapi.ErrForbidden
		case action.Job.ID == 2:
			return &orchestrator.Error{Op: "read nodes of job", Job: 2, Err: orchestrator.ErrNotFound}
		default:
			return nil
		}
	}}})
	a.manyJobs(3)
	list := a.get("/jobs")
	assert.Equal(t, "3 1", names(t, list))
	assert.Equal(t, json.Number("2"), at(t, list, "pagination", "total"))
}

// When the client goes away, the rest of a page is the most that is still done for it.
func TestQuestionsForAClientThatHasGone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	questions := 0
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Authorize: func(_ httpapi.Principal, action httpapi.Action) error {
		if action.Verb == httpapi.VerbView {
			questions++
			cancel()
		}
		return httpapi.ErrForbidden
	}}})
	a.manyJobs(1000)
	w := a.doContext(ctx, http.MethodGet, "/jobs", "")
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Empty(t, w.Body.String())
	assert.Equal(t, 200, questions)
}
