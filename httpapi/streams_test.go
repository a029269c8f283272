package httpapi_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// byName takes a client's word for who it is.
func byName(r *http.Request) (httpapi.Principal, error) {
	name := r.Header.Get("X-Name")
	if name == "" {
		return httpapi.Principal{}, httpapi.ErrUnauthenticated
	}
	return httpapi.Principal{Owner: orchestrator.Owner{ID: name, Login: name}}, nil
}

// A principal has only so many streams, of all kinds together. Others are not concerned, and one
// that ends makes room for another.
func TestStreamsOfAPrincipal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{runner: slowly(time.Hour), opts: httpapi.Options{MaxStreams: 3, Authenticate: byName}})
		l := a.serveInMemory()
		a.deploy("a")
		later(time.Second)
		sse := l.open(t.Context(), "/jobs/1/events", "X-Name", "casey", "Accept", "text/event-stream")
		l.open(t.Context(), "/events", "X-Name", "casey", "Accept", "application/x-ndjson")
		polled := make(chan string)
		go func() {
			text, _ := io.ReadAll(l.open(t.Context(), "/jobs/1/events?start=2&wait=30", "X-Name", "casey").Body)
			polled <- string(text)
		}()
		synctest.Wait()
		for _, path := range []string{"/jobs/1/events", "/events"} {
			for _, asks := range [][]string{asksSSE, asksNDJSON} {
				a.tooMany(t, a.doHeaders(http.MethodGet, path, append([]string{"X-Name", "casey"}, asks...)...).Result())
			}
			a.tooMany(t, a.doHeaders(http.MethodGet, path+"?wait=1&start=9", "X-Name", "casey").Result())
			assert.Equal(t, http.StatusOK, a.doHeaders(http.MethodGet, path, "X-Name", "casey").Code, "a list is none")
			assert.Equal(t, http.StatusOK, a.doHeaders(http.MethodGet, path+"?wait=1&start=9", "X-Name", "robin").Code)
		}
		<-polled
		assert.Equal(t, http.StatusOK, a.doHeaders(http.MethodGet, "/events?wait=1&start=9", "X-Name", "casey").Code)
		require.NoError(t, sse.Body.Close())
		later(time.Second)
		l.open(t.Context(), "/jobs/1/events", "X-Name", "casey", "Accept", "text/event-stream")
	})
}

func (a *api) tooMany(t *testing.T, res *http.Response) {
	t.Helper()
	assert.Equal(t, http.StatusTooManyRequests, res.StatusCode)
	assert.Equal(t, "5", res.Header.Get("Retry-After"))
	body := parsed(t, res.Body)
	assert.Equal(t, "puppetlabs.orchestrator/too-many-streams", at(t, body, "kind"))
	assert.Contains(t, at(t, body, "msg"), "You have 3 streams")
}

// A stream ends when nobody vouches for its client any longer, or when the client may not see the job
// any longer.
func TestStreamsOfThoseWhoMayNoLonger(t *testing.T) {
	for name, revoke := range map[string]func(known, allowed *atomic.Bool){
		"unknown":   func(known, _ *atomic.Bool) { known.Store(false) },
		"forbidden": func(_, allowed *atomic.Bool) { allowed.Store(false) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var known, allowed atomic.Bool
				known.Store(true)
				allowed.Store(true)
				l := newAPI(t, setup{runner: slowly(time.Hour), opts: httpapi.Options{
					Authenticate: func(*http.Request) (p httpapi.Principal, err error) {
						if !known.Load() {
							err = httpapi.ErrTokenExpired
						}
						return p, err
					},
					Authorize: func(httpapi.Principal, httpapi.Action) error {
						if !allowed.Load() {
							return httpapi.ErrForbidden
						}
						return nil
					},
				}}).serveInMemory()
				l.deploy("a")
				h := hear(l.open(t.Context(), "/jobs/1/events", asksSSE...))
				_, err := h.event()
				require.NoError(t, err)
				began := time.Now()
				revoke(&known, &allowed)
				_, err = h.event()
				assert.Equal(t, io.EOF, err, "a clean end")
				assert.LessOrEqual(t, time.Since(began), 75*time.Second)
			})
		})
	}
}

// A client that takes nothing is dropped in the end, delays nobody, and can go on where it was.
func TestSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newAPI(t, setup{runner: slowly(time.Second), opts: httpapi.Options{WriteTimeout: 10 * time.Second}}).serveInMemory()
		l.deploy("a", "b", "c")
		slow := hear(l.open(t.Context(), "/jobs/1/events", asksSSE...))
		first, err := slow.event()
		require.NoError(t, err)
		quick := hear(l.open(t.Context(), "/jobs/1/events", asksSSE...))
		events, err := quick.all(quick.event)
		require.NoError(t, err)
		assert.Equal(t, upTo(1, 7), ids(events))
		later(time.Minute)
		rest, err := slow.all(slow.event)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "what was not sent must be missed")
		seen := append([]told{first}, rest...)
		resumed := hear(l.open(t.Context(), "/jobs/1/events", "Accept", "text/event-stream", "Last-Event-ID", slow.lastID))
		rest, err = resumed.all(resumed.event)
		require.NoError(t, err)
		assert.Equal(t, upTo(1, 7), ids(append(seen, rest...)))
	})
}

