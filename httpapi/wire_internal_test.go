package httpapi

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLinksOfAServerWithoutAHost(t *testing.T) {
	addr := &net.TCPAddr{IP: net.IPv6loopback, Port: 8143}
	r := httptest.NewRequest(http.MethodGet, "/orchestrator/v1/jobs", nil)
	r.Host = ""
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, addr))
	assert.Equal(t, "http://[::1]:8143/orchestrator/v1", new(Options).baseURL(r, "/orchestrator/v1", "/jobs"))
}

func TestValidHost(t *testing.T) {
	for host, want := range map[string]bool{
		"h": true, "a-b.example.com": true, "h:8143": true, "192.0.2.1:1": true, "[::1]": true, "[2001:db8::1]:443": true, "a_b": true,
		"": false, ":1": false, "h:": false, "h:65536": false, "::1": false, "[::1": false, "[192.0.2.1]": false, "[fe80::1%eth0]": false,
		"a b": false, "a/b": false, "a@b": false, "a\nb": false, "ü.example.com": false, "h?": false, "h#": false, "h%41": false, strings.Repeat("a", 254): false,
	} {
		assert.Equal(t, want, validHost(host), host)
	}
}

func TestSplit(t *testing.T) {
	for sent, want := range map[string][2]string{
		"/orchestrator/v1/jobs":                   {"/orchestrator/v1", "/jobs"},
		"/orchestrator/v1/jobs/%31":               {"/orchestrator/v1", "/jobs/1"},
		"/orchestrator/v1/jobs%2F1":               {"", noPath},
		"/orchestrator%2fv1/jobs":                 {"", noPath},
		"/a%2Fb/orchestrator/v1/jobs":             {"/a/b/orchestrator/v1", "/jobs"},
		"/a//orchestrator/v1/jobs":                {"", noPath},
		"/orchestrator/v1/a/orchestrator/v1/jobs": {"/orchestrator/v1/a/orchestrator/v1", "/jobs"},
		"/a/b/orchestrator/v1/jobs/1":             {"/a/b/orchestrator/v1", "/jobs/1"},
		"/orchestrator/v1":                        {"/orchestrator/v1", ""},
		"/orchestrator/v1/":                       {"/orchestrator/v1", "/"},
		"/orchestrator/v10/jobs":                  {"", "/orchestrator/v10/jobs"},
		"/orchestrator/v1x/orchestrator/v1":       {"/orchestrator/v1x/orchestrator/v1", ""},
		"/jobs":                                   {"", "/jobs"},
		"jobs":                                    {"", "/jobs"},
		"":                                        {"", ""},
	} {
		mount, route := (&Options{}).split(parsedPath(t, sent))
		assert.Equal(t, want, [2]string{mount, route}, sent)
	}
}

func TestSplitAtFixedMount(t *testing.T) {
	for _, test := range []struct{ mount, sent, at, route string }{
		{"/orchestrator/v1", "/orchestrator/v1/jobs", "/orchestrator/v1", "/jobs"},
		{"/orchestrator/v1/", "/orchestrator/v1", "/orchestrator/v1", ""},
		{"/orchestrator/v1", "/jobs", "", noPath},
		{"/orchestrator/v1", "/x/orchestrator/v1/jobs", "", noPath},
		{"/orchestrator/v1", "/orchestrator/v1x/jobs", "", noPath},
		{"/orchestrator/v1", "/orchestrator/v1/orchestrator/v1/jobs", "/orchestrator/v1", "/orchestrator/v1/jobs"},
		{"/", "/jobs", "", "/jobs"},
		{"/", "/orchestrator/v1/jobs", "", "/orchestrator/v1/jobs"},
	} {
		mount, route := (&Options{Mount: test.mount}).split(parsedPath(t, test.sent))
		assert.Equal(t, [2]string{test.at, test.route}, [2]string{mount, route}, test)
	}
}

func parsedPath(t *testing.T, path string) *url.URL {
	t.Helper()
	u, err := url.Parse(path)
	require.NoError(t, err)
	return u
}

func TestBounded(t *testing.T) {
	for want, value := range map[string]any{
		`"x"`:                                 "x",
		`90`:                                  90 * time.Second,
		`[1,2]`:                               []int{1, 2},
		`null`:                                func() {},
		`"<a\n"`:                              "<a\n",
		`"` + strings.Repeat("x", 100) + `…"`: strings.Repeat("x", 101),
		`"[` + strings.Repeat("1,", 49) + `1…"`: func() []int {
			ones := make([]int, 60)
			for i := range ones {
				ones[i] = 1
			}
			return ones
		}(),
	} {
		assert.Equal(t, want, string(bounded(value)))
	}
}
