package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// slowClient takes its time for each part of an answer.
type slowClient struct {
	header  http.Header
	takes   time.Duration
	last    time.Time     // when it was sent something
	silence time.Duration // the longest time in which it was not
}

func (c *slowClient) Header() http.Header { return c.header }

func (c *slowClient) WriteHeader(int) { c.last = time.Now() }

func (c *slowClient) Write(p []byte) (int, error) {
	c.silence = max(c.silence, time.Since(c.last))
	<-time.After(c.takes)
	c.last = time.Now()
	return len(p), nil
}

// streamTo streams to a client until the stream or the context ends, and returns how long that took.
func (a *api) streamTo(ctx context.Context, c *slowClient, path string) time.Duration {
	began := time.Now()
	c.header = http.Header{}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/orchestrator/v1"+path, nil)
	r.Header.Set("Accept", "text/event-stream")
	a.h.ServeHTTP(c, r)
	return time.Since(began)
}

// A client that is behind is asked who it is as often as one that is not.
func TestStreamOfALaggingClientWhoseTokenIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ends time.Time
		a := newAPI(t, setup{runner: &orchestratortest.Runner{}, opts: httpapi.Options{
			Authenticate: func(*http.Request) (httpapi.Principal, error) {
				if !ends.IsZero() && time.Now().After(ends) {
					return httpapi.Principal{}, httpapi.ErrTokenExpired
				}
				return httpapi.Principal{Owner: orchestrator.Owner{ID: "1", Login: "x"}}, nil
			},
		}})
		nodes := make([]string, 5000)
		for i := range nodes {
			nodes[i] = "node" + orchestrator.JobID(i).String()
		}
		await(t, a, a.deploy(nodes...))
		ends = time.Now().Add(30 * time.Second)
		took := a.streamTo(t.Context(), &slowClient{takes: 25 * time.Second}, "/jobs/1/events")
		assert.Less(t, took, 2*time.Minute)
	})
}

func TestStreamOfAClientWhoseRoleIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		a := newAPI(t, setup{idle: true, opts: httpapi.Options{
			Authenticate: func(*http.Request) (httpapi.Principal, error) {
				p := httpapi.Principal{Owner: orchestrator.Owner{ID: "1", Login: "x"}}
				if time.Since(began) < 30*time.Second {
					p.Owner.RoleIDs = []int{1}
				}
				return p, nil
			},
			Authorize: func(p httpapi.Principal, _ httpapi.Action) error {
				if len(p.Owner.RoleIDs) == 0 {
					return httpapi.ErrForbidden
				}
				return nil
			},
		}})
		a.deploy("a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		assert.Less(t, a.streamTo(ctx, new(slowClient), "/jobs/1/events"), 2*time.Minute)
		assert.Equal(t, http.StatusNotFound, a.do(http.MethodGet, "/jobs/1", "").Code)
	})
}

// What a client may not see does not keep the connection alive for it.
func TestHeartbeatsOfAFeedWithoutAnythingToSee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{runner: &orchestratortest.Runner{}, opts: httpapi.Options{
			Heartbeat: 15 * time.Second,
			Authorize: func(_ httpapi.Principal, act httpapi.Action) error {
				if act.Verb == httpapi.VerbDeploy {
					return nil
				}
				return httpapi.ErrForbidden
			},
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		deployed := make(chan struct{})
		go func() {
			defer close(deployed)
			for ctx.Err() == nil {
				<-time.After(5 * time.Second)
				a.deploy("a")
			}
		}()
		var c slowClient
		a.streamTo(ctx, &c, "/events")
		<-deployed
		assert.LessOrEqual(t, c.silence, 15*time.Second)
		assert.NotZero(t, c.silence)
	})
}

func TestLongPollOfAStoppedOrchestrator(t *testing.T) {
	a := newAPI(t, setup{idle: true}) // or the job could end first
	a.deploy("a")
	require.NoError(t, a.o.Stop(t.Context()))
	last := a.do(http.MethodGet, "/jobs/1", "")
	require.Equal(t, http.StatusOK, last.Code)
	for _, path := range []string{"/jobs/1/events?start=100&wait=5s", "/events?start=now&wait=5s"} {
		w := a.do(http.MethodGet, path, "")
		assert.Equal(t, http.StatusServiceUnavailable, w.Code, path+": a client would ask again at once")
	}
}
