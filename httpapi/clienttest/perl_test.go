package clienttest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
)

// newPerl returns the Perl module Puppet::Orchestrator 0.002, on LWP. Where it has no token it sends an
// empty header, and comes in with a certificate. Any status from 200 to 299 is a success, and it
// dies of all others with the body.
func newPerl(s *server) *client {
	return newClient(s, habits{cert: certName, headers: map[string]string{
		"X-Authentication": "", "Content-Type": "application/json", "User-Agent": "libwww-perl/6.67", "TE": "deflate,gzip;q=0.3", "Connection": "TE, close",
	}})
}

// It submits a task and prints what the nodes give, each node's output once: it reads the nodes, and
// then all events and the job, by turns, until the job does not run any more. The output is where the
// event of a node has details, a detail in them, and a text in that.
func TestPerlClient(t *testing.T) {
	s := newServer(t, setup{fleet: &fleet{
		all:      outcome{result: `{"_output":"uid=836\n"}`},
		outcomes: map[string]outcome{"web2.example.com": {failed: true, result: taskError}, "gone.example.com": {err: errNotConnected}},
	}})
	c := newPerl(s)
	release := s.fleet.hold()
	created := c.post("/command/task", `{"environment":"production","task":"profile::check_id","params":{"id":"836"},`+
		`"scope":{"nodes":["web1.example.com","web2.example.com","gone.example.com"]}}`).accepted()
	id := orchestrator.JobID(created.field("job", "name").digits())
	s.next(id, 1)

	printed := make(map[string]string)
	for _, node := range c.get("/jobs/" + id.String() + "/nodes").ok().field("items").items() {
		printed[node.field("name").text()] = ""
	}
	require.Len(t, printed, 3)
	rounds := 0
	s.poll(id, func() bool {
		for _, event := range c.get("/jobs/" + id.String() + "/events").ok().field("items").items() {
			details := event.field("details")
			if !details.has("node") || event.field("type").text() == "node_running" {
				continue
			}
			if detail := details.field("detail"); detail.has("_output") && printed[details.field("node").text()] == "" {
				printed[details.field("node").text()] = detail.field("_output").text()
			}
		}
		ended := c.get("/jobs/"+id.String()).ok().field("state").text() != "running"
		if rounds++; rounds == 1 {
			release()
		}
		return ended
	})
	assert.Greater(t, rounds, 1, "the job was running when it was read first")
	assert.Equal(t, map[string]string{"web1.example.com": "uid=836\n", "web2.example.com": "no such package\n", "gone.example.com": ""}, printed)
	assert.Equal(t, certName, c.get("/jobs/"+id.String()).ok().field("owner", "login").text())
}

func TestPerlClientErrors(t *testing.T) {
	c := newPerl(newServer(t, setup{}))
	c.post("/command/task", `{"environment":"production","task":"t","params":{},"scope":{"nodes":[]}}`).
		problem(http.StatusBadRequest, "puppetlabs.orchestrator/empty-target")
	c.get("/jobs/1").problem(http.StatusNotFound, "puppetlabs.orchestrator/unknown-job")
}
