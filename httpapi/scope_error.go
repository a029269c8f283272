package httpapi

import (
	"errors"

	"github.com/seed-54b7607b/orchestrator"
)

// notCreated returns the error for a job that was not created. What is wrong with its scope is
// said as it was recorded, which takes more than the orchestrator's error has.
func notCreated(err error, environment string, scope orchestrator.Scope) error {
	switch {
	case errors.Is(err, orchestrator.ErrNoNodes):
		return emptyTarget(environment, scope)
	case errors.Is(err, orchestrator.ErrInvalidQuery):
		return said(err, orchestrator.ErrInvalidQuery, nil)
	case errors.Is(err, orchestrator.ErrUnresolved):
		return said(err, orchestrator.ErrUnresolved, map[string]any{"target": scopeKind(&scope)})
	case errors.Is(err, orchestrator.ErrUnknownEnvironment):
		return unknownEnvironment(environment)
	default:
		return err
	}
}

// said returns a kind of error with the message that the resolver had for the client, if it had one.
func said(err, kind error, details map[string]any) error {
	a, _ := answerTo(kind)
	if e, ok := errors.AsType[*orchestrator.ScopeError](err); ok && e.Msg != "" {
		a.msg = e.Msg
	}
	return &failure{err: kind, msg: a.msg, details: details}
}

func unknownEnvironment(name string) error {
	return &failure{
		err:     orchestrator.ErrUnknownEnvironment,
		msg:     "Unknown environment " + cut(name),
		details: map[string]any{"environment": cut(name)},
	}
}

// scopeKind returns which of the kinds a scope is of.
func scopeKind(s *orchestrator.Scope) string {
	switch {
	case s.Query != nil:
		return "query"
	case s.NodeGroup != "":
		return "node_group"
	default:
		return "nodes"
	}
}

// emptyTarget returns the error, as it was recorded, for a scope that holds no node.
func emptyTarget(environment string, scope orchestrator.Scope) error {
	a, _ := answerTo(orchestrator.ErrNoNodes)
	return &failure{
		err:     orchestrator.ErrNoNodes,
		msg:     a.msg,
		details: map[string]any{"environment": cut(environment), "target": scopeKind(&scope)},
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
