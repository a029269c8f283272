package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

const (
	validation = "puppetlabs.orchestrator/validation-error"
	unknownJob = "puppetlabs.orchestrator/unknown-job"
	noPath     = "puppetlabs.orchestrator/not-found"
)

// httpTest is a request that is refused.
type httpTest struct {
	method, path, body string

	status int
	kind   string
	says   string // a part of the message
}

func (test httpTest) run(t *testing.T, a *api) {
	t.Helper()
	name := strings.TrimSpace(test.method + " " + test.path + " " + test.body)
	w := a.do(test.method, test.path, test.body)
	assert.Equal(t, test.status, w.Code, name)
	assert.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"), name)
	assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), name)
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"), name)
	body := parsed(t, w.Body)
	assert.Equal(t, test.kind, at(t, body, "kind"), name)
	assert.Contains(t, at(t, body, "msg"), test.says, name)
}

func get(path string, status int, kind, says string) httpTest {
	return httpTest{http.MethodGet, path, "", status, kind, says}
}

func TestBadPaths(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	a.deploy("a")
	for _, suffix := range []string{"", "/nodes", "/report", "/events"} {
		for _, test := range []httpTest{
			get("/jobs/abc"+suffix, 400, validation, `job-id must be an integer (given: "abc")`),
			get("/jobs/1.0"+suffix, 400, validation, `job-id must be an integer`),
			get("/jobs/+1"+suffix, 400, validation, `job-id must be an integer`),
			get("/jobs/%201"+suffix, 400, validation, `job-id must be an integer`),
			get("/jobs/0x1"+suffix, 400, validation, `job-id must be an integer`),
			get("/jobs/1_0"+suffix, 400, validation, `job-id must be an integer`),
			get("/jobs/99999999999999999999"+suffix, 400, validation, `job-id must fit in 64 bits`),
			get("/jobs/9223372036854775807"+suffix, 404, unknownJob, "Unknown job 9223372036854775807"),
			get("/jobs/99"+suffix, 404, unknownJob, "Unknown job 99"),
			get("/jobs/0"+suffix, 404, unknownJob, "Unknown job 0"),
			get("/jobs/-1"+suffix, 404, unknownJob, "Unknown job -1"),
			get("/jobs/1"+suffix+"/", 404, noPath, ""),
			get("/jobs//1"+suffix, 404, noPath, ""),
			get("//jobs/1"+suffix, 404, noPath, ""),
			get("/jobs/%2F1"+suffix, 404, noPath, ""),
			get("/JOBS/1"+suffix, 404, noPath, ""),
		} {
			test.run(t, a)
		}
	}
	for _, path := range []string{"/jobs/", "/job", "/jobs/1/node", "/jobs/1/nodes/a", "/command", "/command/", "/command/task/", "/inventory/", "/inventory/a/b", "//", "/../jobs"} {
		get(path, 404, noPath, "").run(t, a)
	}
}

// At the root of a server nothing has cleaned the path.
func TestPathWithEmptySegments(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	for _, path := range []string{"//orchestrator/v1/jobs", "/a//orchestrator/v1/jobs", "/orchestrator//v1/jobs"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path, r.RequestURI = path, path
		w := httptest.NewRecorder()
		a.h.ServeHTTP(w, r)
		assert.Equal(t, http.StatusNotFound, w.Code, path)
		assert.Equal(t, noPath, at(t, parsed(t, w.Body), "kind"))
	}
}

