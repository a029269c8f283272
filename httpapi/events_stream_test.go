package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// A client is told of every event when it happens, with the object that polling gives, and the
// stream ends with the job.
func TestStreamOfAJob(t *testing.T) {
	for name, form := range map[string]struct {
		asks []string
		next func(*heard) func() (told, error)
	}{
		"sse":    {asksSSE, func(h *heard) func() (told, error) { return h.event }},
		"ndjson": {asksNDJSON, func(h *heard) func() (told, error) { return h.line }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newAPI(t, setup{runner: script(), idle: true}).serveInMemory()
				l.deploy("web1.example.com", "web2.example.com", "db1.example.com", "gone.example.com")
				res := l.open(t.Context(), "/jobs/1/events", form.asks...)
				assert.Equal(t, http.StatusOK, res.StatusCode)
				assert.Equal(t, form.asks[1], res.Header.Get("Content-Type"))
				assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
				l.start()
				began, h := time.Now(), hear(res)
				var events []told
				var at []time.Duration
				for {
					e, err := form.next(h)()
					if errors.Is(err, io.EOF) {
						break
					}
					require.NoError(t, err)
					events, at = append(events, e), append(at, time.Since(began))
				}
				require.Equal(t, upTo(1, 9), ids(events))
				polled := items(t, l.get("/jobs/1/events"))
				for i, e := range events {
					assert.Equal(t, polled[i], e.data)
					if name == "sse" {
						assert.Equal(t, polled[i]["id"], e.id)
						assert.Equal(t, polled[i]["type"], e.kind)
					}
				}
				const late = 10 * time.Millisecond // two batches in a row, told of at once
				for i, want := range []time.Duration{0, 0, 0, 0, 99 * time.Millisecond, time.Second, 3 * time.Second, 7767 * time.Millisecond, 7767 * time.Millisecond} {
					assert.InDelta(t, want, at[i], float64(late), "event %d", i+1)
				}
			})
		})
	}
}

// start, and what the client says it has seen, say where a stream begins.
func TestStreamBegins(t *testing.T) {
	a := newAPI(t, setup{})
	await(t, a, a.deploy("a", "b")) // five events
	for _, test := range []struct {
		query, last string
		want        string
	}{
		{"", "", upTo(1, 5)},
		{"?start=0", "", upTo(1, 5)},
		{"?start=-3", "", upTo(1, 5)},
		{"?start=4", "", upTo(4, 5)},
		{"?start=1", "3", upTo(4, 5)},
		{"?start=5", "0", upTo(1, 5)},
		{"?wait=1s", "-7", upTo(1, 5)},
		{"", "4", upTo(5, 5)},
	} {
		for _, asks := range [][]string{asksSSE, asksNDJSON} {
			events := a.streamed(t, "/jobs/1/events"+test.query, test.last, asks)
			assert.Equal(t, test.want, ids(events), "%v", test)
		}
	}
}

// streamed returns the events of a stream that ends by itself.
func (a *api) streamed(t *testing.T, path, last string, asks []string) []told {
	t.Helper()
	w := a.doHeaders(http.MethodGet, path, append([]string{"Last-Event-ID", last}, asks...)...)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	h := hear(w.Result())
	next := h.event
	if asks[1] == asksNDJSON[1] {
		next = h.line
	}
	events, err := h.all(next)
	require.NoError(t, err)
	return events
}

// A browser that has seen the last event of a job is told not to come again.
func TestStreamIsOver(t *testing.T) {
	a := newAPI(t, setup{})
	await(t, a, a.deploy("a"))
	for _, last := range []string{"3", "4", "9223372036854775807"} {
		w := a.doHeaders(http.MethodGet, "/jobs/1/events", append([]string{"Last-Event-ID", last}, asksSSE...)...)
		assert.Equal(t, http.StatusNoContent, w.Code, last)
		assert.Empty(t, w.Body.String())
		w = a.doHeaders(http.MethodGet, "/jobs/1/events", append([]string{"Last-Event-ID", last}, asksNDJSON...)...)
		assert.Equal(t, http.StatusOK, w.Code, "nobody comes again by itself")
		assert.Empty(t, w.Body.String())
	}
	w := a.doHeaders(http.MethodGet, "/jobs/1/events?start=4", asksSSE...)
	assert.Equal(t, http.StatusNoContent, w.Code)
}

