package clienttest

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/internal/openapitest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = time.Minute

// casey is the subject that the tokens belong to.
var casey = orchestrator.Owner{
	ID: "885c5177-1ea5-416f-bf09-2858bef5c46b", Login: "casey", DisplayName: "Casey London", RoleIDs: []int{1},
}

// certName is the common name that a certificate lets a client in with.
const certName = "metrics.example.com"

// server is an HTTPS server of the API, with all that is behind it.
type server struct {
	t     *testing.T
	ctx   context.Context //nolint:containedctx // that of the test, with a deadline
	store *memory.Store
	fleet *fleet
	o     *orchestrator.Orchestrator

	url         string // scheme, host and port
	authorities *authorities
	token       string
	expired     string
	connections atomic.Int64 // that were made so far
}

// setup is what a server is made of. The zero value is a fleet on which everything succeeds, TLS of
// any version, and tokens and certificates as the only ways in.
type setup struct {
	fleet    *fleet
	resolver orchestrator.Resolver
	http     httpapi.Options
	tls      uint16 // the only version of TLS that is spoken; 0 for any
}

func newServer(t *testing.T, with setup) *server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	s := &server{t: t, ctx: ctx, store: memory.New(), fleet: with.fleet, authorities: newAuthorities(t)}
	if s.fleet == nil {
		s.fleet = &fleet{}
	}
	quiet := slog.New(slog.DiscardHandler)
	var err error
	s.o, err = orchestrator.New(s.store, s.fleet, &orchestrator.Options{Resolver: with.resolver, Logger: quiet})
	require.NoError(t, err)
	require.NoError(t, s.o.Start(context.Background()))
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.o.Stop(now) // a test that has failed may have left nodes held
	})

	with.http.Logger = quiet
	with.http.Authenticate = s.authenticators()
	s.listen(described(t, httpapi.New(s.o, &with.http)), with.tls)
	return s
}

// contract is the description of the API.
var contract = sync.OnceValues(func() (*openapitest.Contract, error) {
	document, err := os.ReadFile(filepath.Join("..", "openapi.json"))
	if err != nil {
		return nil, err
	}
	return openapitest.Load(document)
})

// described checks what a handler answers against the description of the API.
func described(t *testing.T, h http.Handler) http.Handler {
	t.Helper()
	c, err := contract()
	require.NoError(t, err)
	return c.Handler(t, h)
}

// authenticators lets in those who have the token, or else a certificate.
func (s *server) authenticators() func(*http.Request) (httpapi.Principal, error) {
	s.t.Helper()
	var lines [2]string
	var err error
	s.token, lines[0], err = httpapi.NewToken(casey, time.Time{})
	require.NoError(s.t, err)
	s.expired, lines[1], err = httpapi.NewToken(casey, time.Now().Add(-time.Hour))
	require.NoError(s.t, err)
	file := filepath.Join(s.t.TempDir(), "tokens")
	require.NoError(s.t, os.WriteFile(file, []byte(lines[0]+"\n"+lines[1]+"\n"), 0o600))
	tokens, err := httpapi.OpenTokens(file, slog.New(slog.DiscardHandler))
	require.NoError(s.t, err)
	certs := &httpapi.ClientCerts{Owners: map[string]orchestrator.Owner{certName: {}}}
	return httpapi.FirstOf(tokens.Authenticate, certs.Authenticate)
}

// listen serves the handler as a program does: at the root of a server, with TLS.
func (s *server) listen(h http.Handler, version uint16) {
	web := httptest.NewUnstartedServer(h)
	web.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	web.TLS = &tls.Config{
		MinVersion:   max(version, tls.VersionTLS12),
		MaxVersion:   version,
		Certificates: []tls.Certificate{s.authorities.issue(s.t, "127.0.0.1")},
		ClientAuth:   tls.VerifyClientCertIfGiven,
		ClientCAs:    s.authorities.pool,
	}
	web.StartTLS()
	s.t.Cleanup(web.Close)
	s.url = web.URL
}

// poll does what a client does until it is done, as it returns, and waits for something new to have
// happened to a job in between, where the client would pause. When nothing more can happen, it must
// be done.
func (s *server) poll(id orchestrator.JobID, done func() bool) {
	s.t.Helper()
	for from := orchestrator.EventID(1); !done(); {
		next := s.next(id, from)
		require.NotEqual(s.t, from, next, "the job's last event has come, and the client waits for more")
		from = next
	}
}

// next waits until a job has an event whose id is from or greater, and returns the id that comes
// after that event's. After the last event of the job it returns at once, with from.
func (s *server) next(id orchestrator.JobID, from orchestrator.EventID) orchestrator.EventID {
	s.t.Helper()
	for event, err := range s.o.Watch(s.ctx, id, from) {
		require.NoError(s.t, err)
		return event.ID + 1
	}
	return from
}

// ended waits until a job has ended, and returns it.
func (s *server) ended(id orchestrator.JobID) orchestrator.Job {
	s.t.Helper()
	for _, err := range s.o.Watch(s.ctx, id, 1) {
		require.NoError(s.t, err)
	}
	job, err := s.o.Job(s.ctx, id)
	require.NoError(s.t, err)
	require.True(s.t, job.State.Terminal())
	return job
}

// deploy runs a job on nodes, without a client, and waits until it has ended.
func (s *server) deploy(nodes ...string) {
	s.t.Helper()
	job, err := s.o.Deploy(s.ctx, orchestrator.DeployRequest{
		Environment: "production", Scope: orchestrator.Scope{Nodes: nodes}, Owner: casey,
	})
	require.NoError(s.t, err)
	s.ended(job.ID)
}

// prune removes the jobs that ended before a time.
func (s *server) prune(before time.Time) {
	s.t.Helper()
	for {
		n, err := s.store.PruneJobs(s.ctx, before)
		require.NoError(s.t, err)
		if n == 0 {
			return
		}
	}
}
