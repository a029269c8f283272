package orchestrator

import "context"

// Resolvers is a [Resolver] that leaves each kind of scope to one that knows about it. A nil field means
// that there is none: such scopes are refused with [ErrUnresolved].
type Resolvers struct {
	Query     Resolver // for scopes with a Query
	NodeGroup Resolver // for scopes with a NodeGroup
}

// Resolve asks the resolver for the kind of scope that it is.
func (r Resolvers) Resolve(ctx context.Context, environment string, scope Scope) ([]string, error) {
	resolver := r.NodeGroup
	if scope.Query != nil {
		resolver = r.Query
	}
	if resolver == nil {
		return nil, ErrUnresolved
	}
	return resolver.Resolve(ctx, environment, scope)
}