// A stream that is asked to begin behind the newest event waits for that event.
func TestStreamOfWhatIsToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newAPI(t, setup{runner: slowly(time.Minute)}).serveInMemory()
		l.deploy("a", "b")
		later(time.Second)
		h := hear(l.open(t.Context(), "/jobs/1/events?start=4", asksSSE...))
		events, err := h.all(h.event)
		require.NoError(t, err)
		assert.Equal(t, upTo(4, 5), ids(events))
		assert.Equal(t, "2000", h.retry)
	})
}

func TestHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newAPI(t, setup{runner: slowly(time.Hour - time.Second), opts: httpapi.Options{Heartbeat: 10 * time.Second}}).serveInMemory()
		l.deploy("a")
		sse, lines := hear(l.open(t.Context(), "/jobs/1/events", asksSSE...)), hear(l.open(t.Context(), "/jobs/1/events", asksNDJSON...))
		ended := make(chan error)
		go func() {
			_, err := sse.all(sse.event)
			ended <- err
		}()
		_, err := lines.all(lines.line)
		require.NoError(t, err)
		require.NoError(t, <-ended)
		assert.Equal(t, 359, sse.comments, "every 10 s in an hour")
		assert.Equal(t, 359, lines.comments)
	})
}

// A heartbeat is what the parsers of the formats pass over.
func TestHeartbeatsAreNoEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newAPI(t, setup{runner: slowly(time.Minute)}).serveInMemory()
		l.deploy("a")
		dec := json.NewDecoder(l.open(t.Context(), "/jobs/1/events", asksNDJSON...).Body)
		var types []any
		for {
			var e map[string]any
			err := dec.Decode(&e)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			types = append(types, e["type"])
		}
		assert.Equal(t, []any{"node_running", "node_finished", "job_finished"}, types)
	})
}

// The headers are what is asked for with HEAD; nothing is watched for it.
func TestHeadOfStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{runner: slowly(time.Hour)})
		a.deploy("a")
		later(time.Second)
		for _, path := range []string{"/jobs/1/events", "/events"} {
			for _, asks := range [][]string{asksSSE, asksNDJSON} {
				w := a.doHeaders(http.MethodHead, path, asks...)
				assert.Equal(t, http.StatusOK, w.Code)
				assert.Equal(t, asks[1], w.Header().Get("Content-Type"))
				assert.Empty(t, w.Body.String())
			}
			w := a.doHeaders(http.MethodHead, path+"?start=1000&wait=1h")
			assert.Equal(t, http.StatusOK, w.Code)
			assert.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
		}
	})
}

// Those who watch are told when the orchestrator is stopped, and let go of; a server that is shut
// down does not wait for them.
func TestStreamsEndWithTheOrchestrator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{runner: &orchestratortest.Runner{Default: orchestratortest.Step{Hang: true}}})
		l := a.serveInMemory()
		a.deploy("a")
		type end struct {
			events []told
			err    error
		}
		ends := make(chan end)
		for _, path := range []string{"/jobs/1/events", "/events?start=1"} {
			h := hear(l.open(t.Context(), path, asksSSE...))
			go func() {
				events, err := h.all(h.event)
				ends <- end{events, err}
			}()
		}
		polled := make(chan string)
		go func() {
			text, _ := io.ReadAll(l.open(t.Context(), "/jobs/1/events?start=100&wait=1m").Body)
			polled <- string(text)
		}()
		later(time.Second)
		stopping, cancel := context.WithCancel(t.Context())
		cancel()
		require.Error(t, a.o.Stop(stopping))
		for range 2 {
			e := <-ends
			require.NoError(t, e.err)
			assert.Equal(t, "node_running", e.events[0].kind)
		}
		assert.Contains(t, <-polled, `{"items":[],"next-events":{`)
		require.NoError(t, l.server.Shutdown(t.Context()))
	})
}

// The end of the context that a server gives its requests ends a stream as its own end does.
func TestStreamsEndWithTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := newAPI(t, setup{runner: slowly(time.Hour)})
		a.deploy("a")
		done := make(chan int)
		go func() { done <- a.doContext(ctx, http.MethodGet, "/events?start=1&wait=1m", "").Code }()
		r := make(chan string)
		go func() { r <- a.doHeadersContext(ctx, http.MethodGet, "/jobs/1/events", asksSSE...).Body.String() }()
		assert.Equal(t, http.StatusOK, <-done, "it has an event")
		later(time.Second)
		cancel()
		assert.Contains(t, <-r, "event: node_running\n")
	})
}
