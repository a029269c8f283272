package clienttest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// PESlackBot lists the five newest jobs, or as many as it is asked for; shows the nodes of one; and
// deploys to an environment, with a body that is sent as a form and a noop that is a string.
func TestSlackBot(t *testing.T) {
	s := newServer(t, setup{fleet: &fleet{outcomes: map[string]outcome{"gone.example.com": {err: errNotConnected}}}})
	bot := newClient(s, habits{headers: map[string]string{
		"X-Authentication": s.token, "Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*", "User-Agent": "Ruby",
	}})
	require.Empty(t, bot.get("/jobs?limit=5").ok().field("items").items())
	s.arrive(6)
	s.deploy("web1.example.com", "gone.example.com")

	for path, want := range map[string][]int{"/jobs?limit=5": numbers(7, 3), "/jobs?limit=2": numbers(7, 6)} {
		var listed []int
		for _, job := range bot.get(path).ok().field("items").items() {
			listed = append(listed, job.field("name").digits())
			job.field("timestamp").time()
			assert.Equal(t, "production", job.field("environment", "name").text())
			assert.Equal(t, "casey", job.field("owner", "login").text())
			assert.Contains(t, doneStates, job.field("state").text())
			job.field("options").keys()
		}
		assert.Equal(t, want, listed)
	}

	states := make(map[string]string)
	for _, node := range bot.get("/jobs/7/nodes").ok().field("items").items() {
		states[node.field("name").text()] = node.field("state").text()
		node.field("timestamp").time()
	}
	assert.Equal(t, map[string]string{"web1.example.com": "finished", "gone.example.com": "errored"}, states)
	bot.get("/jobs/99/nodes").problem(http.StatusNotFound, "puppetlabs.orchestrator/unknown-job")

	// It shows people the body of an answer that is no success. A whole environment, or an
	// application, is nothing that this server knows.
	bot.post("/command/deploy", `{ "environment": "production"}`).problem(http.StatusBadRequest, "puppetlabs.orchestrator/validation-error")
	bot.post("/command/deploy", `{ "environment": "production", "target": "App['one']"}`).problem(http.StatusBadRequest, "puppetlabs.orchestrator/unknown-target")
	bot.post("/command/deploy", `{ "environment": "production", "noop": "true"}`).problem(http.StatusBadRequest, "puppetlabs.orchestrator/validation-error")
}