// The limits that a server sets for ordinary requests do not end a stream, nor does the one for taking
// what was written end one in which there is nothing to take.
func TestServerTimeouts(t *testing.T) {
	for name, protocols := range map[string]func(*http.Protocols){
		"HTTP/1": func(p *http.Protocols) { p.SetHTTP1(true) },
		"HTTP/2": func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opts := httpapi.Options{WriteTimeout: 10 * time.Second, Heartbeat: time.Minute}
				l := newAPI(t, setup{runner: slowly(time.Hour), opts: opts}).serveInMemory(func(s *http.Server) {
					s.ReadTimeout, s.WriteTimeout, s.IdleTimeout = 10*time.Second, 10*time.Second, 10*time.Second
					s.Protocols = new(http.Protocols)
					protocols(s.Protocols)
				})
				l.deploy("a")
				polled := make(chan *http.Response)
				go func() {
					res, err := l.ask(t.Context(), "/jobs/1/events?start=2&wait=30s")
					assert.NoError(t, err)
					polled <- res
				}()
				res := l.open(t.Context(), "/jobs/1/events", asksSSE...)
				assert.Equal(t, name[:6], res.Proto[:6])
				h := hear(res)
				events, err := h.all(h.event)
				require.NoError(t, err)
				assert.Equal(t, upTo(1, 3), ids(events))
				assert.Equal(t, http.StatusOK, (<-polled).StatusCode)
			})
		})
	}
}

// countingStore counts who reads events.
type countingStore struct {
	*memory.Store
	readers atomic.Int64
	fail    atomic.Bool
}

var errDisk = errors.New("disk on fire")

func (s *countingStore) Events(ctx context.Context, id orchestrator.JobID, from orchestrator.EventID) iter.Seq2[orchestrator.Event, error] {
	s.readers.Add(1)
	if s.fail.Load() {
		return func(yield func(orchestrator.Event, error) bool) { yield(orchestrator.Event{}, errDisk) }
	}
	return s.Store.Events(ctx, id, from)
}

// However many watch a job, what happens is read from the store once.
func TestOneReaderForAllWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes, watchers = 40, 60
		runner := &orchestratortest.Runner{Nodes: map[string]orchestratortest.Step{}}
		var names []string
		for i := range nodes {
			name := "node" + string(rune('A'+i/26)) + string(rune('A'+i%26))
			names = append(names, name)
			runner.Nodes[name] = orchestratortest.Step{Takes: time.Duration(i+1) * time.Second}
		}
		store := &countingStore{Store: memory.New()}
		l := newAPI(t, setup{store: store, runner: runner, opts: httpapi.Options{MaxStreams: watchers}}).serveInMemory()
		l.deploy(names...)
		later(10500 * time.Millisecond)
		store.readers.Store(0)
		var all sync.WaitGroup
		for range watchers {
			h := hear(l.open(t.Context(), "/jobs/1/events", asksSSE...))
			all.Go(func() {
				events, err := h.all(h.event)
				assert.NoError(t, err) //nolint:testifylint // it is not the test's goroutine
				assert.Equal(t, upTo(1, 2*nodes+1), ids(events))
			})
		}
		all.Wait()
		assert.LessOrEqual(t, store.readers.Load(), int64(2*nodes), "what has happened once, and each change once")
	})
}

// When the store fails, streams are aborted, not ended: their clients come again.
func TestStreamOfAFailingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(logged)
		store := &countingStore{Store: memory.New()}
		l := newAPI(t, setup{store: store, runner: slowly(time.Minute), opts: httpapi.Options{Logger: log.logger()}}).serveInMemory()
		l.deploy("a")
		h := hear(l.open(t.Context(), "/jobs/1/events", asksSSE...))
		e, err := h.event()
		require.NoError(t, err)
		require.Equal(t, "1", e.id)
		store.fail.Store(true)
		_, err = h.event()
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Contains(t, log.String(), "disk on fire")
		assert.Equal(t, http.StatusInternalServerError, l.do(http.MethodGet, "/jobs/1/events?wait=1m", "").Code)
		store.fail.Store(false)
		h = hear(l.open(t.Context(), "/jobs/1/events", "Accept", "text/event-stream", "Last-Event-ID", "1"))
		events, err := h.all(h.event)
		require.NoError(t, err)
		assert.Equal(t, upTo(2, 3), ids(events))
	})
}
