package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
)

// restless is a client whose connections break after a few bytes, again and again.
type restless struct {
	t      *testing.T
	client *http.Client
	url    string
	lines  bool // it asks for lines, and resumes with start
	random *rand.Rand
	want   int // how many events there are

	ids  []string // what it was told, without what it got in part only
	last string   // the id of the last of these
}

// What a client receives over any number of connections that break anywhere is the whole log, each
// event once and in order.
func TestResume(t *testing.T) {
	const nodes, jobs = 60, 3
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	durations := make(map[string]time.Duration)
	var names []string
	for i := range nodes {
		name := fmt.Sprintf("node%d", i)
		names = append(names, name)
		durations[name] = time.Duration(random.IntN(40)) * time.Millisecond
	}
	a := newAPI(t, setup{runner: orchestrator.RunnerFunc(func(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
		<-time.After(durations[req.Node])
		return orchestrator.RunResult{Result: []byte(`{"_output":"` + strings.Repeat("y", len(req.Node)*50) + `"}`)}, nil
	}), opts: httpapi.Options{MaxStreams: 1000}})
	server := httptest.NewServer(a.h)
	defer server.Close()
	for range jobs {
		a.deploy(names...)
	}
	var all sync.WaitGroup
	for i := range 24 {
		r := &restless{t: t, client: server.Client(), lines: i%2 == 0, want: jobs * (2*nodes + 1), random: rand.New(rand.NewPCG(random.Uint64(), 0))}
		log := "/events"
		if i%3 > 0 {
			log, r.want = fmt.Sprintf("/jobs/%d/events", i%3), 2*nodes+1
		}
		r.url = server.URL + "/orchestrator/v1" + log
		all.Go(func() {
			for len(r.ids) < r.want && !t.Failed() {
				r.connect()
			}
			assert.Equal(t, upTo(1, r.want), strings.Join(r.ids, " "), log)
		})
	}
	all.Wait()
}

// connect reads a random number of bytes, and then breaks the connection.
func (r *restless) connect() {
	url, headers := r.url+"?start=1", http.Header{}
	switch {
	case r.lines && r.last != "":
		var last int
		_, _ = fmt.Sscan(r.last, &last)
		url = fmt.Sprintf("%s?start=%d", r.url, last+1)
	case r.last != "":
		headers.Set("Last-Event-ID", r.last)
	}
	headers.Set("Accept", "text/event-stream")
	if r.lines {
		headers.Set("Accept", "application/x-ndjson")
	}
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, url, nil)
	require.NoError(r.t, err)
	req.Header = headers
	res, err := r.client.Do(req)
	if !assert.NoError(r.t, err) { //nolint:testifylint // it is not the test's goroutine
		return
	}
	defer res.Body.Close()
	if !assert.Equal(r.t, http.StatusOK, res.StatusCode) {
		return
	}
	res.Body = io.NopCloser(io.LimitReader(res.Body, r.random.Int64N(20_000)))
	h := hear(res)
	for len(r.ids) < r.want {
		next := h.event
		if r.lines {
			next = h.line
		}
		e, err := next()
		if err != nil {
			return
		}
		id := e.id
		if r.lines {
			id = position(e)
		}
		r.ids, r.last = append(r.ids, id), id
	}
}

// position returns where an event stands in the log that it comes from.
func position(e told) string {
	if p, ok := e.data["position"].(string); ok {
		return p
	}
	return e.data["id"].(string)
}