func TestBadQueries(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	a.deploy("a")
	for _, test := range []httpTest{
		get("/jobs?limit=x", 400, validation, `limit must be an integer (given: "x")`),
		get("/jobs?limit=", 400, validation, `limit must be an integer (given: "")`),
		get("/jobs?limit=1.5", 400, validation, "limit must be an integer"),
		get("/jobs?limit=-1", 400, validation, `limit must not be negative (given: "-1")`),
		get("/jobs?limit=99999999999999999999", 400, validation, "limit must fit in 64 bits"),
		get("/jobs?limit=1&limit=2", 400, validation, `limit must not be given more than once (given: "1, 2")`),
		get("/jobs?limit="+strings.Repeat("9", 5000), 400, validation, `999…"`),
		get("/jobs?offset=-1", 400, validation, "offset must not be negative"),
		get("/jobs?offset=x", 400, validation, "offset must be an integer"),
		get("/jobs?order_by=id", 400, validation, `order_by must be one of owner, timestamp, environment, name, state (given: "id")`),
		get("/jobs?order_by=", 400, validation, "order_by must be one of"),
		get("/jobs?order=up", 400, validation, "order must be one of asc, desc"),
		get("/jobs?order=asc&order=desc", 400, validation, "order must not be given more than once"),
		get("/jobs?limit=%zz", 400, validation, "query must be a well-formed query string"),
		get("/jobs?limit=200001", 400, validation, `limit must not be greater than 200000 (given: "200001")`),
		get("/jobs?type=plan_script", 400, validation, `type must be one of deploy, task, plan_task (given: "plan_script")`),
		get("/jobs?type=", 400, validation, "type must be one of"),
		get("/jobs?task=", 400, validation, `task must not be empty (given: "")`),
		get("/jobs?task=p&type=deploy", 400, validation, `task must not be given together with type=deploy (given: "p")`),
		get("/jobs?task=p&task=q", 400, validation, "task must not be given more than once"),
		get("/jobs?state=errored", 400, validation, "state must be one of new, ready, running, stopping, stopped, finished, failed"),
		get("/jobs?node=", 400, validation, `node must not be empty (given: "")`),
		get("/jobs?node=a%20b", 400, validation, "node must consist of letters"),
		get("/jobs?min_finish_timestamp=yesterday", 400, validation, `min_finish_timestamp must be a time in UTC, as in 2026-11-24T16:07:00Z (given: "yesterday")`),
		get("/jobs?min_finish_timestamp=", 400, validation, "min_finish_timestamp must be a time"),
		get("/jobs?min_finish_timestamp=2020-01-01", 400, validation, "min_finish_timestamp must be a time"),
		get("/jobs?max_finish_timestamp=1577836800", 400, validation, "max_finish_timestamp must be a time"),
		get("/jobs?max_finish_timestamp=2020-02-30T00:00:00Z", 400, validation, "max_finish_timestamp must be a time"),
		get("/jobs?after=x", 400, validation, `after must be an integer (given: "x")`),
		get("/jobs?after=", 400, validation, "after must be an integer"),
		get("/jobs?after=-1", 400, validation, `after must not be negative (given: "-1")`),
		get("/jobs?after=99999999999999999999", 400, validation, "after must fit in 64 bits"),
		get("/jobs?after=1&order_by=timestamp", 400, validation, "after must not be given together with another order_by than name"),
		get("/jobs/1/nodes?limit=x", 400, validation, "limit must be an integer"),
		get("/jobs/1/nodes?limit=200001", 400, validation, "limit must not be greater than 200000"),
		get("/jobs/1/nodes?offset=-1", 400, validation, "offset must not be negative"),
		get("/jobs/1/nodes?order_by=timestamp", 400, validation, "order_by must be one of name, duration, state, start_timestamp, finish_timestamp"),
		get("/jobs/1/nodes?order=up", 400, validation, "order must be one of asc, desc"),
		get("/jobs/1/nodes?state=lost", 400, validation, "state must be one of new, running, finished, failed, errored, skipped, ready, stopping, stopped"),
		get("/jobs/1/events?start=x", 400, validation, `start must be an integer (given: "x")`),
		get("/jobs/1/events?start=99999999999999999999", 400, validation, "start must fit in 64 bits"),
		get("/jobs/1/events?start=1&start=2", 400, validation, "start must not be given more than once"),
	} {
		test.run(t, a)
	}
	for _, path := range []string{"/jobs?", "/jobs?limit=1&limit=1", "/jobs?what=ever&limit=1", "/jobs/1?limit=x", "/jobs/1/report?limit=x", "/jobs/1/events?start=-5&limit=x"} {
		a.get(path)
	}
}

func TestErrorDetails(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	assert.Equal(t, map[string]any{"field": "limit", "value": "x", "reason": "must be an integer"},
		at(t, parsed(t, a.do(http.MethodGet, "/jobs?limit=x", "").Body), "details"))
	assert.Equal(t, map[string]any{"job": "7"},
		at(t, parsed(t, a.do(http.MethodGet, "/jobs/7", "").Body), "details"))
	details := at(t, parsed(t, a.do(http.MethodPost, "/command/deploy", `{"environment":"p","scope":{"nodes":["a","-rf"]}}`).Body), "details")
	assert.Equal(t, "scope.nodes[1]", at(t, details, "field"))
	assert.Equal(t, "-rf", at(t, details, "value"))
	assert.Contains(t, at(t, details, "reason"), "must consist of letters, digits")
}

// brokenStore fails with err where it is asked to.
type brokenStore struct {
	*memory.Store
	err error
}

