package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
)

const (
	emptyTarget   = "puppetlabs.orchestrator/empty-target"
	unknownTarget = "puppetlabs.orchestrator/unknown-target"
	noResolver    = "puppetlabs.orchestrator/puppetdb-error"
)

func deployTest(body, kind, says string) httpTest {
	return httpTest{http.MethodPost, "/command/deploy", body, http.StatusBadRequest, kind, says}
}

// with returns the body of a deploy that is fine but for some members.
func with(members string) string {
	return `{"environment":"production","scope":{"nodes":["a"]},` + members + `}`
}

func scoped(scope string) string {
	return `{"environment":"production","scope":` + scope + `}`
}

func TestDeployRefused(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	for _, test := range []httpTest{
		deployTest(``, validation, "body must be a JSON object, and is empty"),
		deployTest(" \n", validation, "body must be a JSON object, and is empty"),
		deployTest(`environment=production`, validation, "body must be a JSON object: invalid character 'e'"),
		deployTest(`{"environment":"production"`, validation, "body must be a JSON object: unexpected end"),
		deployTest(with(`"noop":true`)+` {}`, validation, "body must be a JSON object: invalid character '{' after"),
		deployTest(`[]`, validation, "body must be a JSON object (given: [])"),
		deployTest(`null`, validation, "body must be a JSON object (given: null)"),
		deployTest(`"x"`, validation, `body must be a JSON object (given: "x")`),
		deployTest(strings.Repeat(`{"a":`, 100_000), validation, "body must be a JSON object: "),

		deployTest(`{}`, validation, "environment must be given"),
		deployTest(`{"environment":null}`, validation, "environment must be given"),
		deployTest(`{"environment":7}`, validation, "environment must be a string (given: 7)"),
		deployTest(`{"environment":"a b","scope":{"nodes":["a"]}}`, validation, "environment must consist of letters"),
		deployTest(`{"environment":"","scope":{"nodes":["a"]}}`, validation, "environment must not be empty while enforce_environment is true"),

		deployTest(`{"environment":"production"}`, validation, "scope must be given"),
		deployTest(scoped(`null`), validation, "scope must be given"),
		deployTest(scoped(`{}`), validation, "scope must be given"),
		deployTest(scoped(`{"nodes":null}`), validation, "scope must be given"),
		deployTest(scoped(`{"node":["a"]}`), validation, "scope must be given"),
		deployTest(scoped(`{"whole_environment":false}`), validation, "scope must be given"),
		deployTest(scoped(`["a"]`), validation, `scope must be a JSON object (given: ["a"])`),
		deployTest(scoped(`{"nodes":["a"],"query":"q"}`), validation, "scope must have only one of nodes, query, node_group, and has both nodes and query"),
		deployTest(scoped(`{"nodes":"a"}`), validation, `scope.nodes must be an array of strings (given: "a")`),
		deployTest(scoped(`{"nodes":["a",7]}`), validation, "scope.nodes[1] must be a string (given: 7)"),
		deployTest(scoped(`{"nodes":["a",null]}`), validation, "scope.nodes[1] must be a string (given: null)"),
		deployTest(scoped(`{"nodes":["a","-rf"]}`), validation, "scope.nodes[1] "),
		deployTest(scoped(`{"nodes":[]}`), emptyTarget, "No nodes were found for the specified target. Nothing to do."),
		deployTest(scoped(`{"query":"nodes[certname]{}"}`), noResolver, "cannot find out which nodes are in the scope"),
		deployTest(scoped(`{"query":["from","nodes"]}`), noResolver, "cannot find out which nodes are in the scope"),
		deployTest(scoped(`{"query":7}`), validation, "scope.query must be a string or an array (given: 7)"),
		deployTest(scoped(`{"whole_environment":true}`), noResolver, "does not know which nodes an environment has"),
		deployTest(scoped(`{"whole_environment":1}`), validation, "scope.whole_environment must be a boolean (given: 1)"),
		deployTest(scoped(`{"node_group":"00000000-0000-4000-8000-000000000000"}`), noResolver, "cannot find out which nodes are in the scope"),
		deployTest(scoped(`{"node_group":""}`), validation, `scope.node_group must not be empty (given: "")`),
		deployTest(scoped(`{"node_group":{}}`), validation, "scope.node_group must be a string (given: {})"),
		deployTest(scoped(`{"application":"App[x]"}`), unknownTarget, "The target was not found in environment production: App[x]"),
		deployTest(scoped(`{"application":7}`), validation, "scope.application must be a string"),
		deployTest(`{"environment":"production","target":"App"}`, unknownTarget, "The target was not found in environment production: App"),
		deployTest(`{"environment":"production","target":7}`, validation, "target must be a string (given: 7)"),

		deployTest(with(`"noop":"true"`), validation, `noop must be a boolean (given: "true")`),
		deployTest(with(`"noop":true,"no_noop":true`), validation, "no_noop must not be true together with noop"),
		deployTest(with(`"enforce_environment":1`), validation, "enforce_environment must be a boolean (given: 1)"),
		deployTest(with(`"debug":[]`), validation, "debug must be a boolean"),
		deployTest(with(`"trace":0`), validation, "trace must be a boolean"),
		deployTest(with(`"evaltrace":""`), validation, "evaltrace must be a boolean"),
		deployTest(with(`"concurrency":"3"`), validation, `concurrency must be an integer (given: "3")`),
		deployTest(with(`"concurrency":1.5`), validation, "concurrency must be an integer (given: 1.5)"),
		deployTest(with(`"concurrency":99999999999999999999`), validation, "concurrency must be an integer (given: 99999999999999999999)"),
		deployTest(with(`"concurrency":-1`), validation, "concurrency must not be negative (given: -1)"),
		deployTest(with(`"timeout":"1h"`), validation, `timeout must be an integer (given: "1h")`),
		deployTest(with(`"timeout":-1`), validation, "timeout must be between 0 and 31622400 seconds (given: -1)"),
		deployTest(with(`"timeout":9223372036854775807`), validation, "timeout must be between 0 and 31622400 seconds"),
		deployTest(with(`"timeout":-9223372036854775808`), validation, "timeout must be between 0 and 31622400 seconds"),
		deployTest(with(`"description":7`), validation, "description must be a string"),
		deployTest(with(`"userdata":[]`), validation, "userdata must be an object (given: [])"),
		deployTest(with(`"filetimeout":"x"`), validation, "filetimeout must be an integer"),
		deployTest(with(`"http_connect_timeout":-1`), validation, "http_connect_timeout must be between"),
		deployTest(with(`"http_keepalive_timeout":{}`), validation, "http_keepalive_timeout must be an integer"),
		deployTest(with(`"http_read_timeout":true`), validation, "http_read_timeout must be an integer"),
		deployTest(with(`"ordering":1`), validation, "ordering must be a string"),
		deployTest(with(`"tags":["a"]`), validation, `tags must be a string (given: ["a"])`),
		deployTest(with(`"skip_tags":1`), validation, "skip_tags must be a string"),
		deployTest(with(`"use_cached_catalog":"no"`), validation, "use_cached_catalog must be a boolean"),
		deployTest(with(`"usecacheonfailure":1`), validation, "usecacheonfailure must be a boolean"),
	} {
		test.run(t, a)
	}
	assert.Equal(t, json.Number("0"), at(t, a.get("/jobs"), "pagination", "total"), "nothing was created")
}

