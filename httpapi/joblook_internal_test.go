package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// lookedAt is a store whose jobs are looked at.
type lookedAt struct {
	orchestrator.Store
	reads atomic.Int64
	after func() // what happens between reading a job and returning it; nil for nothing
}

func (s *lookedAt) Job(ctx context.Context, id orchestrator.JobID) (orchestrator.Job, error) {
	if err := ctx.Err(); err != nil {
		return orchestrator.Job{}, err
	}
	s.reads.Add(1)
	job, err := s.Store.Job(ctx, id)
	if s.after != nil {
		s.after()
	}
	return job, err
}

// newLookedAt returns the handler of an orchestrator with one job, the first, of so many nodes.
func newLookedAt(tb testing.TB, s *lookedAt, nodes int, authorize func(Principal, Action) error) *handler {
	tb.Helper()
	s.Store = memory.New()
	o, err := orchestrator.New(s, &orchestratortest.Runner{}, &orchestrator.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(tb, err)
	names := make([]string, nodes)
	for i := range names {
		names[i] = fmt.Sprintf("node-%06d.example.com", i)
	}
	_, err = o.Deploy(context.Background(), orchestrator.DeployRequest{Environment: "production", Scope: orchestrator.Scope{Nodes: names}})
	require.NoError(tb, err)
	return New(o, &Options{
		Logger: slog.New(slog.DiscardHandler),
		Authenticate: func(r *http.Request) (Principal, error) {
			return Principal{Owner: orchestrator.Owner{Login: r.Header.Get("From")}}, nil
		},
		Authorize: authorize,
	}).(*handler)
}

// looker returns a request for the job.
func looker(ctx context.Context, login string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://jobs.example.com/orchestrator/v1/jobs/1", http.NoBody)
	r.Header.Set("From", login)
	return r
}

// lookers are clients that ask for the job at once.
type lookers struct {
	h       *handler
	all     sync.WaitGroup
	answers []*httptest.ResponseRecorder
}

func (l *lookers) ask(ctx context.Context, login string) {
	w := httptest.NewRecorder()
	l.answers = append(l.answers, w)
	l.all.Go(func() { l.h.ServeHTTP(w, looker(ctx, login)) })
}

// gather begins a look that has no leader yet. It returns what lets one lead it.
func (l *lookers) gather(ctx context.Context) (lead func()) {
	c := &call{r: looker(ctx, "first"), id: 1, links: links{base: "http://jobs.example.com/orchestrator/v1"}}
	key := lookKey{c.id, c.links.base}
	one, _ := l.h.looks.join(key)
	return func() { l.h.looks.lead(c, key, one) }
}

// A job is read once for all who ask for it at once, and each of them is asked whether it may see it.
func TestJobIsReadOnceForManyWhoLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(lookedAt)
		l := lookers{h: newLookedAt(t, s, 3, func(p Principal, _ Action) error {
			if p.Owner.Login == "stranger" {
				return ErrForbidden
			}
			return nil
		})}
		lead := l.gather(t.Context())
		for _, login := range []string{"a", "stranger", "b"} {
			l.ask(t.Context(), login)
		}
		synctest.Wait()
		require.Zero(t, s.reads.Load())
		lead()
		l.all.Wait()
		assert.EqualValues(t, 1, s.reads.Load())
		assert.Equal(t, http.StatusOK, l.answers[0].Code)
		assert.Equal(t, http.StatusNotFound, l.answers[1].Code)
		assert.NotContains(t, l.answers[1].Body.String(), "node-000001")
		assert.Equal(t, l.answers[0].Body.String(), l.answers[2].Body.String())
		assert.Empty(t, l.h.looks.coming, "nothing of it is left")
	})
}

// Who asks while the job is being read is not answered with that: it may have changed before they asked.
func TestNobodyIsAnsweredWithAnEarlierLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, read, goOn := new(lookedAt), make(chan struct{}), make(chan struct{})
		l := lookers{h: newLookedAt(t, s, 3, nil)}
		s.after = func() {
			if s.reads.Load() == 1 {
				close(read)
				<-goOn
			}
		}
		l.ask(t.Context(), "early")
		<-read
		require.NoError(t, l.h.o.Start(t.Context()))
		orchestratortest.Await(t, l.h.o, 1)
		l.ask(t.Context(), "late")
		synctest.Wait()
		assert.Contains(t, l.answers[1].Body.String(), `"state":"finished"`)
		close(goOn)
		l.all.Wait()
		assert.Contains(t, l.answers[0].Body.String(), `"state":"new"`)
		require.NoError(t, l.h.o.Stop(t.Context()))
	})
}

// A client that goes away before it has read the job for the others leaves it to one of them.
func TestLookOutlivesTheClientThatLeadsIt(t *testing.T) {
	for name, fails := range map[string]func(cancel func(), s *lookedAt){
		"gone": func(cancel func(), _ *lookedAt) { cancel() },
		"panic": func(_ func(), s *lookedAt) {
			s.after = func() {
				if s.reads.Load() == 1 {
					panic("no")
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := new(lookedAt)
				l := lookers{h: newLookedAt(t, s, 3, nil)}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				lead := l.gather(ctx)
				l.ask(t.Context(), "a")
				l.ask(t.Context(), "b")
				synctest.Wait()
				fails(cancel, s)
				func() {
					defer func() { _ = recover() }()
					lead()
				}()
				l.all.Wait()
				for _, w := range l.answers {
					assert.Equal(t, http.StatusOK, w.Code, w.Body)
				}
			})
		})
	}
}

// Many clients ask for one job with as many names as are shown of it.
func BenchmarkShowJobToMany(b *testing.B) {
	const clients = 100
	s := new(lookedAt)
	h := newLookedAt(b, s, 2*orchestrator.ScopeShown, nil)
	h.opts.Authorize = nil
	w := httptest.NewRecorder()
	h.ServeHTTP(w, looker(b.Context(), "a"))
	b.SetBytes(int64(clients * w.Body.Len()))
	b.ReportAllocs()
	s.reads.Store(0)
	for b.Loop() {
		var all sync.WaitGroup
		for range clients {
			all.Go(func() { h.ServeHTTP(unread{http.Header{}}, looker(b.Context(), "a")) })
		}
		all.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*clients), "µs/answer")
	b.ReportMetric(float64(s.reads.Load())/float64(b.N*clients), "reads/answer")
}

// unread is an answer that nobody reads.
type unread struct{ header http.Header }

func (w unread) Header() http.Header         { return w.header }
func (w unread) Write(p []byte) (int, error) { return len(p), nil }
func (w unread) WriteHeader(int)             {}
