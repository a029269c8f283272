package clienttest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
)

// gemErrors are the classes that the gem raises for kinds of errors. For a kind that it does not know
// it raises ApiError.
var gemErrors = map[string]string{
	"puppetlabs.validators/validation-error":      "ValidationError",
	"puppetlabs.orchestrator/unknown-job":         "UnknownJob",
	"puppetlabs.orchestrator/unknown-environment": "UnknownEnvironment",
	"puppetlabs.orchestrator/empty-environment":   "EmptyEnvironment",
	"puppetlabs.orchestrator/empty-target":        "EmptyTarget",
	"puppetlabs.orchestrator/dependency-cycle":    "DependencyCycle",
	"puppetlabs.orchestrator/puppetdb-error":      "PuppetdbError",
	"puppetlabs.orchestrator/query-error":         "QueryError",
	"puppetlabs.orchestrator/unknown-error":       "UnknownError",
	"puppetlabs.orchestrator/not-permitted":       "UnauthorizedError",
}

// raised returns the class of the error that the gem makes of an answer, and its message. A body that
// is no JSON would be a BadResponse, and fails the test.
func raised(r *reply) (class, msg string) {
	r.t.Helper()
	v := r.with(r.status)
	class = "ApiError"
	if known, ok := gemErrors[v.field("kind").text()]; ok {
		class = known
	}
	return class, v.field("msg").text()
}

// resolver finds no nodes, and says why.
type resolver struct{}

func (resolver) Resolve(_ context.Context, environment string, scope orchestrator.Scope) ([]string, error) {
	switch query := string(scope.Query); {
	case environment == "nowhere":
		return nil, orchestrator.ErrUnknownEnvironment
	case strings.Contains(query, "broken"):
		return nil, &orchestrator.ScopeError{Msg: "PuppetDB query failed: PQL parse error at line 1", Err: orchestrator.ErrInvalidQuery}
	case strings.Contains(query, "down"):
		return nil, orchestrator.ErrUnresolved
	case strings.Contains(query, "strange"):
		return nil, errors.New("the password is hunter2")
	default:
		return nil, nil
	}
}

func TestRubyGemErrors(t *testing.T) {
	queryOf := func(query string) object {
		return object{"environment": "production", "scope": object{"query": query}}
	}
	for _, kind := range []httpapi.ValidationKind{httpapi.DocumentedValidationKind, httpapi.RubyValidationKind} {
		invalid := "ApiError"
		if kind == httpapi.RubyValidationKind {
			invalid = "ValidationError"
		}
		s := newServer(t, setup{resolver: resolver{}, http: httpapi.Options{
			ValidationKind: kind,
			MaxBody:        1 << 10,
			Authorize: func(_ httpapi.Principal, a httpapi.Action) error {
				if a.Verb == httpapi.VerbTask {
					return httpapi.ErrForbidden
				}
				return nil
			},
		}})
		g := newGem(s, gemAgent)
		for _, test := range []struct {
			answer *reply
			status int
			class  string
			msg    string
		}{
			{g.get("jobs/999"), http.StatusNotFound, "UnknownJob", "Unknown job 999"},
			{g.get("jobs/999/nodes"), http.StatusNotFound, "UnknownJob", "Unknown job 999"},
			{g.get("jobs/999/report"), http.StatusNotFound, "UnknownJob", "Unknown job 999"},
			{g.get("jobs/999/events"), http.StatusNotFound, "UnknownJob", "Unknown job 999"},
			{g.command("stop", object{"job": "999"}), http.StatusNotFound, "UnknownJob", "Unknown job 999"},
			{g.get("jobs/abc"), http.StatusBadRequest, invalid, ""},
			{g.get("jobs?limit=x"), http.StatusBadRequest, invalid, ""},
			{g.command("deploy", object{"environment": "production"}), http.StatusBadRequest, invalid, ""},
			{g.command("deploy", []string{"no object"}), http.StatusBadRequest, invalid, ""},
			{g.command("stop", object{"job": "x"}), http.StatusBadRequest, invalid, ""},
			{g.command("deploy", object{"environment": "production", "scope": object{"nodes": []string{}}}), http.StatusBadRequest,
				"EmptyTarget", "No nodes were found for the specified target. Nothing to do."},
			{g.command("deploy", queryOf("nodes[certname]{}")), http.StatusBadRequest,
				"EmptyTarget", "No nodes were found for the specified target. Nothing to do."},
			{g.command("deploy", queryOf("broken")), http.StatusBadRequest, "QueryError", "PuppetDB query failed: PQL parse error at line 1"},
			{g.command("deploy", queryOf("down")), http.StatusBadRequest, "PuppetdbError", ""},
			{g.command("deploy", queryOf("strange")), http.StatusInternalServerError, "UnknownError", ""},
			{g.command("deploy", object{"environment": "nowhere", "scope": object{"query": "nodes{}"}}), http.StatusNotFound,
				"UnknownEnvironment", "Unknown environment nowhere"},
			{g.command("task", object{"task": "package", "params": object{}, "scope": object{"nodes": []string{"a"}}}), http.StatusForbidden,
				"UnauthorizedError", ""},
			{g.command("plan_start", object{"plan_name": "p", "params": object{}}), http.StatusNotFound, "ApiError", ""},
			{g.command("plan_finish", object{"plan_job": "1", "result": "", "status": "success"}), http.StatusNotFound, "ApiError", ""},
			{g.get("command/deploy"), http.StatusMethodNotAllowed, "ApiError", ""},
			{g.command("deploy", object{"environment": strings.Repeat("x", 1<<10)}), http.StatusRequestEntityTooLarge, invalid, ""},
		} {
			class, msg := raised(test.answer)
			assert.Equal(t, test.status, test.answer.status, test.answer.call)
			assert.Equal(t, test.class, class, "%s: %s", test.answer.call, test.answer.text)
			if test.msg != "" {
				assert.Equal(t, test.msg, msg, test.answer.call)
			}
			require.NotEmpty(t, msg, test.answer.call)
			assert.NotContains(t, string(test.answer.text), "hunter2")
		}
	}
}

// A token that is refused is an error of the general class, with the message that the original has.
func TestRubyGemWithoutAGoodToken(t *testing.T) {
	s := newServer(t, setup{})
	for token, msg := range map[string]string{
		"":          "Route requires authentication",
		s.expired:   "The provided token has expired.",
		"made-up":   "",
		" ":         "Route requires authentication",
		s.token[1:]: "",
	} {
		g := newGem(s, gemAgent)
		g.headers.Set("X-Authentication", token)
		for _, answer := range []*reply{g.get("jobs"), g.get("jobs/1"), g.command("stop", object{"job": "1"})} {
			class, got := raised(answer)
			assert.Equal(t, http.StatusUnauthorized, answer.status)
			assert.Equal(t, "ApiError", class)
			if msg != "" {
				assert.Equal(t, msg, got)
			}
			if len(token) > 1 {
				assert.NotContains(t, string(answer.text), token)
			}
		}
	}
}