func TestDeployAllOptions(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	w := a.do(http.MethodPost, "/command/deploy", `{
		"environment": "", "enforce_environment": false, "scope": {"nodes": ["b", "a", "b"], "query": null},
		"description": "why \ud800 <b>", "noop": null, "no_noop": true, "debug": true, "trace": true, "evaltrace": true,
		"concurrency": 2, "timeout": 90, "userdata": {"a": [1, {"b": "<"}]},
		"filetimeout": 0, "http_connect_timeout": 1, "http_keepalive_timeout": 2, "http_read_timeout": 3,
		"ordering": "random", "skip_tags": "x", "tags": "y,z", "use_cached_catalog": true, "usecacheonfailure": false,
		"target": "ignored beside a scope", "unknown": {"ignored": true}
	}`)
	require.Equal(t, http.StatusAccepted, w.Code, w.Body)
	require.JSONEq(t, `{"job":{"id":"http://orchestrator.example.com:8143/orchestrator/v1/jobs/1","name":"1"}}`, w.Body.String())

	job, err := a.o.Job(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, orchestrator.AgentOptions{
		NoNoop: true, Debug: true, Trace: true, Evaltrace: true,
		FileTimeout: new(0), HTTPConnectTimeout: new(1), HTTPKeepaliveTimeout: new(2), HTTPReadTimeout: new(3),
		Ordering: "random", SkipTags: "x", Tags: "y,z", UseCachedCatalog: new(true), UseCacheOnFailure: new(false),
	}, job.Agent)
	assert.Equal(t, 90*time.Second, job.Timeout)
	assert.Equal(t, 2, job.Concurrency)
	assert.Equal(t, 2, job.NodeCount)
	assert.Equal(t, orchestrator.Owner{ID: "00000000-0000-0000-0000-000000000000", Login: "anonymous"}, job.Owner)

	got := a.get("/jobs/1")
	assert.Equal(t, parsed(t, strings.NewReader(`{
		"description": "why `+"\uFFFD"+` <b>", "environment": "", "noop": false, "scope": {"nodes": ["b", "a"]}, "target": "nodes",
		"concurrency": 2, "timeout": 90, "enforce_environment": false, "no_noop": true, "debug": true, "trace": true, "evaltrace": true,
		"filetimeout": 0, "http_connect_timeout": 1, "http_keepalive_timeout": 2, "http_read_timeout": 3,
		"ordering": "random", "tags": "y,z", "skip_tags": "x", "use_cached_catalog": true, "usecacheonfailure": false
	}`)), at(t, got, "options"))
	assert.Contains(t, a.do(http.MethodGet, "/jobs/1", "").Body.String(), `"userdata":{"a":[1,{"b":"<"}]}`)
}

