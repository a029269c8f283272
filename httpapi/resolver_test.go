package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
)

// resolver answers every scope with the same nodes or error, and keeps what it was asked.
type resolver struct {
	nodes []string
	err   error

	environment string
	scope       orchestrator.Scope
}

func (r *resolver) Resolve(_ context.Context, environment string, scope orchestrator.Scope) ([]string, error) {
	r.environment, r.scope = environment, scope
	return r.nodes, r.err
}

const (
	queryError         = "puppetlabs.orchestrator/query-error"
	unknownEnvironment = "puppetlabs.orchestrator/unknown-environment"
)

func TestScopesThatAreResolved(t *testing.T) {
	r := &resolver{nodes: []string{"b", "a", "b"}}
	a := newAPI(t, setup{idle: true, core: orchestrator.Options{Resolver: r}})
	for i, test := range []struct{ scope, query, group, shown, label string }{
		{`{"query":"nodes [ certname ] { }"}`, `"nodes [ certname ] { }"`, "", `{"query":"nodes [ certname ] { }"}`, "query"},
		{`{"query": ["from", "nodes" ]}`, `["from","nodes"]`, "", `{"query":["from","nodes"]}`, "query"},
		{`{"query":"\u003c<\u00fc","nodes":null}`, `"\u003c<\u00fc"`, "", `{"query":"<<ü"}`, "query"},
		{`{"node_group":"0000-0001"}`, "", "0000-0001", `{"node_group":"0000-0001"}`, "node group"},
		{`{"node_group":"0000-0001","whole_environment":false}`, "", "0000-0001", `{"node_group":"0000-0001"}`, "node group"},
	} {
		for path, rest := range map[string]string{"/command/deploy": "", "/command/task": `"task":"t",`} {
			w := a.do(http.MethodPost, path, `{"environment":"staging",`+rest+`"scope":`+test.scope+`}`)
			require.Equal(t, http.StatusAccepted, w.Code, w.Body)
			assert.Equal(t, "staging", r.environment)
			assert.Equal(t, test.query, string(r.scope.Query))
			assert.Equal(t, test.group, r.scope.NodeGroup)
		}
		for _, kind := range []string{"deploy", "task"} {
			list := items(t, a.get("/jobs?limit=1&type="+kind))
			require.Len(t, list, 1)
			assert.Equal(t, parsed(t, strings.NewReader(test.shown)), at(t, list[0], "options", "scope"), i)
			if kind == "deploy" {
				assert.Equal(t, test.label, at(t, list[0], "options", "target"))
			}
			nodes := items(t, a.get("/jobs/"+list[0]["name"].(string)+"/nodes"))
			require.Len(t, nodes, 2, "a node that is found twice is one")
			assert.Equal(t, "b", nodes[0]["name"])
		}
	}
}

