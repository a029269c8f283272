package httpapi

import (
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// scopeKinds are the ways to say which nodes a job is for, of which a scope has exactly one.
var scopeKinds = []string{"nodes", "query", "node_group", "application", "whole_environment"}

// scopeOf returns the nodes that a deploy asks for. An empty scope counts as none, since several
// clients always send one. Without a scope there may be a target, its deprecated forerunner, which
// names an application: there are none here.
func scopeOf(body object, environment string) (orchestrator.Scope, error) {
	scope, err := body.object("scope")
	if err != nil {
		return orchestrator.Scope{}, err
	}
	kind, err := scope.kind()
	if err != nil {
		return orchestrator.Scope{}, err
	}
	switch kind {
	case "":
		return orchestrator.Scope{}, noScope(body, environment)
	case "nodes":
		nodes, err := scope.strings("nodes")
		return orchestrator.Scope{Nodes: nodes}, err
	default:
		return orchestrator.Scope{}, scope.unresolved(kind, environment)
	}
}

// kind returns which of the kinds the scope has: "" if none.
func (o object) kind() (string, error) {
	found := ""
	for _, kind := range scopeKinds {
		switch text := o.members[kind]; {
		case text == nil || string(text) == "null" || kind == "whole_environment" && string(text) == "false":
		case found != "":
			return "", invalid("scope", nil, "must have only one of "+strings.Join(scopeKinds, ", ")+
				", and has both "+found+" and "+kind)
		default:
			found = kind
		}
	}
	return found, nil
}

func noScope(body object, environment string) error {
	var target string
	given, err := body.get("target", &target, "a string")
	switch {
	case err != nil:
		return err
	case given:
		return unknownTarget(environment, target)
	default:
		return invalid("scope", nil, "must be given, with one of "+strings.Join(scopeKinds, ", "))
	}
}

// unresolved returns the error for a scope of a kind that takes a service this server does not have.
func (o object) unresolved(kind, environment string) error {
	switch kind {
	case "query":
		if text := o.members[kind]; text[0] != '"' && text[0] != '[' {
			return invalid("scope.query", text, "must be a string or an array")
		}
		return notResolved("This server does not resolve queries: list the nodes in scope.nodes.", kind)
	case "whole_environment":
		var whole bool
		if _, err := o.get(kind, &whole, "a boolean"); err != nil {
			return err
		}
		return notResolved("This server does not know which nodes an environment has: list them in scope.nodes.", kind)
	case "application":
		var application string
		if _, err := o.get(kind, &application, "a string"); err != nil {
			return err
		}
		return unknownTarget(environment, application)
	default:
		var group string
		if _, err := o.get(kind, &group, "a string"); err != nil {
			return err
		}
		return invalid("scope."+kind, group, "cannot be resolved by this server: list the nodes in scope.nodes")
	}
}

func notResolved(msg, kind string) error {
	return &failure{err: errNoResolver, msg: msg, details: map[string]any{"target": kind}}
}

// emptyTarget returns the error, as it was recorded, for a scope that holds no node.
func emptyTarget(environment string) error {
	a, _ := answerTo(orchestrator.ErrNoNodes)
	return &failure{
		err:     orchestrator.ErrNoNodes,
		msg:     a.msg,
		details: map[string]any{"environment": cut(environment), "target": "nodes"},
	}
}

// unknownTarget returns the error, as it was recorded, for a target that does not exist.
func unknownTarget(environment, target string) error {
	environment, target = cut(environment), cut(target)
	return &failure{
		err:     errUnknownTarget,
		msg:     "The target was not found in environment " + environment + ": " + target,
		details: map[string]any{"environment": environment, "target": target},
	}
}
