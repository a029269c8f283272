package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// api is a handler under test, and what is behind it. What the handler answers is checked against the
// description of the API.
type api struct {
	t     testing.TB
	store orchestrator.Store
	o     *orchestrator.Orchestrator
	h     http.Handler
}

// setup is what an api is made of; the zero value is a memory store, a runner that always
// succeeds, and default options without a log.
type setup struct {
	store  orchestrator.Store
	runner orchestrator.Runner
	opts   httpapi.Options
	core   orchestrator.Options
	idle   bool // do not run jobs
}

func newAPI(t testing.TB, s setup) *api {
	t.Helper()
	if s.store == nil {
		s.store = memory.New()
	}
	if s.runner == nil {
		s.runner = &orchestratortest.Runner{}
	}
	if s.opts.Logger == nil {
		s.opts.Logger = slog.New(slog.DiscardHandler)
	}
	if s.core.Logger == nil {
		s.core.Logger = slog.New(slog.DiscardHandler)
	}
	o, err := orchestrator.New(s.store, s.runner, &s.core)
	require.NoError(t, err)
	a := &api{t: t, store: s.store, o: o}
	a.h = contract().Handler(a, httpapi.New(o, &s.opts))
	if !s.idle {
		a.start()
	}
	return a
}

// Errorf reports an answer that is not as described.
func (a *api) Errorf(format string, args ...any) {
	a.t.Helper()
	a.t.Errorf(format, args...)
}

// start begins to run jobs.
func (a *api) start() {
	a.t.Helper()
	require.NoError(a.t, a.o.Start(context.Background()))
	a.t.Cleanup(func() { _ = a.o.Stop(context.Background()) })
}

// do sends a request to the handler as it is mounted at the root of a server.
func (a *api) do(method, path, body string) *httptest.ResponseRecorder {
	a.t.Helper()
	return a.doContext(a.t.Context(), method, path, body)
}

func (a *api) doContext(ctx context.Context, method, path, body string) *httptest.ResponseRecorder {
	a.t.Helper()
	r := httptest.NewRequestWithContext(ctx, method, "/orchestrator/v1"+path, strings.NewReader(body))
	r.Host = "orchestrator.example.com:8143"
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	return w
}

// get reads a path that must be there.
func (a *api) get(path string) any {
	a.t.Helper()
	w := a.do(http.MethodGet, path, "")
	require.Equal(a.t, http.StatusOK, w.Code, w.Body)
	return parsed(a.t, w.Body)
}

// deploy creates a job of the nodes.
func (a *api) deploy(nodes ...string) orchestrator.JobID {
	a.t.Helper()
	job, err := a.o.Deploy(a.t.Context(), orchestrator.DeployRequest{
		Environment: "production", Scope: orchestrator.Scope{Nodes: nodes},
		Owner: orchestrator.Owner{ID: "42", Login: "casey"},
	})
	require.NoError(a.t, err)
	return job.ID
}

// parsed reads the one JSON value that there must be.
func parsed(t testing.TB, r io.Reader) any {
	t.Helper()
	dec := json.NewDecoder(r)
	dec.UseNumber()
	var v any
	require.NoError(t, dec.Decode(&v))
	_, err := dec.Token()
	require.ErrorIs(t, err, io.EOF, "something follows the JSON value")
	return v
}

// at returns what is at a path of keys in a parsed value.
func at(t testing.TB, v any, keys ...string) any {
	t.Helper()
	for _, key := range keys {
		object, ok := v.(map[string]any)
		require.True(t, ok, "no object around %q", key)
		require.Contains(t, object, key)
		v = object[key]
	}
	return v
}

// items returns the objects of a list.
func items(t testing.TB, v any) []map[string]any {
	t.Helper()
	list, ok := at(t, v, "items").([]any)
	require.True(t, ok, "items is no list")
	objects := make([]map[string]any, len(list))
	for i := range list {
		objects[i] = list[i].(map[string]any)
	}
	return objects
}

// logged keeps what is logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *logged) stdLogger() *log.Logger {
	return slog.NewLogLogger(l.logger().Handler(), slog.LevelWarn)
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}
