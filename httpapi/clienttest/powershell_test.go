package clienttest

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
)

// The PowerShell module PSPuppetOrchestrator sends JSON as a form, as Invoke-RestMethod does where it
// is told no Content-Type, spread over lines, and waits for leave before it sends a body. It reads
// answers as objects only if they say that they are JSON.
func TestPowerShellModule(t *testing.T) {
	s := newServer(t, setup{fleet: &fleet{
		all:      outcome{result: `{"Source":"DEN3W108R2PSV5","HotFixID":"KB2620704"}`},
		outcomes: map[string]outcome{"den3w108r2psv2": {failed: true, result: taskError}},
	}})
	c := newClient(s, habits{persistent: true, headers: map[string]string{
		"X-Authentication": s.token,
		"Content-Type":     "application/x-www-form-urlencoded",
		"User-Agent":       "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.17763.592",
		"Expect":           "100-continue",
	}})
	created := c.post("/command/task", `{
    "environment":  "production",
    "task":  "powershell_tasks::disablesmbv1",
    "params":  {
                   "action":  "set",
                   "reboot":  true
               },
    "description":  "",
    "scope":  {
                  "nodes":  [
                                "den3w108r2psv5",
                                "den3w108r2psv2"
                            ]
              }
}`).accepted().field("job")
	assert.Equal(t, c.base+"/jobs/"+created.field("name").text(), created.field("id").link())

	// The module takes the id as an integer.
	id := orchestrator.JobID(created.field("name").digits())
	path := "/jobs/" + id.String()
	var job value
	s.poll(id, func() bool {
		job = c.get(path).ok()
		if !job.field("node_states").null() {
			for _, state := range job.field("node_states").keys() {
				assert.Positive(t, job.field("node_states", state).whole())
			}
		}
		return slices.Contains(doneStates, job.field("state").text())
	})
	assert.Equal(t, "failed", job.field("state").text())
	assert.Equal(t, 1, job.field("node_states", "finished").whole())
	assert.Equal(t, 1, job.field("node_states", "failed").whole())

	report := c.get(path + "/report").ok().field("report").items()
	require.Len(t, report, 2)
	for _, line := range report {
		line.field("node").text()
		line.field("state").text()
		for _, key := range []string{"start_timestamp", "finish_timestamp", "timestamp"} {
			line.field(key).time()
		}
		assert.Empty(t, line.field("events").items())
	}

	nodes := c.get(path + "/nodes").ok().field("items").items()
	require.Len(t, nodes, 2)
	for _, node := range nodes {
		node.field("duration").number()
		node.field("latest-event-id").whole()
		assert.True(t, node.field("transaction_uuid").null())
		node.field("details").keys()
		if node.field("name").text() == "den3w108r2psv5" {
			assert.Equal(t, "KB2620704", node.field("result", "HotFixID").text())
		}
	}
}

// It waits for nodes to be connected, comparing with a boolean, and has scopes that are a query, as a
// string which holds an array, or a group.
func TestPowerShellModuleOnNodes(t *testing.T) {
	var asked scopes
	s := newServer(t, setup{resolver: &asked})
	c := newClient(s, habits{headers: map[string]string{"X-Authentication": s.token, "Content-Type": "application/x-www-form-urlencoded"}})
	assert.True(t, c.get("/inventory/den3w108r2psv5").ok().field("connected").flag())
	assert.False(t, c.get("/inventory/gone.example.com").ok().field("connected").flag())
	for _, scope := range []string{
		`{"query":"[\"from\",\"inventory\",[\"=\",\"facts.os.name\",\"windows\"]]"}`,
		`{"node_group":"7a692b61-8087-4452-9cf8-58ed2acee2a0"}`,
	} {
		created := c.post("/command/task", `{"environment":"production","task":"t","params":{},"description":"","scope":`+scope+`}`).accepted()
		job := c.get("/jobs/" + created.field("job", "name").text()).ok()
		assert.JSONEq(t, scope, toJSON(t, job.field("options", "scope").v))
		assert.Equal(t, 1, job.field("node_count").whole())
	}
	require.Len(t, asked.got, 2)
	assert.JSONEq(t, `"[\"from\",\"inventory\",[\"=\",\"facts.os.name\",\"windows\"]]"`, string(asked.got[0].Query))
	assert.Equal(t, "7a692b61-8087-4452-9cf8-58ed2acee2a0", asked.got[1].NodeGroup)

	for _, path := range []string{"/tasks", "/tasks/powershell_tasks/disablesmbv1"} {
		c.get(path).problem(http.StatusNotFound, "puppetlabs.orchestrator/not-found")
	}
}

// scopes finds one node for each scope, and remembers what it was asked for.
type scopes struct{ got []orchestrator.Scope }

func (s *scopes) Resolve(_ context.Context, _ string, scope orchestrator.Scope) ([]string, error) {
	s.got = append(s.got, scope)
	return []string{"den3w108r2psv5"}, nil
}
