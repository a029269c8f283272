package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/internal/openapitest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// Whatever is described can be seen: no path, status or form of an answer is there on paper only.
func TestOpenAPIHasNothingThatIsNotSeen(t *testing.T) {
	c, err := readContract()
	require.NoError(t, err)
	answerEverywhere(t, c)
	synctest.Test(t, func(t *testing.T) {
		answerRequests(t, c)
		answerCommands(t, c)
		answerStreams(t, c)
	})
	assert.Equal(t, c.Answers(), c.Seen())
}

// seenBy returns an api whose answers a contract sees.
func seenBy(t *testing.T, c *openapitest.Contract, s setup) *api {
	t.Helper()
	a := newAPI(t, s)
	a.h = c.Handler(a, a.h)
	return a
}

// answerEverywhere makes every operation give the answers that all of them have.
func answerEverywhere(t *testing.T, c *openapitest.Contract) {
	t.Helper()
	elsewhere := newAPI(t, setup{idle: true})
	elsewhere.h = c.Handler(elsewhere, httpapi.LoopbackOnly(elsewhere.h))
	apis := map[int]*api{http.StatusForbidden: elsewhere}
	for status, err := range map[int]error{
		http.StatusUnauthorized: httpapi.ErrUnauthenticated, http.StatusInternalServerError: errors.New("broken"), http.StatusServiceUnavailable: orchestrator.ErrStopped,
	} {
		apis[status] = seenBy(t, c, setup{idle: true, opts: httpapi.Options{
			Authenticate: func(*http.Request) (httpapi.Principal, error) { return httpapi.Principal{}, err },
		}})
	}
	for _, op := range c.Operations() {
		method, path, _ := strings.Cut(op, " ")
		path = strings.NewReplacer("{job-id}", "1", "{node}", "a").Replace(path)
		for status, a := range apis {
			assert.Equal(t, status, a.do(method, path, "").Code, op)
		}
	}
}

// request is one with the status of its answer.
type request struct {
	method, path, body string
	header             []string
	status             int
}

func (a *api) answers(requests []request) {
	a.t.Helper()
	for _, r := range requests {
		w := a.send(r.method, r.path, r.body, r.header...)
		assert.Equal(a.t, r.status, w.Code, "%s %s %s", r.method, r.path, w.Body)
	}
}

func answerRequests(t *testing.T, c *openapitest.Contract) {
	t.Helper()
	a := seenBy(t, c, setup{})
	await(t, a, a.deploy("a"))
	for _, path := range []string{"", "/status", "/openapi.json", "/inventory", "/inventory/a", "/jobs", "/jobs/1", "/jobs/1/nodes", "/jobs/1/report", "/jobs/1/events", "/events"} {
		a.answers([]request{{"GET", path, "", nil, 200}})
	}
	for _, below := range []string{"", "/nodes", "/report", "/events"} {
		a.answers([]request{{"GET", "/jobs/x" + below, "", nil, 400}, {"GET", "/jobs/9" + below, "", nil, 404}})
	}
	a.answers([]request{
		{"GET", "/jobs?limit=x", "", nil, 400},
		{"GET", "/events?start=x", "", nil, 400},
		{"GET", "/inventory/-", "", nil, 400},
		{"POST", "/inventory", `{"nodes":["a"]}`, nil, 200},
		{"POST", "/inventory", `{}`, nil, 400},
	})
	seenBy(t, c, setup{store: plainStore{memory.New()}, idle: true}).answers([]request{{"GET", "/events", "", nil, 404}})
}

func answerCommands(t *testing.T, c *openapitest.Contract) {
	t.Helper()
	environments := &resolver{err: orchestrator.ErrUnknownEnvironment}
	a := seenBy(t, c, setup{idle: true, core: orchestrator.Options{Resolver: environments}, opts: httpapi.Options{MaxBody: 1000}})
	for path, body := range commandBodies {
		key := []string{"Idempotency-Key", path}
		other := strings.Replace(body, `"a"`, `"b"`, 1)
		unknown := strings.Replace(body, `{"nodes":["a"]}`, `{"query":"all"}`, 1)
		a.answers([]request{{"POST", path, body, key, 202}, {"POST", path, other, key, 409}, {"POST", path, unknown, nil, 404}})
	}
	a.answers([]request{{"POST", "/command/stop", `{"job":"1"}`, nil, 202}, {"POST", "/command/stop", `{"job":"9"}`, nil, 404}})
	for _, path := range slices.Concat(writePaths, bothPaths) {
		a.answers([]request{{"POST", path, "{}", nil, 400}, {"POST", path, strings.Repeat(" ", 1001), nil, 413}})
	}
}

func answerStreams(t *testing.T, c *openapitest.Contract) {
	t.Helper()
	a := seenBy(t, c, setup{opts: httpapi.Options{MaxStreams: 1}})
	await(t, a, a.deploy("a"))
	for _, mediaType := range []string{"text/event-stream", "application/x-ndjson"} {
		a.answers([]request{{"GET", "/jobs/1/events", "", []string{"Accept", mediaType}, 200}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		assert.Contains(t, a.doHeadersContext(ctx, http.MethodGet, "/events?start=1", "Accept", mediaType).Body.String(), "job_finished")
		cancel()
	}
	a.answers([]request{{"GET", "/jobs/1/events?start=9", "", []string{"Accept", "text/event-stream"}, 204}})

	waiting := make(chan struct{})
	go func() {
		defer close(waiting)
		a.answers([]request{{"GET", "/events?start=now&wait=1", "", nil, 200}})
	}()
	synctest.Wait()
	a.answers([]request{{"GET", "/events?wait=1", "", nil, 429}, {"GET", "/jobs/1/events?wait=1", "", nil, 429}})
	<-waiting
}
