//go:build unix

package main

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// oneConn is a listener with one connection, in memory, so that its deadlines are in fake time.
type oneConn struct {
	conn   chan net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conn:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *oneConn) Close() error   { close(l.closed); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// connect serves the API to one connection, and returns the client's end of it.
func connect(t *testing.T) (*orchestrator.Orchestrator, net.Conn) {
	t.Helper()
	o, err := orchestrator.New(memory.New(), commands{}, &orchestrator.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	server := newServer(httpapi.New(o, &httpapi.Options{Logger: log, Mount: mount}), false, log)
	listener := &oneConn{make(chan net.Conn), make(chan struct{})}
	go func() { _ = server.Serve(listener) }()
	client, conn := net.Pipe()
	listener.conn <- conn
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return o, client
}

// A client that sends slowly, or nothing, keeps a connection for no longer than it has to.
func TestSlowClients(t *testing.T) {
	const request = "GET /orchestrator/v1/jobs HTTP/1.1\r\nHost: localhost\r\n"
	for name, test := range map[string]struct {
		sends  string
		after  time.Duration // the connection is closed
		answer string
	}{
		"nothing":        {"", 10 * time.Second, ""},
		"half a line":    {"GET /orch", 10 * time.Second, ""},
		"half a header":  {request + "X-Authentication: x", 10 * time.Second, ""},
		"half a body":    {strings.Replace(request, "GET", "POST", 1) + "Content-Length: 1000\r\n\r\n{", time.Minute, ""},
		"an unread body": {request + "Content-Length: 1000\r\n\r\n", time.Minute, ""},
		"no more":        {request + "\r\n", 2 * time.Minute, "200 OK"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, conn := connect(t)
				go func() { _, _ = io.WriteString(conn, test.sends) }()
				began := time.Now()
				text, err := io.ReadAll(conn)
				if err != nil && !errors.Is(err, io.ErrClosedPipe) {
					t.Fatal(err)
				}
				if after := time.Since(began).Round(time.Second); after > test.after || !strings.Contains(string(text), test.answer) {
					t.Errorf("closed after %v, not %v: %s", after, test.after, text)
				}
			})
		})
	}
}

// A client that takes what it gets is served for as long as there is something to come.
func TestLongAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, conn := connect(t)
		job, err := o.Deploy(t.Context(), orchestrator.DeployRequest{Environment: "production", Scope: orchestrator.Scope{Nodes: []string{"n1"}}})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			<-time.After(time.Hour)
			_, _ = o.StopJob(t.Context(), job.ID, nil)
			_ = o.Start(t.Context())
		}()
		_, err = io.WriteString(conn, "GET /orchestrator/v1/jobs/1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		text, err := io.ReadAll(conn)
		if err != nil || time.Since(began) < time.Hour || !strings.Contains(string(text), "job_finished") {
			t.Errorf("ended after %v: %v, %s", time.Since(began), err, text)
		}
		_ = o.Stop(t.Context())
	})
}

// Every answer says that it is not to be kept and not to be guessed at.
func TestHeadersOfAnswers(t *testing.T) {
	r := start(t, "-store", "memory", "-command", "true")
	r.want(http.StatusAccepted, "", http.MethodPost, "/command/deploy", deployTo("n1"))
	r.ends("1")
	for _, path := range []string{"/", "/jobs", "/jobs/1", "/jobs/1/nodes", "/jobs/1/report", "/jobs/1/events", "/inventory", "/jobs/99", "/jobs/abc", "/nothing", "/command/deploy"} {
		for _, host := range []string{"localhost", "evil.example.com"} {
			a := r.do(http.MethodGet, path, "", "Host", host)
			for name, value := range map[string]string{
				"Content-Type": "application/json; charset=utf-8", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Server": "", "X-Powered-By": "",
			} {
				if got := a.header.Get(name); got != value {
					t.Errorf("%s for %s: %d: %s is %q", path, host, a.status, name, got)
				}
			}
		}
	}
}

// There is nothing beside the API, and nowhere that a client is sent to instead.
func TestWhatIsNotTheAPIIsNotFound(t *testing.T) {
	r := start(t, "-store", "memory", "-command", "true")
	r.base = strings.TrimSuffix(r.base, mount)
	for _, path := range []string{"/", "/nothing", "/orchestrator", "/orchestrator/v1x", "//orchestrator/v1/jobs", mount + "//jobs", "/x" + mount + "/jobs", mount + mount + "/jobs"} {
		a := r.want(http.StatusNotFound, "puppetlabs.orchestrator/not-found", http.MethodGet, path, "")
		if kind := a.header.Get("Content-Type"); kind != "application/json; charset=utf-8" {
			t.Errorf("%s: %s", path, kind)
		}
	}
	r.want(http.StatusOK, `"items":[]`, http.MethodGet, mount+"/jobs", "")
}
