//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seed-54b7607b/orchestrator/internal/openapitest"
)

// running is a server that runs inside of the test, as a command line says.
type running struct {
	t    *testing.T
	base string // URL of its API
	log  *fullLog
	http *http.Client
	stop func() // ends it, and waits for that
}

// start starts a server on any port, which logs all that it can.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	var stderr bytes.Buffer
	cfg, err := parse(append([]string{"-addr", "127.0.0.1:0"}, args...), &stderr)
	if err != nil {
		t.Fatal(err, stderr.String())
	}
	r := &running{t: t, log: &fullLog{url: make(chan string, 1)}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, cfg, slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})), io.Discard)
	}()
	transport := &http.Transport{}
	r.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r.stop = sync.OnceFunc(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	select {
	case r.base = <-r.log.url:
	case err := <-ended:
		ended <- nil
		t.Fatalf("the server ended: %v\n%s", err, r.log)
	}
	return r
}

// fullLog keeps all that is logged, and tells the URL that is served.
type fullLog struct {
	mu   sync.Mutex
	text bytes.Buffer
	url  chan string
}

func (l *fullLog) Write(p []byte) (int, error) {
	if _, after, ok := strings.Cut(string(p), "msg=serving url="); ok {
		l.url <- strings.Fields(after)[0]
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *fullLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// answer is what came back for a request.
type answer struct {
	status int
	header http.Header
	text   string
}

// do sends a request with headers, given as names and values in turn.
func (r *running) do(method, path, body string, headers ...string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.base+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	res, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	described(r.t, &openapitest.Exchange{Request: req, Sent: []byte(body), Status: res.StatusCode, Header: res.Header, Body: text})
	return answer{res.StatusCode, res.Header, string(text)}
}

// described checks an answer of the API, and leaves alone those that net/http gives without asking it.
func described(t *testing.T, e *openapitest.Exchange) {
	t.Helper()
	const mount = "/orchestrator/v1"
	path := e.Request.URL.Path
	if !strings.HasPrefix(path, mount+"/") || strings.Count(path, mount) > 1 || e.Status == http.StatusRequestHeaderFieldsTooLarge {
		return
	}
	c, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(e); err != nil {
		t.Errorf("not as described: %v", err)
	}
}

// contract is the description of the API.
var contract = sync.OnceValues(func() (*openapitest.Contract, error) {
	document, err := os.ReadFile(filepath.Join("..", "..", "httpapi", "openapi.json"))
	if err != nil {
		return nil, err
	}
	return openapitest.Load(document)
})

// want sends a request, and fails unless the answer has a status and a text in it.
func (r *running) want(status int, says, method, path, body string, headers ...string) answer {
	r.t.Helper()
	a := r.do(method, path, body, headers...)
	if a.status != status || !strings.Contains(a.text, says) {
		r.t.Errorf("%s %s %.200s: %d %.500s, not %d with %q", method, path, body, a.status, a.text, status, says)
	}
	return a
}

// ends waits for a job to end, and returns the state that it has then.
func (r *running) ends(job string, headers ...string) (state string) {
	r.t.Helper()
	await(r.t, func() bool {
		var j struct {
			State string `json:"state"`
		}
		if err := json.Unmarshal([]byte(r.do(http.MethodGet, "/jobs/"+job, "", headers...).text), &j); err != nil {
			r.t.Fatal(err)
		}
		state = j.State
		return state == "finished" || state == "failed" || state == "stopped"
	})
	return state
}

// readAll returns all that is in the files of a directory, without the parts that have not been written
// yet: a database makes its files as long as they may become.
func readAll(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	part := make([]byte, 1<<20)
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		for {
			n, err := io.ReadFull(file, part)
			if bytes.Count(part[:n], []byte{0}) != n {
				all.Write(part[:n])
			}
			if err != nil {
				return nil // at its end
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// exists reports whether there is a file.
func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// writeFile writes a file that only its owner may read.
func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// newTokenLine makes up a token for a login, as -new-token does.
func newTokenLine(t *testing.T, args ...string) (token, line string) {
	t.Helper()
	cfg, err := parse(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if err := cfg.access.printToken(&stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(stderr.String())
	return words[len(words)-1], stdout.String()
}

// asJSON returns the JSON text of a value.
func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}
