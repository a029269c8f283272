package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

var (
	readPaths  = []string{"", "/", "/status", "/inventory/a", "/jobs", "/jobs/1", "/jobs/1/nodes", "/jobs/1/report", "/jobs/1/events"}
	writePaths = []string{"/command/deploy", "/command/task", "/command/stop"}
	bothPaths  = []string{"/inventory"}
)

func TestMethodsNotAllowed(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	for allow, paths := range map[string][]string{
		"GET, HEAD, OPTIONS": readPaths, "OPTIONS, POST": writePaths, "GET, HEAD, OPTIONS, POST": bothPaths,
	} {
		for _, path := range paths {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "BREW"} {
				allowed := slices.Contains(strings.Split(allow, ", "), method)
				w := a.do(method, path, "")
				switch {
				case method == http.MethodOptions:
					assert.Equal(t, http.StatusNoContent, w.Code, path)
					assert.Equal(t, allow, w.Header().Get("Allow"), path)
				case allowed:
					assert.NotEqual(t, http.StatusMethodNotAllowed, w.Code, method+path)
				default:
					assert.Equal(t, http.StatusMethodNotAllowed, w.Code, method+path)
					assert.Equal(t, allow, w.Header().Get("Allow"), method+path)
					if method != http.MethodHead {
						assert.Equal(t, "puppetlabs.orchestrator/method-not-allowed", at(t, parsed(t, w.Body), "kind"))
					}
				}
			}
		}
	}
}

// TestEmptySegments asks for paths of which a segment is empty: there is nothing, whatever the method is.
func TestEmptySegments(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	for _, path := range []string{"/jobs//report", "/jobs//", "/jobs/", "//jobs", "/jobs/1//nodes", "/inventory/", "/command//stop", "//"} {
		for _, method := range []string{"GET", "POST", "PUT", "OPTIONS", "BREW"} {
			w := a.do(method, path, "")
			assert.Equal(t, http.StatusNotFound, w.Code, method+path)
			assert.Equal(t, "puppetlabs.orchestrator/not-found", at(t, parsed(t, w.Body), "kind"), method+path)
		}
	}
}

func TestHead(t *testing.T) {
	a := newAPI(t, setup{})
	orchestratortest.Await(t, a.o, a.deploy("a", "b"))
	paths := append([]string{"/jobs/99", "/jobs/abc", "/jobs/99/nodes", "/jobs/99/report", "/jobs/99/events", "/jobs?limit=x", "/jobs?limit=0", "/inventory", "/inventory/-", "/nothing", "/command/stop"}, readPaths...)
	for _, path := range paths {
		got, want := a.do(http.MethodHead, path, ""), a.do(http.MethodGet, path, "")
		assert.Equal(t, want.Code, got.Code, path)
		assert.Equal(t, want.Header(), got.Header(), path)
		assert.Empty(t, got.Body.String(), path)
		if length := want.Header().Get("Content-Length"); length != "" {
			assert.Equal(t, length, strconv.Itoa(want.Body.Len()), path)
		}
	}
}

func TestHeadOverHTTP(t *testing.T) {
	a := newAPI(t, setup{})
	orchestratortest.Await(t, a.o, a.deploy("a", "b"))
	server := httptest.NewServer(a.h)
	defer server.Close()
	for _, path := range readPaths {
		res, err := server.Client().Head(server.URL + "/orchestrator/v1" + path)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusOK, res.StatusCode, path)
		assert.Equal(t, "application/json; charset=utf-8", res.Header.Get("Content-Type"), path)
	}
}

func TestNilOptions(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	a.h = contract().Handler(t, httpapi.New(a.o, nil))
	require.Equal(t, http.StatusAccepted, a.do(http.MethodPost, "/command/deploy", with(`"noop":true`)).Code)
	assert.Equal(t, "anonymous", at(t, a.get("/jobs/1"), "owner", "login"))
}

func TestOptionsAreCopied(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	opts := &httpapi.Options{BaseURL: "https://jobs.example.com/"}
	a.h = contract().Handler(t, httpapi.New(a.o, opts))
	opts.BaseURL = "https://elsewhere.example.com"
	a.deploy("a")
	assert.Equal(t, "https://jobs.example.com/jobs/1", at(t, a.get("/jobs/1"), "id"))
}
