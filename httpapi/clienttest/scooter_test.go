package clienttest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Scooter, a Ruby library of tests, calls every path that the API ever had, and takes a 404 for a
// server that does not have it; so do dashboards that begin a plan and read its events.
func TestScooter(t *testing.T) {
	s := newServer(t, setup{})
	c := newClient(s, habits{headers: map[string]string{"X-Authentication": s.token, "Content-Type": "application/json"}})
	s.arrive(3)
	list := c.get("/jobs?limit=2&offset=1&order=asc&order_by=name").ok()
	assert.Equal(t, 2, list.field("items").items()[0].field("name").digits())
	for _, path := range []string{"/jobs/1", "/jobs/1/nodes", "/jobs/1/report", "/jobs/1/events", "/jobs/1/events?start=1", "/inventory", "/inventory/a"} {
		c.get(path).ok()
	}
	for _, path := range []string{
		"/environments", "/environments/production", "/environments/production/applications", "/environments/production/instances",
		"/plan_jobs", "/plan_jobs/1/events", "/plan_jobs/1/event/1", "/scheduled_jobs", "/scopes/task_targets/1",
	} {
		c.get(path).problem(http.StatusNotFound, "puppetlabs.orchestrator/not-found")
	}
	for _, path := range []string{"/dumplings", "/command/plan_run", "/command/plan_start", "/command/plan_task", "/command/plan_finish", "/command/schedule_deploy"} {
		c.post(path, `{"plan_name":"p","params":{}}`).problem(http.StatusNotFound, "puppetlabs.orchestrator/not-found")
	}
	c.send(http.MethodDelete, c.base+"/scheduled_jobs/1", "").problem(http.StatusNotFound, "puppetlabs.orchestrator/not-found")
}