func TestScopesThatAreNot(t *testing.T) {
	log, r := new(logged), new(resolver)
	a := newAPI(t, setup{idle: true, core: orchestrator.Options{Resolver: r}, opts: httpapi.Options{Logger: log.logger()}})
	said := func(kind error) error {
		return fmt.Errorf("resolver: %w", &orchestrator.ScopeError{Msg: "PuppetDB query failed: PQL parse error at line 1", Err: kind})
	}
	for _, test := range []struct {
		err     error
		status  int
		kind    string
		msg     string
		details any
		logged  bool
	}{
		{nil, 400, emptyTarget, "No nodes were found for the specified target. Nothing to do.", map[string]any{"environment": "staging", "target": "SCOPE"}, false},
		{said(orchestrator.ErrNoNodes), 400, emptyTarget, "No nodes were found for the specified target. Nothing to do.", map[string]any{"environment": "staging", "target": "SCOPE"}, false},
		{orchestrator.ErrInvalidQuery, 400, queryError, "The query of the scope is not valid.", nil, false},
		{said(orchestrator.ErrInvalidQuery), 400, queryError, "PuppetDB query failed: PQL parse error at line 1", nil, false},
		{orchestrator.ErrUnresolved, 400, noResolver, "This server cannot find out which nodes are in the scope: list them in scope.nodes.", map[string]any{"target": "SCOPE"}, false},
		{said(orchestrator.ErrUnresolved), 400, noResolver, "PuppetDB query failed: PQL parse error at line 1", map[string]any{"target": "SCOPE"}, false},
		{&orchestrator.ScopeError{Err: orchestrator.ErrUnresolved}, 400, noResolver, "This server cannot find out which nodes are in the scope: list them in scope.nodes.", map[string]any{"target": "SCOPE"}, false},
		{said(orchestrator.ErrUnknownEnvironment), 404, unknownEnvironment, "Unknown environment staging", map[string]any{"environment": "staging"}, false},
		{errors.New("connection to 10.0.0.7 refused"), 500, "puppetlabs.orchestrator/unknown-error", "The server met an error that it did not expect; its log says more.", nil, true},
		{said(errors.New("10.0.0.7")), 500, "puppetlabs.orchestrator/unknown-error", "The server met an error that it did not expect; its log says more.", nil, true},
	} {
		for kind, scope := range map[string]string{"query": `{"query":"nodes{}"}`, "node_group": `{"node_group":"g"}`} {
			for path, rest := range map[string]string{"/command/deploy": "", "/command/task": `"task":"t",`} {
				r.err = test.err
				log.reset()
				w := a.do(http.MethodPost, path, `{"environment":"staging",`+rest+`"scope":`+scope+`}`)
				assert.Equal(t, test.status, w.Code, test.msg)
				want := map[string]any{"kind": test.kind, "msg": test.msg}
				if details, ok := test.details.(map[string]any); ok {
					want["details"] = details
					if _, ok := details["target"]; ok {
						details["target"] = kind
					}
				}
				assert.Equal(t, want, parsed(t, w.Body))
				assert.Equal(t, test.logged, log.String() != "", log.String())
			}
		}
	}
}

// The default environment of a task is the one that its errors name.
func TestUnknownEnvironmentOfATask(t *testing.T) {
	r := &resolver{err: orchestrator.ErrUnknownEnvironment}
	a := newAPI(t, setup{idle: true, core: orchestrator.Options{Resolver: r}})
	a.golden("unknown-environment", http.MethodPost, "/command/task", `{"task":"t","scope":{"query":"nodes{}"}}`, http.StatusNotFound)
	r.err = &orchestrator.ScopeError{Msg: `PuppetDB query failed: PQL parse error at line 1, column 6`, Err: orchestrator.ErrInvalidQuery}
	a.golden("query-refused", http.MethodPost, "/command/task", `{"task":"t","scope":{"query":"nodes{}"}}`, http.StatusBadRequest)
	r.err = nil
	a.golden("group-empty", http.MethodPost, "/command/deploy", scoped(`{"node_group":"g"}`), http.StatusBadRequest)
	r.nodes = []string{"a"}
	a.golden("group-accepted", http.MethodPost, "/command/deploy", scoped(`{"node_group":"g"}`), http.StatusAccepted)
	assert.Equal(t, "production", r.environment)
}

func TestTooManyNodes(t *testing.T) {
	a := newAPI(t, setup{idle: true, core: orchestrator.Options{MaxNodes: 2, Resolver: &resolver{nodes: []string{"a", "b", "c"}}}})
	deployTest(scoped(`{"nodes":["a","b","c"]}`), validation, `scope.nodes must not hold more than 2 nodes (given: "at least 3")`).run(t, a)
	deployTest(scoped(`{"query":"nodes{}"}`), validation, "scope must not have more than 2 nodes (given: 3)").run(t, a)
	assert.Equal(t, http.StatusAccepted, a.do(http.MethodPost, "/command/deploy", scoped(`{"nodes":["a","b","a","b","a"]}`)).Code)
}