func TestDeployDefaults(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	nulls := `"noop":null,"no_noop":null,"concurrency":null,"timeout":null,"enforce_environment":null,"description":null,"userdata":null,"tags":null,"use_cached_catalog":null,"target":null`
	for _, body := range []string{with(nulls), with(`"concurrency":0,"timeout":0,"tags":""`)} {
		require.Equal(t, http.StatusAccepted, a.do(http.MethodPost, "/command/deploy", body).Code)
	}
	for _, path := range []string{"/jobs/1", "/jobs/2"} {
		assert.Equal(t, parsed(t, strings.NewReader(`{
			"description": "", "environment": "production", "noop": false, "scope": {"nodes": ["a"]}, "target": "nodes", "concurrency": null,
			"timeout": null, "enforce_environment": true, "no_noop": false, "debug": false, "trace": false, "evaltrace": false
		}`)), at(t, a.get(path), "options"))
	}
}

func TestScopeOfManyNodes(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	names := make([]string, orchestrator.ScopeShown+5)
	for i := range names {
		names[i] = fmt.Sprintf("node%d", i)
	}
	body, err := json.Marshal(map[string]any{"environment": "production", "scope": map[string]any{"nodes": names}})
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, a.do(http.MethodPost, "/command/deploy", string(body)).Code)
	scope := at(t, a.get("/jobs/1"), "options", "scope")
	assert.Len(t, at(t, scope, "nodes"), orchestrator.ScopeShown)
	assert.Equal(t, json.Number("5"), at(t, scope, "nodes_omitted"))
	nodes := items(t, a.get("/jobs/1/nodes"))
	assert.Len(t, nodes, len(names))
	assert.True(t, slices.EqualFunc(nodes, names, func(n map[string]any, name string) bool { return n["name"] == name }))
}

func TestBodyOfAnyContentType(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	for _, contentType := range []string{"", "application/json", "application/x-www-form-urlencoded", "text/plain; charset=utf-16", "??"} {
		r := httptest.NewRequest(http.MethodPost, "/orchestrator/v1/command/deploy", strings.NewReader(with(`"noop":true`)))
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		a.h.ServeHTTP(w, r)
		assert.Equal(t, http.StatusAccepted, w.Code, contentType)
	}
}

func TestBodyTooLarge(t *testing.T) {
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{MaxBody: 100}})
	fits := with(`"x":""`)
	fits = strings.Replace(fits, `"x":""`, `"x":"`+strings.Repeat("x", 100-len(fits))+`"`, 1)
	require.Len(t, fits, 100)
	assert.Equal(t, http.StatusAccepted, a.do(http.MethodPost, "/command/deploy", fits).Code)
	for _, path := range []string{"/command/deploy", "/command/stop"} {
		httpTest{http.MethodPost, path, fits + " ", http.StatusRequestEntityTooLarge, validation, "body must not have more than 100 bytes"}.run(t, a)
	}
}

func TestBodyThatBreaksOff(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	r := httptest.NewRequest(http.MethodPost, "/orchestrator/v1/command/deploy", iotest.ErrReader(io.ErrUnexpectedEOF))
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Equal(t, "body could not be read to its end", at(t, parsed(t, w.Body), "msg"))
}

func TestOwner(t *testing.T) {
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Owner: func(r *http.Request) orchestrator.Owner {
		assert.Equal(t, "/orchestrator/v1/command/deploy", r.URL.Path, "the request as it came in")
		return fullOwner(r)
	}}})
	require.Equal(t, http.StatusAccepted, a.do(http.MethodPost, "/command/deploy", with(`"noop":true`)).Code)
	job, err := a.o.Job(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, fullOwner(nil), job.Owner)
}
