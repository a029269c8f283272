package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// What the handler owes whoever runs it, and where it is shown:
//
//	Job ids cannot be enumerated, lists, counts and feeds are filtered   TestNothingCanBeEnumerated, TestListsShowWhatMayBeSeen
//	Tokens are compared in constant time, and only as hashes             TestTokensAreLookedUpByAKeyedHash
//	They are never logged, and not in a URL that is                      TestTokenInAURL, TestTokensAreNowhere of examples/standalone
//	There are limits, and a cut is marked as a cut                       TestLimitsOfRequests, TestLimits of examples/standalone
//	Sensitive parameters are never stored, shown or logged               TestSecretsAreNowhereButInTheRunner, TestSensitiveParametersAreNowhere of examples/standalone
//	argv and never a shell string, validated names                       TestNothingReachesAShell of examples/standalone
//	Output is untrusted text                                             TestOutputIsText
//	Running commands is opt-in, loopback without authentication          TestRunningCommandsIsOptIn and TestWithoutAuthenticationOnlyLoopback of examples/standalone
//
// That host keys are always checked where ssh is spoken has no test: it is spoken nowhere here.

// There is a limit to what a request may ask for, with a default and an option.
func TestLimitsOfRequests(t *testing.T) {
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{MaxBody: 200, MaxLimit: 5}, core: orchestrator.Options{MaxNodes: 3}})
	for _, test := range []httpTest{
		{"POST", "/command/deploy", with(`"description":"` + strings.Repeat("x", 200) + `"`), 413, validation, "200 bytes"},
		{"POST", "/command/stop", strings.Repeat(" ", 201), 413, validation, "200 bytes"},
		{"POST", "/command/deploy", scoped(`{"nodes":["a","b","c","d"]}`), 400, validation, "3"},
		{"GET", "/jobs?limit=6", "", 400, validation, "limit"},
		{"GET", "/jobs/1/nodes?limit=6", "", 400, validation, "limit"},
	} {
		test.run(t, a)
	}
	a.get("/jobs?limit=5")
}

// A hook that panics shows nothing of why to the client.
func TestPanicsOfHooksAreHidden(t *testing.T) {
	hidden := func() { panic("secret: " + strings.Repeat("x", 10)) }
	for name, opts := range map[string]httpapi.Options{
		"Authenticate": {Authenticate: func(*http.Request) (httpapi.Principal, error) { hidden(); return httpapi.Principal{}, nil }},
		"Authorize":    {Authorize: func(httpapi.Principal, httpapi.Action) error { hidden(); return nil }},
		"Owner":        {Owner: func(*http.Request) orchestrator.Owner { hidden(); return orchestrator.Owner{} }},
		"BaseURLFunc":  {BaseURLFunc: func(*http.Request) string { hidden(); return "" }},
	} {
		log := new(logged)
		opts.Logger = log.logger()
		a := newAPI(t, setup{idle: true, opts: opts})
		a.deploy("a")
		for path, body := range map[string]string{"/jobs/1": "", "/jobs": "", "/command/stop": `{"job":"1"}`, "/command/deploy": deployBody} {
			method := http.MethodGet
			if body != "" {
				method = http.MethodPost
			}
			w := a.do(method, path, body)
			assert.Equal(t, http.StatusInternalServerError, w.Code, "%s: %s", name, path)
			assert.NotContains(t, w.Body.String(), "secret", "%s: %s", name, path)
			assert.NotContains(t, w.Body.String(), ".go", "%s: %s", name, path)
			assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		}
		assert.Contains(t, log.String(), "panic: secret", name)
	}
}

// What nodes say is text, whatever it is: it ends no string, begins no markup and drives no terminal.
func TestOutputIsText(t *testing.T) {
	const evil = "\x1b]0;title\x07</script><script>alert(1)</script>\"},{\"x\":\"\r\n\u2028\xff\xfe\x00"
	a := newAPI(t, setup{runner: &orchestratortest.Runner{Nodes: map[string]orchestratortest.Step{
		"text":   {Result: evil, Message: evil},
		"object": {Result: `{"<script>":"\u001b]0;</script>","__proto__":{"x":1},"a":"` + "\u2028" + `"}`, Message: evil, Failed: true},
		"deep":   {Result: strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)},
	}}})
	orchestratortest.Await(t, a.o, a.deploy("text", "object", "deep"))
	for _, path := range readPaths {
		w := a.do(http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, w.Code, path)
		parsed(t, strings.NewReader(w.Body.String()))
		assert.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"), path)
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), path)
		assert.True(t, utf8.Valid(w.Body.Bytes()), path)
		for _, c := range w.Body.Bytes() {
			if c < ' ' && c != '\n' {
				t.Fatalf("%s: a control character %#x: %q", path, c, w.Body)
			}
		}
	}
}

// Every answer says what it is, and that it is nobody else's business.
func TestHeadersOfAnswers(t *testing.T) {
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Authenticate: byHeader, Authorize: ownOnly}})
	a.create("amy")
	for _, user := range []string{"", "amy", "zoe"} {
		for _, path := range append([]string{"/nothing", "/jobs/x", "/jobs?limit=x"}, readPaths...) {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodHead} {
				r := httptest.NewRequest(method, "/orchestrator/v1"+path, nil)
				r.Header.Set("X-User", user)
				r.Header.Set("Origin", "https://evil.example.com")
				w := httptest.NewRecorder()
				a.h.ServeHTTP(w, r)
				assert.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"), path)
				assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), path)
				assert.Equal(t, "no-store", w.Header().Get("Cache-Control"), path)
				assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"), path)
			}
		}
	}
}
