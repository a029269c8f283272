package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/seed-54b7607b/orchestrator/internal/openapitest"
)

// contract returns what every answer in these tests is checked against.
var contract = sync.OnceValue(func() *openapitest.Contract {
	c, err := readContract()
	if err != nil {
		panic(err)
	}
	return c
})

func readContract() (*openapitest.Contract, error) {
	document, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	return openapitest.Load(document)
}

// The file that is served is the one that people read, without the servers.
func TestOpenAPIFiles(t *testing.T) {
	text, err := os.ReadFile("openapi.yaml")
	require.NoError(t, err)
	var document map[string]any
	require.NoError(t, yaml.Unmarshal(text, &document))
	delete(document, "servers")
	want, err := json.Marshal(document)
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("openapi.json", want, 0o644))
		return
	}
	got, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	assert.JSONEq(t, string(want), string(got), "write it with -update")
}

func TestOpenAPIDocument(t *testing.T) {
	for _, m := range mountings {
		t.Run(m.name, func(t *testing.T) {
			a := newAPI(t, setup{idle: true, opts: m.opts})
			server := httptest.NewServer(m.mount(a.h))
			defer server.Close()
			res, err := server.Client().Get(server.URL + m.path + "/openapi.json")
			require.NoError(t, err)
			document := read(t, res, http.StatusOK).(map[string]any)
			assert.Equal(t, []any{map[string]any{"url": server.URL + m.path}}, document["servers"])

			delete(document, "servers")
			text, err := os.ReadFile("openapi.json")
			require.NoError(t, err)
			var file map[string]any
			require.NoError(t, json.Unmarshal(text, &file))
			assert.Equal(t, file, document)
		})
	}
}
