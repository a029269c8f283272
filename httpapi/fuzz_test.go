package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-54b7607b/orchestrator/httpapi"
)

// fuzzed sends a request and checks what holds for every answer, whatever was sent: it is one JSON
// value, unless it has no body at all, and it is not the server's fault.
func (a *api) fuzzed(t *testing.T, r *http.Request) {
	t.Helper()
	a.t = t
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	switch {
	case w.Code >= 500:
		t.Errorf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
	case w.Code >= 300 && w.Code < 400:
		t.Errorf("%s %s: redirected to %s", r.Method, r.URL, w.Header().Get("Location"))
	case r.Method == http.MethodGet || r.Method == http.MethodPost:
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s: not JSON: %q", r.Method, r.URL, w.Body)
		}
	}
}

func FuzzJobPath(f *testing.F) {
	for _, path := range []string{
		"/orchestrator/v1/jobs/1", "/orchestrator/v1/jobs/-1/nodes", "/jobs/99999999999999999999", "/jobs/%31/report", "//jobs//1",
		"/x/orchestrator/v1/orchestrator/v1/jobs/1/events", "jobs/1", "", "*", "/jobs/1/", "/jobs/\x00", "/orchestrator/v1", "/a%2Fb/orchestrator/v1/jobs/1",
	} {
		f.Add(path, "GET", "orchestrator.example.com")
	}
	f.Add("/orchestrator/v1/jobs", "HEAD", "[::1]:1")
	f.Add("/orchestrator/v1/command/stop", "OPTIONS", "\"<>")
	f.Add("/report", "BREW", "localhost")
	a := newAPI(f, setup{idle: true, opts: httpapi.Options{TrustForwarded: true}})
	a.deploy("a", "b")
	f.Fuzz(func(t *testing.T, path, method, host string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Method, r.Host, r.RequestURI = method, host, path
		r.Header.Set("X-Forwarded-Host", host)
		r.Header.Set("X-Forwarded-Prefix", path)
		r.Header.Set("Forwarded", "host="+host)
		for _, u := range []*url.URL{{Path: path}, {Path: "/orchestrator/v1/jobs/" + path}} {
			r.URL = u
			a.fuzzed(t, r)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		"", "limit=1&offset=1&order_by=name&order=desc", "limit=-1", "limit=99999999999999999999", "start=2", "start=9223372036854775807", "limit=%zz",
		"a;b", "limit=1&limit=1", "order_by=timestamp&offset=9223372036854775807", "limit=0", "type=task", "=&=&&",
		"type=task&task=pack&state=running&node=a&after=2&order=asc&limit=1", "min_finish_timestamp=2026-11-24T16:07:00Z&max_finish_timestamp=9999-12-31T23:59:59.999-23:59",
		"state=errored&order_by=duration&order=desc", "after=9223372036854775807&offset=9223372036854775807", "type=plan_task",
	} {
		f.Add(query)
	}
	a := newAPI(f, setup{idle: true})
	a.deploy("a")
	a.deploy("b")
	f.Fuzz(func(t *testing.T, query string) {
		for _, path := range []string{"/jobs", "/jobs/1", "/jobs/1/nodes", "/jobs/1/report", "/jobs/1/events"} {
			r := httptest.NewRequest(http.MethodGet, "/orchestrator/v1"+path, nil)
			r.URL.RawQuery = query
			a.fuzzed(t, r)
		}
	})
}

func (a *api) fuzzBody(t *testing.T, path, body string) {
	t.Helper()
	a.fuzzed(t, httptest.NewRequest(http.MethodPost, "/orchestrator/v1"+path, strings.NewReader(body)))
}

func FuzzDeployBody(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", "[]", `{"environment":"production","scope":{"nodes":["a"]}}`, deployBody, with(`"timeout":-9223372036854775808`),
		with(`"userdata":{"a":"\ud800"},"concurrency":0.5`), scoped(`{"query":["from"]}`), scoped(`{"application":null,"nodes":[null]}`), `{"environment":"x","target":"y"}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		a := newAPI(t, setup{idle: true})
		a.fuzzBody(t, "/command/deploy", body)
		a.fuzzed(t, httptest.NewRequest(http.MethodGet, "/orchestrator/v1/jobs", nil))
		a.fuzzed(t, httptest.NewRequest(http.MethodGet, "/orchestrator/v1/jobs/1/nodes", nil))
	})
}

func FuzzStopBody(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", `{"job":"1"}`, `{"job":1,"force":true}`, `{"job":1e400}`, `{"job":"-0"}`, `{"job":{"a":[]}}`, `{"job":"1","force":null}`, `{"job":"1"}x`,
	} {
		f.Add(body)
	}
	a := newAPI(f, setup{idle: true})
	a.deploy("a")
	f.Fuzz(func(t *testing.T, body string) { a.fuzzBody(t, "/command/stop", body) })
}
