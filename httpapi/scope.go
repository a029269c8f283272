package httpapi

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// The ways to say which nodes a job is for, of which a scope has exactly one. The original had the
// last two for deploys only, and only for some years.
var (
	scopeKinds       = []string{"nodes", "query", "node_group"}
	formerScopeKinds = []string{"application", "whole_environment"}
)

// deployScope returns the scope of a deploy. Without one there may be a target, its deprecated
// forerunner, which names an application: there are none here.
func deployScope(body object, environment string) (orchestrator.Scope, error) {
	scope, kind, err := scopeIn(body)
	switch {
	case err != nil:
		return orchestrator.Scope{}, err
	case kind == "" && body.has("target"):
		return orchestrator.Scope{}, body.noTarget("target", environment)
	case kind == "application":
		return orchestrator.Scope{}, scope.noTarget(kind, environment)
	case kind == "whole_environment":
		return orchestrator.Scope{}, scope.noWholeEnvironment()
	default:
		return scope.scope(kind)
	}
}

// taskScope returns the scope of a task.
func taskScope(body object) (orchestrator.Scope, error) {
	scope, kind, err := scopeIn(body)
	if err == nil && slices.Contains(formerScopeKinds, kind) {
		err = invalid("scope."+kind, nil, "is not a scope of tasks, which must have one of "+strings.Join(scopeKinds, ", "))
	}
	if err != nil {
		return orchestrator.Scope{}, err
	}
	return scope.scope(kind)
}

// scopeIn returns the scope that a body has, and of which kind it is. An empty scope counts as none,
// since several clients always send one.
func scopeIn(body object) (scope object, kind string, err error) {
	if scope, err = body.object("scope"); err != nil {
		return scope, "", err
	}
	for _, k := range slices.Concat(scopeKinds, formerScopeKinds) {
		switch text := scope.members[k]; {
		case text == nil || string(text) == "null" || k == "whole_environment" && string(text) == "false":
		case kind != "":
			return scope, "", invalid("scope", nil, "must have only one of "+strings.Join(scopeKinds, ", ")+
				", and has both "+kind+" and "+k)
		default:
			kind = k
		}
	}
	return scope, kind, nil
}

// scope returns the scope that an object is.
func (o object) scope(kind string) (scope orchestrator.Scope, err error) {
	switch kind {
	case "nodes":
		scope.Nodes, err = o.strings(kind)
	case "query":
		scope.Query, err = o.query()
	case "node_group":
		if err = o.get(kind, &scope.NodeGroup, "a string"); err == nil && scope.NodeGroup == "" {
			err = invalid("scope.node_group", "", "must not be empty")
		}
	default:
		err = invalid("scope", nil, "must be given, with one of "+strings.Join(scopeKinds, ", "))
	}
	return scope, err
}

// query returns the compact text of the query that a scope has, in one of its two languages: a
// string, or an array.
func (o object) query() (json.RawMessage, error) {
	text := o.members["query"]
	if text[0] != '"' && text[0] != '[' {
		return nil, invalid("scope.query", text, "must be a string or an array")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, invalid("scope.query", text, "must be a string or an array")
	}
	return compact.Bytes(), nil
}

// noTarget returns the error for an application, which does not exist whatever its name is.
func (o object) noTarget(key, environment string) error {
	var name string
	if err := o.get(key, &name, "a string"); err != nil {
		return err
	}
	return unknownTarget(environment, name)
}

func (o object) noWholeEnvironment() error {
	var whole bool
	if err := o.get("whole_environment", &whole, "a boolean"); err != nil {
		return err
	}
	return &failure{
		err:     orchestrator.ErrUnresolved,
		msg:     "This server does not know which nodes an environment has: list them in scope.nodes.",
		details: map[string]any{"target": "whole_environment"},
	}
}
