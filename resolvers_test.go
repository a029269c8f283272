package orchestrator_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// named resolves every scope to one node.
type named string

func (n named) Resolve(_ context.Context, environment string, _ orchestrator.Scope) ([]string, error) {
	return []string{string(n), environment}, nil
}

func TestResolversByKindOfScope(t *testing.T) {
	query, group := orchestrator.Scope{Query: []byte(`"x"`)}, orchestrator.Scope{NodeGroup: "x"}
	both := orchestrator.Resolvers{Query: named("query"), NodeGroup: named("group")}
	for _, test := range []struct {
		resolvers orchestrator.Resolvers
		scope     orchestrator.Scope
		want      string // "" if the scope is refused
	}{
		{both, query, "query"},
		{both, group, "group"},
		{orchestrator.Resolvers{NodeGroup: named("group")}, query, ""},
		{orchestrator.Resolvers{Query: named("query")}, group, ""},
		{orchestrator.Resolvers{}, query, ""},
	} {
		got, err := test.resolvers.Resolve(t.Context(), "staging", test.scope)
		switch {
		case test.want == "" && !errors.Is(err, orchestrator.ErrUnresolved):
			t.Errorf("%v: %v, want it to be refused", test.scope, err)
		case test.want != "" && !slices.Equal(got, []string{test.want, "staging"}):
			t.Errorf("%v: asked %v, %v, want %s", test.scope, got, err, test.want)
		}
	}
}
