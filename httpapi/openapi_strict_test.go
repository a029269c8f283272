package httpapi_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// open are the schemas that allow keys which they do not name: those of requests, where such keys are ignored,
// and of the document itself.
var open = []string{"Document", "InventoryRequest", "DeployRequest", "TaskRequest", "StopRequest", "Scope", "Target"}

// optional are the keys of answers that are not always there.
var optional = map[string][]string{
	"DeployOptions": {
		"filetimeout", "http_connect_timeout", "http_keepalive_timeout", "http_read_timeout", "ordering", "skip_tags", "tags",
		"use_cached_catalog", "usecacheonfailure",
	},
	"NodeStatus":  {"broker", "timestamp"},
	"NotFound":    {"details"},
	"Owner":       {"display_name", "email", "group_ids", "inherited_role_ids", "is_group", "is_remote", "is_revoked", "is_superuser", "last_login", "role_ids"},
	"RunDetails":  {"environment", "hash"},
	"ShownScope":  {"nodes_omitted"},
	"TaskOptions": {"concurrency", "timeout"},

	"ValidationError.details": {"value"},
	"Job.node_states":         {"errored", "failed", "finished", "new", "running", "skipped"},
}

// free are the objects that hold what others say: clients, tasks and agents.
var free = []string{"Job.userdata", "Node.result", "NodeEventDetails.detail", "TaskOptions.params"}

// An answer has the keys that are described, all of them and no others, as far as the lists above do
// not say otherwise.
func TestOpenAPIIsStrict(t *testing.T) {
	text, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	var document struct {
		Components struct {
			Schemas map[string]map[string]any `json:"schemas"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal(text, &document))
	found := &looseness{optional: make(map[string][]string)}
	for name, schema := range document.Components.Schemas {
		if !slices.Contains(open, name) {
			found.in(t, name, schema)
		}
	}
	slices.Sort(found.free)
	assert.Equal(t, optional, found.optional)
	assert.Equal(t, free, found.free)
}

// looseness is what schemas leave open.
type looseness struct {
	optional map[string][]string
	free     []string
}

// in finds what a schema leaves open, and what those leave open that stand in it.
func (l *looseness) in(t *testing.T, name string, schema map[string]any) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	if properties != nil {
		assert.Equal(t, false, schema["additionalProperties"], name)
		for key, property := range properties {
			if !slices.Contains(required, any(key)) {
				l.optional[name] = append(l.optional[name], key)
			}
			l.in(t, name+"."+key, property.(map[string]any))
		}
		slices.Sort(l.optional[name])
	} else if isObject(schema) && schema["additionalProperties"] != false {
		l.free = append(l.free, name)
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		alternatives, _ := schema[key].([]any)
		for _, alternative := range alternatives {
			l.in(t, name, alternative.(map[string]any))
		}
	}
	if items, ok := schema["items"].(map[string]any); ok {
		l.in(t, name, items)
	}
}

func isObject(schema map[string]any) bool {
	types, _ := schema["type"].([]any)
	return schema["type"] == "object" || slices.Contains(types, any("object"))
}
