package clienttest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
)

// A small Python script, on requests: it takes a command for accepted only if the status is 202, and
// an answer for one only if it is 200; reads the job by its name until it has ended; and prints what
// its nodes gave.
func TestPythonScript(t *testing.T) {
	s := newServer(t, setup{fleet: &fleet{all: outcome{result: `{"_output":"Linux web1\n"}`}}})
	c := newClient(s, habits{headers: map[string]string{
		"X-Authentication": s.token, "Content-Type": "application/json", "Accept": "*/*",
		"Accept-Encoding": "gzip, deflate", "Connection": "keep-alive", "User-Agent": "python-requests/2.31.0",
	}})
	for command, body := range map[string]string{
		"task":   `{"environment": "production", "task": "facts", "params": {}, "scope": {"nodes": ["web1.example.com"]}}`,
		"deploy": `{"environment": "production", "noop": false, "scope": {"nodes": ["web1.example.com"]}}`,
	} {
		name := c.post("/command/"+command, body).accepted().field("job", "name")
		s.poll(orchestrator.JobID(name.digits()), func() bool {
			return slices.Contains(doneStates, c.get("/jobs/"+name.text()).ok().field("state").text())
		})
		nodes := c.get("/jobs/" + name.text() + "/nodes").ok().field("items").items()
		require.Len(t, nodes, 1)
		assert.Equal(t, "web1.example.com", nodes[0].field("name").text())
		assert.Equal(t, "Linux web1\n", nodes[0].field("result", "_output").text())
	}
}
