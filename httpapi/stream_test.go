package httpapi_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// endlessStore has, for each job, as many nodes, events and jobs as are asked for. Before each but
// the first it calls before, whose error ends the list.
type endlessStore struct {
	*memory.Store
	before func(ctx context.Context, i int) error
}

func endless[T any](ctx context.Context, s *endlessStore, item func(i int) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for i := 0; ; i++ {
			if i > 0 {
				if err := s.before(ctx, i); err != nil {
					yield(*new(T), err)
					return
				}
			}
			if !yield(item(i), nil) {
				return
			}
		}
	}
}

func (s *endlessStore) Nodes(ctx context.Context, _ orchestrator.JobID, _ orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
	return endless(ctx, s, func(i int) orchestrator.Node {
		return orchestrator.Node{Index: i, Name: "node" + strconv.Itoa(i), State: orchestrator.NodeNew}
	})
}

func (s *endlessStore) Events(ctx context.Context, _ orchestrator.JobID, _ orchestrator.EventID) iter.Seq2[orchestrator.Event, error] {
	return endless(ctx, s, func(i int) orchestrator.Event {
		return orchestrator.Event{ID: orchestrator.EventID(i + 1), Type: orchestrator.EventJobStopping}
	})
}

func (s *endlessStore) Jobs(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
	if q.After > 0 {
		if err := s.before(ctx, int(q.After)); err != nil {
			return orchestrator.JobPage{}, err
		}
	}
	page := orchestrator.JobPage{Total: 1 << 40}
	for i := range q.Limit {
		page.Jobs = append(page.Jobs, orchestrator.Job{ID: q.After + orchestrator.JobID(i) + 1})
	}
	return page, nil
}

var streamed = []string{"/jobs", "/jobs/1/nodes", "/jobs/1/report", "/jobs/1/events"}

// streaming is a server of the store, for one request.
type streaming struct {
	*httptest.Server
	base     string        // the URL of the API
	returned chan struct{} // closed when the handler has returned
}

func serve(t *testing.T, store orchestrator.Store, log *logged) streaming {
	t.Helper()
	a := newAPI(t, setup{store: store, idle: true, opts: httpapi.Options{Logger: log.logger()}})
	a.deploy("a")
	returned := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(returned)
		a.h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return streaming{server, server.URL + "/orchestrator/v1", returned}
}

// The client has the first item while the store has not come to the second, compressed or not.
func TestFirstItemAtOnce(t *testing.T) {
	for path, endOfItem := range map[string]string{
		"/jobs":          `"userdata":{}}`,
		"/jobs/1/nodes":  `"result":null}`,
		"/jobs/1/report": `"events":[]}`,
		"/jobs/1/events": `"message":"Job 1 is stopping"}`,
	} {
		for _, encoding := range []string{"identity", "gzip"} {
			t.Run(path+" "+encoding, func(t *testing.T) {
				log, goOn, enough := new(logged), make(chan struct{}), errors.New("enough")
				store := &endlessStore{Store: memory.New(), before: func(context.Context, int) error {
					<-goOn
					return enough
				}}
				server := serve(t, store, log)
				res := server.get(t, path, "Accept-Encoding", encoding)
				defer res.Body.Close()
				assert.Equal(t, http.StatusOK, res.StatusCode)
				body := io.Reader(res.Body)
				if encoding == "gzip" {
					require.Equal(t, encoding, res.Header.Get("Content-Encoding"))
					var err error
					body, err = gzip.NewReader(body)
					require.NoError(t, err)
				}
				readUntil(t, body, endOfItem)
				close(goOn)
				<-server.returned
				_, err := io.Copy(io.Discard, body)
				assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
			})
		}
	}
}

// readUntil reads up to and with the first end.
func readUntil(t *testing.T, r io.Reader, end string) {
	t.Helper()
	var text []byte
	for one := make([]byte, 1); !strings.HasSuffix(string(text), end); text = append(text, one[0]) {
		_, err := io.ReadFull(r, one)
		require.NoError(t, err)
	}
}

