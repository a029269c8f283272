package httpapi_test

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator/httpapi"
)

// mounting is a way to mount the handler, and the path, below the server's URL, under which its
// clients then find the API.
type mounting struct {
	name  string
	path  string
	opts  httpapi.Options
	mount func(h http.Handler) http.Handler
}

func onMux(pattern string, wrap func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle(pattern, wrap(h))
		return mux
	}
}

func plain(h http.Handler) http.Handler { return h }

func stripped(prefix string) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler { return http.StripPrefix(prefix, h) }
}

// rewritten is a middleware that tells the handler of another path than the client's.
func rewritten(from, to string) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r = r.Clone(r.Context())
			r.URL.Path = to + strings.TrimPrefix(r.URL.Path, from)
			h.ServeHTTP(w, r)
		})
	}
}

var mountings = []mounting{
	{name: "root", path: "/orchestrator/v1", mount: plain},
	{name: "root, without a path of its own", path: "", mount: plain},
	{name: "mux", path: "/orchestrator/v1", mount: onMux("/orchestrator/v1/", plain)},
	{name: "mux, all paths", path: "/orchestrator/v1", mount: onMux("/", plain)},
	{name: "mux, stripped", path: "/orchestrator/v1", mount: onMux("/orchestrator/v1/", stripped("/orchestrator/v1"))},
	{name: "mux, stripped with the slash", path: "/orchestrator/v1", mount: onMux("/orchestrator/v1/", stripped("/orchestrator/v1/"))},
	{name: "deeper", path: "/api/x/orchestrator/v1", mount: onMux("/api/x/orchestrator/v1/", plain)},
	{name: "deeper, below the prefix", path: "/api/x/orchestrator/v1", mount: onMux("/api/x/", plain)},
	{name: "deeper, all stripped", path: "/api/x/orchestrator/v1", mount: onMux("/api/x/orchestrator/v1/", stripped("/api/x/orchestrator/v1"))},
	{name: "deeper, prefix stripped", path: "/api/x/orchestrator/v1", mount: onMux("/api/x/", stripped("/api/x"))},
	{name: "another name, stripped", path: "/fleet", mount: onMux("/fleet/", stripped("/fleet"))},
	{name: "a prefix that has the name in it", path: "/orchestrator/v1x/orchestrator/v1", mount: onMux("/orchestrator/v1x/", plain)},
	{name: "an escaped prefix", path: "/a%20b%2Fc/orchestrator/v1", mount: plain},
	{name: "an escaped prefix, stripped", path: "/a%20b/orchestrator/v1", mount: stripped("/a b")},
	{name: "rewritten, with a base URL function", path: "/v9", mount: rewritten("/v9", "/orchestrator/v1"), opts: httpapi.Options{
		BaseURLFunc: func(r *http.Request) string { return "http://" + r.Host + "/v9" },
	}},
	{name: "a path router that keeps RequestURI", path: "/v9", mount: rewritten("/v9", "/orchestrator/v1")},
}

func TestMounted(t *testing.T) {
	for _, m := range mountings {
		t.Run(m.name, func(t *testing.T) {
			a := newAPI(t, setup{idle: true, opts: m.opts})
			server := httptest.NewServer(m.mount(a.h))
			defer server.Close()
			follow(t, server.Client(), server.URL+m.path)
		})
	}
}

func TestMountedWithTLS(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	server := httptest.NewTLSServer(a.h)
	defer server.Close()
	require.True(t, strings.HasPrefix(server.URL, "https://"))
	follow(t, server.Client(), server.URL+"/orchestrator/v1")
}

// proxied returns the URL of a proxy before the handler, which strips /outside from paths.
func proxied(t *testing.T, h http.Handler, rewrite func(*httputil.ProxyRequest)) *httptest.Server {
	t.Helper()
	backend := httptest.NewServer(h)
	t.Cleanup(backend.Close)
	target, err := url.Parse(backend.URL)
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	front := httptest.NewTLSServer(http.StripPrefix("/outside", &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			rewrite(r)
		},
	}))
	t.Cleanup(front.Close)
	return front
}

func TestBehindProxy(t *testing.T) {
	for name, rewrite := range map[string]func(*httputil.ProxyRequest){
		"X-Forwarded": func(r *httputil.ProxyRequest) {
			r.SetXForwarded()
			r.Out.Header.Set("X-Forwarded-Prefix", "/outside/")
		},
		"Forwarded": func(r *httputil.ProxyRequest) {
			r.Out.Header.Set("Forwarded", `for=192.0.2.1;Host="`+r.In.Host+`";proto=https, for=10.0.0.1;host=inside;proto=http`)
			r.Out.Header.Set("X-Forwarded-Prefix", "outside")
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, setup{idle: true, opts: httpapi.Options{TrustForwarded: true}})
			front := proxied(t, a.h, rewrite)
			follow(t, front.Client(), front.URL+"/outside/orchestrator/v1")
		})
	}
	t.Run("base URL", func(t *testing.T) {
		var base string
		a := newAPI(t, setup{idle: true, opts: httpapi.Options{BaseURLFunc: func(*http.Request) string { return base }}})
		front := proxied(t, a.h, func(*httputil.ProxyRequest) {})
		base = front.URL + "/outside/orchestrator/v1"
		follow(t, front.Client(), base)

		a.h = contract().Handler(t, httpapi.New(a.o, &httpapi.Options{BaseURL: base + "/"}))
		assert.Equal(t, base+"/jobs/1", at(t, a.get("/jobs/1"), "id"))
	})
}

