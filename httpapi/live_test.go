package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// inMemory is a listener whose connections never leave the process, so that a server works in a bubble.
// They hold nothing: what one side writes waits for the other to read it.
type inMemory struct {
	dialed chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *inMemory) Accept() (net.Conn, error) {
	select {
	case conn := <-l.dialed:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *inMemory) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *inMemory) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func (l *inMemory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.dialed <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// live is a server of an api on connections in memory, and a client of it.
type live struct {
	*api
	server *http.Server
	client *http.Client
}

// serveInMemory serves the api until the test ends, by a server that may be set up first.
func (a *api) serveInMemory(set ...func(*http.Server)) *live {
	a.t.Helper()
	listener := &inMemory{dialed: make(chan net.Conn), closed: make(chan struct{})}
	transport := &http.Transport{DialContext: listener.dial, DisableCompression: true}
	l := &live{api: a, server: &http.Server{Handler: a.h}, client: &http.Client{Transport: transport}}
	for _, set := range set {
		set(l.server)
	}
	transport.Protocols = l.server.Protocols
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = l.server.Serve(listener)
	}()
	a.t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = l.server.Close()
		<-served
	})
	return l
}

// open sends a GET and returns the answer as soon as it begins. Headers are pairs of names and values.
func (l *live) open(ctx context.Context, path string, headers ...string) *http.Response {
	l.t.Helper()
	res, err := l.ask(ctx, path, headers...)
	require.NoError(l.t, err)
	return res
}

// ask is open for goroutines that are not the test's own.
func (l *live) ask(ctx context.Context, path string, headers ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://orchestrator.example.com:8143/orchestrator/v1"+path, nil)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := l.client.Do(r)
	if err != nil {
		return nil, err
	}
	l.t.Cleanup(func() { res.Body.Close() })
	return res, nil
}

// asks are the headers that ask for a form.
var (
	asksSSE    = []string{"Accept", "text/event-stream"}
	asksNDJSON = []string{"Accept", "application/x-ndjson"}
)

// told is one event as a client was told of it.
type told struct {
	id, kind string         // of the server-sent event; "" in a line
	data     map[string]any // the JSON object
}

// heard reads a stream as strictly as its format allows.
type heard struct {
	body     *bufio.Reader
	comments int
	lastID   string // as a browser keeps it
	retry    string
}

func hear(res *http.Response) *heard { return &heard{body: bufio.NewReader(res.Body)} }

// event returns the next server-sent event, or the error that the stream ends with.
func (h *heard) event() (told, error) {
	var e told
	for data := ""; ; {
		line, err := h.body.ReadString('\n')
		if err != nil {
			if errors.Is(err, io.EOF) && (line != "" || data != "") {
				err = io.ErrUnexpectedEOF
			}
			return e, err
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && data == "":
			e = told{}
		case line == "":
			e.id = h.lastID
			e.data, err = object(data)
			return e, err
		case line == ":":
			h.comments++
		case name == "id":
			h.lastID = value
		case name == "event":
			e.kind = value
		case name == "data" && data == "":
			data = value
		case name == "retry":
			h.retry = value
		default:
			return e, fmt.Errorf("line %q", line)
		}
	}
}

// line returns the next line that is not empty.
func (h *heard) line() (told, error) {
	for {
		line, err := h.body.ReadString('\n')
		if err != nil {
			if errors.Is(err, io.EOF) && line != "" {
				err = io.ErrUnexpectedEOF
			}
			return told{}, err
		}
		if line == "\n" {
			h.comments++
			continue
		}
		data, err := object(line)
		return told{data: data}, err
	}
}

// object parses a JSON object as parsed does.
func object(text string) (map[string]any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var o map[string]any
	err := dec.Decode(&o)
	return o, err
}

// all reads the stream to its end.
func (h *heard) all(next func() (told, error)) (events []told, err error) {
	for {
		e, err := next()
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return events, nil
		}
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
}

// ids returns the ids of events, as one text.
func ids(events []told) string {
	list := make([]string, len(events))
	for i, e := range events {
		list[i] = e.data["id"].(string)
	}
	return strings.Join(list, " ")
}

// upTo returns the ids from one to another as ids does.
func upTo(from, to int) string {
	var list []string
	for id := from; id <= to; id++ {
		list = append(list, strconv.Itoa(id))
	}
	return strings.Join(list, " ")
}

// slowly runs every node for a time.
func slowly(d time.Duration) orchestrator.Runner {
	return &orchestratortest.Runner{Default: orchestratortest.Step{Takes: d, Result: `{"_output":"done"}`}}
}

// await waits for a job to end.
func await(t testing.TB, a *api, id orchestrator.JobID) { orchestratortest.Await(t, a.o, id) }

// doHeaders sends a request with headers, pairs of names and values, to the handler itself.
func (a *api) doHeaders(method, path string, headers ...string) *httptest.ResponseRecorder {
	a.t.Helper()
	return a.doHeadersContext(a.t.Context(), method, path, headers...)
}

func (a *api) doHeadersContext(ctx context.Context, method, path string, headers ...string) *httptest.ResponseRecorder {
	a.t.Helper()
	r := httptest.NewRequestWithContext(ctx, method, "/orchestrator/v1"+path, nil)
	r.Host = "orchestrator.example.com:8143"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	return w
}
