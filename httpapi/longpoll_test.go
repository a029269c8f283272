package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// asked is an answer, and how long it took.
type asked struct {
	*httptest.ResponseRecorder
	took time.Duration
}

func (a *api) ask(path string) asked {
	began := time.Now()
	w := a.do(http.MethodGet, path, "")
	return asked{w, time.Since(began)}
}

// A job of one node that runs for a minute: it has event 1 at once, and 2 and 3 after a minute.
func TestLongPoll(t *testing.T) {
	for name, test := range map[string]struct {
		query string
		items string
		next  string
		took  time.Duration
	}{
		"what there is":            {"?wait=30s", "1", "2", 0},
		"what there is, from 0":    {"?wait=30&start=0", "1", "2", 0},
		"no waiting":               {"?wait=0&start=2", "", "2", 0},
		"nothing in time":          {"?wait=30s&start=2", "", "2", 30 * time.Second},
		"seconds":                  {"?wait=7&start=2", "", "2", 7 * time.Second},
		"the first event":          {"?wait=2m&start=2", "2 3", "4", 59 * time.Second},
		"not before":               {"?wait=2m&start=3", "3", "4", 59 * time.Second},
		"no longer than the limit": {"?wait=24h&start=2", "2 3", "4", 59 * time.Second},
		"the job ends before":      {"?wait=100s&start=9", "", "9", 59 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAPI(t, setup{runner: slowly(time.Minute), opts: httpapi.Options{MaxWait: 5 * time.Minute}})
				a.deploy("a")
				later(time.Second)
				got := a.ask("/jobs/1/events" + test.query)
				require.Equal(t, http.StatusOK, got.Code, got.Body)
				assert.Equal(t, "application/json; charset=utf-8", got.Header().Get("Content-Type"))
				body := parsed(t, got.Body)
				var events []told
				for _, item := range items(t, body) {
					events = append(events, told{data: item})
				}
				assert.Equal(t, test.items, ids(events))
				assert.Equal(t, test.next, at(t, body, "next-events", "event"))
				assert.Equal(t, "http://orchestrator.example.com:8143/orchestrator/v1/jobs/1/events?start="+test.next, at(t, body, "next-events", "id"))
				assert.Equal(t, test.took, got.took)
			})
		})
	}
}

// Of a job that has ended there is nothing to wait for.
func TestLongPollOfAnEndedJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{})
		await(t, a, a.deploy("a"))
		for _, query := range []string{"", "?start=3", "?start=4", "?start=9223372036854775807"} {
			separator := "?"
			if query != "" {
				separator = "&"
			}
			got, want := a.ask("/jobs/1/events"+query+separator+"wait=60"), a.ask("/jobs/1/events"+query)
			assert.Equal(t, want.Body.String(), got.Body.String())
			assert.Zero(t, got.took)
		}
	})
}

// By default nobody waits for longer than a minute.
func TestLongPollIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{idle: true})
		a.deploy("a")
		assert.Equal(t, time.Minute, a.ask("/jobs/1/events?wait=1h").took)
		assert.Equal(t, time.Minute, a.ask("/events?wait=3600").took)
	})
}

// A client that asks for what comes next as soon as it has an answer sees every event once.
func TestLongPollInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{Nodes: map[string]orchestratortest.Step{}}
		var nodes []string
		for i := range 40 {
			node := "node" + strconv.Itoa(i)
			nodes = append(nodes, node)
			runner.Nodes[node] = orchestratortest.Step{Takes: time.Duration(i*i) * 7 * time.Millisecond}
		}
		a := newAPI(t, setup{runner: runner})
		a.deploy(nodes...)
		var events []told
		polls := 0
		for next := "1"; len(events) == 0 || events[len(events)-1].data["type"] != "job_finished"; polls++ {
			body := parsed(t, a.ask("/jobs/1/events?wait=5s&start="+next).Body)
			for _, item := range items(t, body) {
				events = append(events, told{data: item})
			}
			next = at(t, body, "next-events", "event").(string)
		}
		assert.Equal(t, upTo(1, 81), ids(events))
		assert.Greater(t, polls, 10)
	})
}

// What was asked wrongly is told at once, and by name.
func TestBadLiveRequests(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	a.deploy("a")
	for path, field := range map[string]string{
		"/jobs/1/events?wait=soon":          "wait",
		"/jobs/1/events?wait=-1":            "wait",
		"/jobs/1/events?wait=-1s":           "wait",
		"/jobs/1/events?wait=":              "wait",
		"/jobs/1/events?wait=1&wait=2":      "wait",
		"/jobs/1/events?wait=1&start=x":     "start",
		"/events?start=x":                   "start",
		"/events?start=":                    "start",
		"/events?start=1&start=2":           "start",
		"/events?start=9223372036854775808": "start",
		"/events?limit=-1":                  "limit",
		"/events?wait=never":                "wait",
	} {
		for _, accept := range []string{"application/json", "text/event-stream", "application/x-ndjson"} {
			a.refused(t, a.doHeaders(http.MethodGet, path, "Accept", accept), field)
		}
	}
	for _, path := range []string{"/jobs/1/events", "/events"} {
		for _, last := range []string{"x", "1.5", "9223372036854775808", "1 "} {
			a.refused(t, a.doHeaders(http.MethodGet, path, "Accept", "text/event-stream", "Last-Event-ID", last), "Last-Event-ID")
		}
		w := a.doHeaders(http.MethodGet, path, "Last-Event-ID", "x")
		assert.Equal(t, http.StatusOK, w.Code, "only streams are resumed")
	}
	for _, path := range []string{"/jobs/9/events?wait=1m", "/jobs/0/events?wait=1m"} {
		w := a.doHeaders(http.MethodGet, path, asksSSE...)
		assert.Equal(t, http.StatusNotFound, w.Code)
		assert.Equal(t, "puppetlabs.orchestrator/unknown-job", at(t, parsed(t, w.Body), "kind"))
	}
}

// refused checks that an answer is an error about a field.
func (a *api) refused(t *testing.T, w *httptest.ResponseRecorder, field string) {
	t.Helper()
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
	var e struct {
		Kind, Msg string
		Details   map[string]any
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e), w.Body) //nolint:musttag // keys match whatever their case
	assert.Equal(t, "puppetlabs.orchestrator/validation-error", e.Kind)
	assert.Equal(t, field, e.Details["field"], e.Msg)
	assert.Contains(t, e.Msg, field)
}

// What was committed before a long poll came in is in its answer, however little it waits, and although
// those who watch are only told of it a little later.
func TestLongPollIsNotOlder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newAPI(t, setup{runner: &orchestratortest.Runner{Nodes: map[string]orchestratortest.Step{
			"a": {Takes: time.Second}, "b": {Takes: time.Second + 3*time.Millisecond}, "c": {Takes: time.Hour},
		}}}).serveInMemory()
		l.deploy("a", "b", "c")
		later(500 * time.Millisecond)
		l.open(t.Context(), "/jobs/1/events", asksNDJSON...)
		later(504 * time.Millisecond)
		body := l.do(http.MethodGet, "/jobs/1/events?start=5&wait=1ms", "").Body
		assert.Contains(t, body.String(), `"id":"5"`)
	})
}
