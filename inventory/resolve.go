package inventory

import (
	"context"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// Resolve returns the names of the nodes in the group that a scope asks for by its name or its id, in
// the order of the file. The environment makes no difference. A group that the inventory does not have
// is an [orchestrator.InvalidError], and a scope without a group [orchestrator.ErrUnresolved].
func (f *File) Resolve(_ context.Context, _ string, scope orchestrator.Scope) ([]string, error) {
	if scope.NodeGroup == "" {
		return nil, orchestrator.ErrUnresolved
	}
	names, known := f.fleet().groups[scope.NodeGroup]
	if !known {
		return nil, &orchestrator.InvalidError{Field: "scope.node_group", Value: scope.NodeGroup, Reason: "must be the name or the id of a group in the inventory"}
	}
	return slices.Clone(names), nil
}