func (s *brokenStore) Job(context.Context, orchestrator.JobID) (orchestrator.Job, error) {
	return orchestrator.Job{}, s.err
}

func (s *brokenStore) Jobs(context.Context, orchestrator.JobQuery) (orchestrator.JobPage, error) {
	return orchestrator.JobPage{}, s.err
}

func (s *brokenStore) Nodes(context.Context, orchestrator.JobID, orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
	return func(yield func(orchestrator.Node, error) bool) { yield(orchestrator.Node{}, s.err) }
}

func (s *brokenStore) CreateJob(context.Context, orchestrator.Job, []string) (orchestrator.Job, error) {
	return orchestrator.Job{}, s.err
}

func (s *brokenStore) RequestStop(context.Context, orchestrator.JobID, bool) (orchestrator.Job, error) {
	return orchestrator.Job{}, s.err
}

func TestServerErrors(t *testing.T) {
	const unknown = "puppetlabs.orchestrator/unknown-error"
	log := new(logged)
	for _, test := range []struct {
		err    error
		status int
		kind   string
		says   string
		logged bool
	}{
		{errors.New("secret: disk /dev/sda1 is full"), 500, unknown, "The server met an error that it did not expect", true},
		{orchestrator.ErrLeaseLost, 500, unknown, "The server met an error that it did not expect", true},
		{fmt.Errorf("wrapped: %w", orchestrator.ErrClosed), 503, unknown, "store has been closed", false},
		{orchestrator.ErrStopped, 503, unknown, "has been stopped", false},
		{context.DeadlineExceeded, 503, unknown, "took too long", false},
		{context.Canceled, 500, unknown, "The server met an error", true}, // the request itself was not cancelled
	} {
		a := newAPI(t, setup{store: &brokenStore{memory.New(), test.err}, idle: true, opts: httpapi.Options{Logger: log.logger()}})
		for _, request := range []httpTest{
			{method: "GET", path: "/jobs"}, {method: "GET", path: "/jobs/1"}, {method: "GET", path: "/jobs/1/nodes"},
			{method: "GET", path: "/jobs/1/report"}, {method: "GET", path: "/jobs/1/events"},
			{method: "POST", path: "/command/stop", body: `{"job":"1"}`},
			{method: "POST", path: "/command/deploy", body: `{"environment":"p","scope":{"nodes":["a"]}}`},
		} {
			log.reset()
			request.status, request.kind, request.says = test.status, test.kind, test.says
			request.run(t, a)
			if test.logged {
				assert.Contains(t, log.String(), test.err.Error(), request.path)
				assert.Contains(t, log.String(), request.path)
			} else {
				assert.Empty(t, log.String(), request.path)
			}
			assert.NotContains(t, a.do(request.method, request.path, request.body).Body.String(), "secret")
		}
	}
}

func TestStoppedOrchestrator(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	a.deploy("a")
	require.NoError(t, a.o.Stop(t.Context()))
	httpTest{"POST", "/command/deploy", `{"environment":"p","scope":{"nodes":["a"]}}`, 503,
		"puppetlabs.orchestrator/unknown-error", "The orchestrator has been stopped."}.run(t, a)
	a.get("/jobs/1")
}

func TestCancelledRequest(t *testing.T) {
	log := new(logged)
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Logger: log.logger()}})
	a.deploy("a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, path := range []string{"/jobs", "/jobs/1", "/jobs/1/nodes", "/jobs/1/report", "/jobs/1/events"} {
		w := a.doContext(ctx, http.MethodGet, path, "")
		assert.Equal(t, http.StatusServiceUnavailable, w.Code, path)
		assert.Empty(t, w.Body.String(), path)
	}
	assert.Empty(t, log.String())
}

func TestPanic(t *testing.T) {
	log := new(logged)
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{
		Logger: log.logger(),
		Owner:  func(*http.Request) orchestrator.Owner { panic("secret") },
	}})
	w := a.do(http.MethodPost, "/command/deploy", `{"environment":"p","scope":{"nodes":["a"]}}`)
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.Equal(t, "puppetlabs.orchestrator/unknown-error", at(t, parsed(t, w.Body), "kind"))
	assert.Contains(t, log.String(), "panic: secret")
	assert.Contains(t, log.String(), "errors_test.go", "the stack")

	aborting := newAPI(t, setup{idle: true, opts: httpapi.Options{BaseURLFunc: func(*http.Request) string { panic(http.ErrAbortHandler) }}})
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { aborting.do(http.MethodGet, "/jobs", "") })
}
