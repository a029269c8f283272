package httpapi

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator/internal/openapitest"
)

// What is served is described, and what is described is served.
func TestOpenAPIHasEveryEndpoint(t *testing.T) {
	contract, err := openapitest.Load(openAPI)
	require.NoError(t, err)
	variable := regexp.MustCompile(`:\w+|\{[^}]+\}`)
	var served, described []string
	for _, e := range new(handler).endpoints() {
		served = append(served, e.method+" "+variable.ReplaceAllString(e.path, "{}"))
	}
	for _, op := range contract.Operations() {
		described = append(described, variable.ReplaceAllString(op, "{}"))
	}
	slices.Sort(served)
	slices.Sort(described)
	assert.Equal(t, served, described)
}

// The kinds of errors that are described are those that there are.
func TestOpenAPIHasEveryKind(t *testing.T) {
	described, known := make(map[string]bool), map[string]bool{unknownError.kind: true, string(RubyValidationKind): true}
	for _, kind := range regexp.MustCompile(`puppetlabs\.\w+/[a-z-]+`).FindAllString(string(openAPI), -1) {
		described[kind] = true
	}
	for _, a := range answers {
		known[a.kind] = true
	}
	assert.Equal(t, known, described)
}