// follow makes a job and follows every link in every answer, as it is.
func follow(t *testing.T, client *http.Client, base string) {
	t.Helper()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Post(base+"/command/deploy", "application/json", strings.NewReader(with(`"noop":true`)))
	require.NoError(t, err)
	answer := read(t, res, http.StatusAccepted)
	res, err = client.Post(base+"/command/stop", "application/json", strings.NewReader(`{"job":"1"}`))
	require.NoError(t, err)
	require.Equal(t, at(t, answer, "job", "id"), at(t, read(t, res, http.StatusAccepted), "job", "id"))

	seen := map[string]bool{}
	todo := append(linksIn(answer), base+"/jobs")
	for len(todo) > 0 {
		link := todo[0]
		todo = todo[1:]
		if seen[link] {
			continue
		}
		seen[link] = true
		require.True(t, strings.HasPrefix(link, base+"/jobs"), "%s is not below %s", link, base)
		res, err := client.Get(link)
		require.NoError(t, err)
		todo = append(todo, linksIn(read(t, res, http.StatusOK))...)
	}
	for _, path := range []string{"/jobs", "/jobs/1", "/jobs/1/nodes", "/jobs/1/report", "/jobs/1/events", "/jobs/1/events?start=1"} {
		assert.True(t, seen[base+path], path)
	}
	for _, path := range []string{"/jobs/", "/jobs/1/", "/nothing"} {
		res, err := client.Get(base + path)
		require.NoError(t, err)
		read(t, res, http.StatusNotFound)
	}
}

func read(t *testing.T, res *http.Response, status int) any {
	t.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, status, res.StatusCode, string(text))
	var v any
	require.NoError(t, json.Unmarshal(text, &v), string(text))
	return v
}

// linksIn returns every URL in a value.
func linksIn(v any) []string {
	var links []string
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "://") {
			links = append(links, v)
		}
	case []any:
		for _, item := range v {
			links = append(links, linksIn(item)...)
		}
	case map[string]any:
		for _, item := range v {
			links = append(links, linksIn(item)...)
		}
	}
	return links
}

func TestLinksOfARequest(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	a.deploy("a")
	trusting := contract().Handler(t, httpapi.New(a.o, &httpapi.Options{TrustForwarded: true}))
	for _, test := range []struct {
		name   string
		uri    string // of the request, with its scheme if a proxy sends it
		host   string
		header http.Header
		want   string
		trust  bool
	}{
		{name: "host", host: "h:1", want: "http://h:1/orchestrator/v1/jobs/1"},
		{name: "IPv6", host: "[::1]:8143", want: "http://[::1]:8143/orchestrator/v1/jobs/1"},
		{name: "no host", host: "", want: "http://localhost/orchestrator/v1/jobs/1"},
		{name: "bad host", host: `h"/><script>`, want: "http://localhost/orchestrator/v1/jobs/1"},
		{name: "user in host", host: "user@h", want: "http://localhost/orchestrator/v1/jobs/1"},
		{name: "path in host", host: "h/x?", want: "http://localhost/orchestrator/v1/jobs/1"},
		{name: "bad port", host: "h:x", want: "http://localhost/orchestrator/v1/jobs/1"},
		{name: "bad address", host: "[::1", want: "http://localhost/orchestrator/v1/jobs/1"},
		{name: "not trusted", host: "h", header: http.Header{
			"X-Forwarded-Host": {"evil"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Prefix": {"/evil"}, "Forwarded": {"host=evil;proto=https"},
		}, want: "http://h/orchestrator/v1/jobs/1"},
		{name: "trusted", trust: true, host: "h", header: http.Header{
			"X-Forwarded-Host": {"front:9, inner"}, "X-Forwarded-Proto": {"HTTPS, http"}, "X-Forwarded-Prefix": {"/a, /b/"}, "Forwarded": {"host=evil"},
		}, want: "https://front:9/a/b/orchestrator/v1/jobs/1"},
		{name: "trusted, but nonsense", trust: true, host: "h", header: http.Header{
			"X-Forwarded-Host": {"e/vil"}, "X-Forwarded-Proto": {"javascript"}, "X-Forwarded-Prefix": {"//evil.com/\"<>"}, "Forwarded": {`host="e vil";proto=data;;=`},
		}, want: "http://h/orchestrator/v1/jobs/1"},
		{name: "prefix with dots", trust: true, host: "h", header: http.Header{"X-Forwarded-Prefix": {"/a/../b"}}, want: "http://h/orchestrator/v1/jobs/1"},
		{name: "absolute URI", uri: "http://proxy.example.com/x/orchestrator/v1/jobs/1", host: "h", want: "http://h/x/orchestrator/v1/jobs/1"},
		{name: "escaped id", uri: "/orchestrator/v1/jobs/%31", host: "h", want: "http://h/orchestrator/v1/jobs/1"},
		{name: "no RequestURI", uri: "-", host: "h", want: "http://h/orchestrator/v1/jobs/1"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/orchestrator/v1/jobs/1", nil)
		if test.uri != "" {
			r.RequestURI = test.uri
		}
		r.Host = test.host
		maps.Copy(r.Header, test.header)
		w := httptest.NewRecorder()
		if test.trust {
			trusting.ServeHTTP(w, r)
		} else {
			a.h.ServeHTTP(w, r)
		}
		assert.Equal(t, test.want, at(t, parsed(t, w.Body), "id"), test.name)
	}
	r := httptest.NewRequest(http.MethodGet, "/orchestrator/v1/jobs/1", nil)
	r.TLS = &tls.ConnectionState{}
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	assert.Equal(t, "https://example.com/orchestrator/v1/jobs/1", at(t, parsed(t, w.Body), "id"))
}
