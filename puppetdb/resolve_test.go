package puppetdb_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/puppetdb"
)

// answering is a PuppetDB that answers every query alike, and keeps the last.
type answering struct {
	status int
	kind   string
	body   string

	path, asked string
}

func (a *answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Accept") != "application/json" {
		http.Error(w, "not a query", http.StatusTeapot)
		return
	}
	a.path, a.asked = r.URL.Path, string(body)
	w.Header().Set("Content-Type", a.kind)
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

func serving(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func resolver(t testing.TB, url string, opts *puppetdb.Options) *puppetdb.Resolver {
	t.Helper()
	if opts == nil {
		opts = &puppetdb.Options{}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	r, err := puppetdb.New(url, opts)
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

func ask(t testing.TB, r orchestrator.Resolver, query string) ([]string, error) {
	t.Helper()
	return r.Resolve(t.Context(), "staging", orchestrator.Scope{Query: []byte(query)})
}

func TestQueriesAreSentAsTheyAre(t *testing.T) {
	nodes, err := os.ReadFile("testdata/pdb-nodes.json")
	require.NoError(t, err)
	pdb := &answering{status: 200, kind: "application/json;charset=utf-8", body: string(nodes)}
	url := serving(t, pdb)
	for base, path := range map[string]string{url: "/pdb/query/v4", url + "/": "/pdb/query/v4", url + "/below/": "/below/pdb/query/v4"} {
		r := resolver(t, base, nil)
		for _, query := range []string{`"nodes[certname] { certname ~ \"^web\" and facts.x < 3 }"`, `["from","nodes",["=","certname","a"]]`} {
			names, err := ask(t, r, query)
			require.NoError(t, err)
			assert.Equal(t, []string{"failing1", "pdbnode1", "nocompile1"}, names)
			assert.Equal(t, path, pdb.path)
			assert.JSONEq(t, `{"query":`+query+`}`, pdb.asked, "the environment, or anything else, was added")
		}
	}
}

func TestScopesWithoutAQuery(t *testing.T) {
	r := resolver(t, "http://127.0.0.1:1", nil)
	_, err := r.Resolve(t.Context(), "", orchestrator.Scope{NodeGroup: "web"})
	assert.Equal(t, orchestrator.ErrUnresolved, err)
}

func TestWhatClientsAreToldOfErrors(t *testing.T) {
	const parse = "PQL parse error at line 1, column 1:\n\nnull\n^\n\nExpected one of:\n\nevents\nedges\n#\"\\s+\"\n"
	for _, test := range []struct {
		answering
		kind error
		msg  string
	}{
		{answering{status: 400, kind: "text/plain", body: parse}, orchestrator.ErrInvalidQuery, "PuppetDB query failed: " + parse},
		{answering{status: 400, kind: "text/plain; charset=utf-8", body: "a\xffb"}, orchestrator.ErrInvalidQuery, "PuppetDB query failed: ab"},
		{answering{status: 400, kind: "text/plain", body: strings.Repeat("x", 5000)}, orchestrator.ErrInvalidQuery, "PuppetDB query failed: " + strings.Repeat("x", 4096)},
		{answering{status: 400, kind: "text/html", body: "<h1>proxy 10.1.2.3</h1>"}, orchestrator.ErrUnresolved, "PuppetDB answered with status 400."},
		{answering{status: 200, kind: "application/json", body: `[{"count":3}]`}, orchestrator.ErrInvalidQuery, "PuppetDB query failed: it has to return the certname of nodes, and element 0 of its answer has none"},
		{answering{status: 200, kind: "application/json", body: `[{"certname":"a"}`}, orchestrator.ErrUnresolved, "The answer of PuppetDB cannot be read."},
		{answering{status: 200, kind: "text/html", body: `<h1>welcome</h1>`}, orchestrator.ErrUnresolved, "The answer of PuppetDB cannot be read."},
		{answering{status: 401, kind: "text/plain", body: `x`}, orchestrator.ErrUnresolved, "PuppetDB does not let this server ask."},
		{answering{status: 403, kind: "text/plain", body: `Permission denied: /pdb/query/v4`}, orchestrator.ErrUnresolved, "PuppetDB does not let this server ask."},
		{answering{status: 404, kind: "text/plain", body: `x`}, orchestrator.ErrUnresolved, "The URL that this server has for PuppetDB does not lead to one."},
		{answering{status: 500, kind: "text/plain", body: `java.lang.Error`}, orchestrator.ErrUnresolved, "PuppetDB answered with status 500."},
		{answering{status: 503, kind: "text/plain", body: `starting`}, orchestrator.ErrUnresolved, "PuppetDB answered with status 503."},
	} {
		var log bytes.Buffer
		r := resolver(t, serving(t, &test.answering), &puppetdb.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		names, err := ask(t, r, `"nodes{}"`)
		assert.Nil(t, names)
		told(t, err, test.kind, test.msg)
		if errors.Is(test.kind, orchestrator.ErrUnresolved) {
			assert.Contains(t, log.String(), "PuppetDB could not be asked", test.msg)
		} else {
			assert.Empty(t, log.String(), "a client's mistake was logged")
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := &answering{status: 200, kind: "application/json", body: `[]`}
	url := serving(t, http.RedirectHandler(serving(t, elsewhere), http.StatusTemporaryRedirect))
	_, err := ask(t, resolver(t, url, nil), `"nodes{}"`)
	told(t, err, orchestrator.ErrUnresolved, "PuppetDB answered with status 307.")
	assert.Empty(t, elsewhere.asked)
}

// told checks which kind an error is, and what a client is told of it.
func told(t *testing.T, err, kind error, msg string) {
	t.Helper()
	require.ErrorIs(t, err, kind)
	scope, ok := errors.AsType[*orchestrator.ScopeError](err)
	require.True(t, ok, err)
	assert.Equal(t, msg, scope.Msg)
}

func TestAPuppetDBThatIsNotThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	var log bytes.Buffer
	_, err = ask(t, resolver(t, "http://"+address, &puppetdb.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}), `"nodes{}"`)
	told(t, err, orchestrator.ErrUnresolved, "PuppetDB cannot be reached.")
	assert.Contains(t, log.String(), "connection refused")
	assert.Contains(t, log.String(), address)
}

// silent takes a query and does not answer, or not to the end.
func silent(begin string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if begin != "" {
			_, _ = io.WriteString(w, begin)
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}
}

func TestAPuppetDBThatDoesNotAnswer(t *testing.T) {
	for _, begin := range []string{"", `[{"certname":"a"},`} {
		_, err := ask(t, resolver(t, serving(t, silent(begin)), &puppetdb.Options{Timeout: 50 * time.Millisecond}), `"nodes{}"`)
		told(t, err, orchestrator.ErrUnresolved, "PuppetDB took too long to answer.")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") // does not even say hello
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	_, err = ask(t, resolver(t, "https://"+listener.Addr().String(), &puppetdb.Options{Timeout: 50 * time.Millisecond}), `"nodes{}"`)
	told(t, err, orchestrator.ErrUnresolved, "PuppetDB took too long to answer.")
}

func TestAClientThatDoesNotWait(t *testing.T) {
	asked := make(chan struct{})
	url := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		silent("")(w, r)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	_, err := resolver(t, url, nil).Resolve(ctx, "", orchestrator.Scope{Query: []byte(`"nodes{}"`)})
	assert.Equal(t, context.Canceled, err)
}

func TestServersThatCannotBeAsked(t *testing.T) {
	const form = "must be a URL with http or https and a host, such as https://puppetdb.example.com:8081"
	for server, want := range map[string]string{
		"":                              `server ` + form + ` (given: "")`,
		"puppetdb:8081":                 `server ` + form + ` (given: "puppetdb:8081")`,
		"ftp://puppetdb":                `server ` + form + ` (given: "ftp://puppetdb")`,
		"https://:8081":                 `server ` + form + ` (given: "https://:8081")`,
		"https://puppetdb/?token=s3cr3": `server ` + form + ` (given: "https://puppetdb/")`,
		"https://puppetdb/#x":           `server ` + form + ` (given: "https://puppetdb/#x")`,
		"https://pup\npet":              `server ` + form + ` (given: "https://pup\npet")`,
		"https://me:s3cr3@puppetdb":     `server must not have a user or a password before it (given: "puppetdb")`,
		"https://me:s3cr3@pup\npet":     `server must not have a user or a password before it (given: "pup\npet")`,
	} {
		_, err := puppetdb.New(server, nil)
		require.ErrorIs(t, err, orchestrator.ErrInvalid)
		assert.Equal(t, want, err.Error())
	}
	_, err := puppetdb.New("http://puppetdb", &puppetdb.Options{CA: "ca.pem"})
	require.EqualError(t, err, `server must begin with https:// if there are certificates (given: "http://puppetdb")`)
	_, err = puppetdb.New("http://puppetdb", &puppetdb.Options{Timeout: -1})
	assert.EqualError(t, err, `Options.Timeout must not be negative (given: -1ns)`)
}
