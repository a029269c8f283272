package orchestrator

import (
	"context"
	"errors"
	"fmt"
)

// Resolver finds the nodes of a scope that does not list them. A program that knows its nodes, or
// can ask something that does, passes one in [Options].
type Resolver interface {
	// Resolve returns the names of the nodes in a scope that has either a Query or a NodeGroup.
	// It may be called from many goroutines at once, and returns when ctx ends.
	//
	// An error that matches [ErrNoNodes], [ErrInvalid], [ErrInvalidQuery], [ErrUnknownEnvironment] or
	// [ErrUnresolved] is one that clients are told of; in a [*ScopeError] it has a message for
	// them, in an [*InvalidError] a field. Any other is an internal error, whose text they do not see.
	Resolve(ctx context.Context, environment string, scope Scope) ([]string, error)
}

// The errors of a [Resolver], to be matched with [errors.Is].
var (
	// ErrInvalidQuery: the query of a scope is not one.
	ErrInvalidQuery = errors.New("invalid query")

	// ErrUnknownEnvironment: the environment of a request does not exist.
	ErrUnknownEnvironment = errors.New("unknown environment")

	// ErrUnresolved: who would know the nodes of a scope cannot be asked, or there is no [Resolver].
	ErrUnresolved = errors.New("scope cannot be resolved")
)

// ScopeError is an error about a scope, with a message for whoever asked for it.
type ScopeError struct {
	Msg string // one sentence
	Err error  // which kind of error it is; never nil
}

// Error returns the message.
func (e *ScopeError) Error() string { return e.Msg }

// Unwrap returns which kind of error it is.
func (e *ScopeError) Unwrap() error { return e.Err }

// resolved reports whether the scope's nodes are found by a resolver.
func (s *Scope) resolved() bool { return s.Query != nil || s.NodeGroup != "" }

// tooLarge returns the error for a scope with more nodes than a job may have. Those of a list were
// counted only until there were too many.
func (s *Scope) tooLarge(nodes, limit int) error {
	if s.resolved() {
		return &InvalidError{Field: "scope", Value: nodes, Reason: fmt.Sprintf("must not have more than %d nodes", limit)}
	}
	return &InvalidError{Field: "scope.nodes", Value: fmt.Sprintf("at least %d", nodes), Reason: fmt.Sprintf("must not hold more than %d nodes", limit)}
}

// nodesInScope returns the names of the nodes in scope, each once, in the order given.
func (o *Orchestrator) nodesInScope(ctx context.Context, environment string, s Scope) ([]string, error) {
	names := s.Nodes
	if s.resolved() {
		if o.opts.Resolver == nil {
			return nil, ErrUnresolved
		}
		var err error
		if names, err = o.opts.Resolver.Resolve(ctx, environment, s); err != nil {
			return nil, err
		}
	}
	if len(names) == 0 {
		return nil, ErrNoNodes
	}
	size := min(len(names), o.opts.MaxNodes)
	seen := make(map[string]bool, size)
	nodes := make([]string, 0, size)
	for i, name := range names {
		if invalid, ok := errors.AsType[*InvalidError](ValidNodeName(name)); ok {
			if s.resolved() {
				return nil, fmt.Errorf("the resolver returned a node whose name %s: %q", invalid.Reason, name)
			}
			invalid.Field = fmt.Sprintf("scope.nodes[%d]", i)
			return nil, invalid
		}
		if !seen[name] {
			seen[name] = true
			nodes = append(nodes, name)
		}
		if len(nodes) > o.opts.MaxNodes && !s.resolved() {
			break // what is known of the rest would only take memory
		}
	}
	return nodes, nil
}
