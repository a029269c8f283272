package httpapi_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// goldenStream compares what a stream sends within ten seconds with testdata/golden/NAME.txt.
func (a *api) goldenStream(name, path string, headers ...string) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 10*time.Second)
	defer cancel()
	w := a.doHeadersContext(ctx, http.MethodGet, path, headers...)
	assert.Equal(a.t, http.StatusOK, w.Code, name)
	file := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		require.NoError(a.t, os.WriteFile(file, w.Body.Bytes(), 0o644))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(a.t, err)
	assert.Equal(a.t, string(want), w.Body.String(), name)
}

func TestGoldenLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{runner: script(), opts: httpapi.Options{Heartbeat: 4 * time.Second}})
		a.deploy("web1.example.com", "gone.example.com")
		a.goldenStream("events-stream", "/jobs/1/events", asksSSE...)
		a.goldenStream("events-lines", "/jobs/1/events", asksNDJSON...)
		a.goldenStream("events-stream-resumed", "/jobs/1/events", "Accept", "text/event-stream", "Last-Event-ID", "4")
		a.golden("events-waited", http.MethodGet, "/jobs/1/events?start=4&wait=30s", "", http.StatusOK)
		orchestratortest.Await(t, a.o, a.deploy("last.example.com"))
		a.golden("feed", http.MethodGet, "/events", "", http.StatusOK)
		a.golden("feed-page", http.MethodGet, "/events?start=3&limit=2", "", http.StatusOK)
		a.golden("feed-waited", http.MethodGet, "/events?start=now&wait=1", "", http.StatusOK)
		a.goldenStream("feed-stream", "/events?start=5", asksSSE...)
		a.goldenStream("feed-lines", "/events?start=5", asksNDJSON...)
	})
}

func TestGoldenLiveRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{idle: true, opts: httpapi.Options{MaxStreams: 1}})
		a.deploy("a")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			a.doHeadersContext(ctx, http.MethodGet, "/events", asksSSE...)
		}()
		synctest.Wait()
		a.golden("too-many-streams", http.MethodGet, "/jobs/1/events?wait=1", "", http.StatusTooManyRequests)
		a.golden("bad-wait", http.MethodGet, "/jobs/1/events?wait=soon", "", http.StatusBadRequest)
		a.golden("bad-feed-start", http.MethodGet, "/events?start=soon", "", http.StatusBadRequest)
		cancel()
		<-done
	})
}