// A list that fails half way must not look complete.
func TestFailureHalfWay(t *testing.T) {
	for _, path := range streamed {
		t.Run(path, func(t *testing.T) {
			log := new(logged)
			store := &endlessStore{Store: memory.New(), before: func(_ context.Context, i int) error {
				if i >= 1000 {
					return errors.New("disk on fire")
				}
				return nil
			}}
			server := serve(t, store, log)
			res, err := server.Client().Get(server.base + path)
			require.NoError(t, err)
			defer res.Body.Close()
			assert.Equal(t, http.StatusOK, res.StatusCode)
			text, err := io.ReadAll(res.Body)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.NotContains(t, string(text), "disk on fire")
			<-server.returned
			assert.Equal(t, 1, strings.Count(log.String(), "request failed"), log.String())
			assert.Contains(t, log.String(), "disk on fire")
			assert.Contains(t, log.String(), "aborted=true")
		})
	}
}

// When the client has gone away the store is asked for nothing more, and nothing is logged.
func TestClientGoesAway(t *testing.T) {
	for _, path := range streamed {
		for _, blocked := range []bool{false, true} {
			t.Run(path+" blocked="+strconv.FormatBool(blocked), func(t *testing.T) {
				log := new(logged)
				store := &endlessStore{Store: memory.New()}
				store.before = func(ctx context.Context, i int) error {
					if blocked && i > 100 {
						<-ctx.Done()
						return ctx.Err()
					}
					return nil
				}
				server := serve(t, store, log)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.base+path, nil)
				require.NoError(t, err)
				res, err := server.Client().Do(r)
				require.NoError(t, err)
				defer res.Body.Close()
				_, err = res.Body.Read(make([]byte, 10))
				require.NoError(t, err)
				cancel()
				<-server.returned
				assert.Empty(t, log.String())
			})
		}
	}
}

func TestHeadReadsOneItem(t *testing.T) {
	for _, path := range streamed {
		store := &endlessStore{Store: memory.New(), before: func(context.Context, int) error {
			return errors.New("more than one item was read")
		}}
		a := newAPI(t, setup{store: store, idle: true})
		a.deploy("a")
		assert.Equal(t, http.StatusOK, a.do(http.MethodHead, path, "").Code, path)
	}
}

func TestAbortIsAPanic(t *testing.T) {
	store := &endlessStore{Store: memory.New(), before: func(context.Context, int) error { return errors.New("no") }}
	a := newAPI(t, setup{store: store, idle: true})
	a.deploy("a")
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { a.do(http.MethodGet, "/jobs/1/nodes", "") })
}

// measure is a ResponseWriter that keeps the sizes of what is written, and nothing else.
type measure struct {
	header         http.Header
	total, largest int
}

func (m *measure) Header() http.Header { return m.header }

func (m *measure) WriteHeader(int) {}

func (m *measure) Write(p []byte) (int, error) {
	m.total += len(p)
	m.largest = max(m.largest, len(p))
	return len(p), nil
}

// What is in memory of a long list is never more than a small part of it.
func TestLongListsAreWrittenInParts(t *testing.T) {
	for _, path := range streamed[1:] {
		store := &endlessStore{Store: memory.New(), before: func(_ context.Context, i int) error {
			if i >= 100_000 {
				return errors.New("enough")
			}
			return nil
		}}
		a := newAPI(t, setup{store: store, idle: true})
		a.deploy("a")
		m := &measure{header: http.Header{}}
		r := httptest.NewRequest(http.MethodGet, "/orchestrator/v1"+path, nil)
		assert.PanicsWithValue(t, http.ErrAbortHandler, func() { a.h.ServeHTTP(m, r) })
		assert.Greater(t, m.total, 10<<20, path)
		assert.Less(t, m.largest, 64<<10, path)
	}
}
