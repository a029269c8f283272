package clienttest

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newPEClient returns the Ruby client pe_client, on Faraday: flat query parameters in the order of
// their names, and a body that is parsed only if the Content-Type, without its parameters, ends with
// "json". A status from 200 to 299 is a success; 400, 401, 403, 404, 409 and 500 to 599 have an error
// each. It calls the root without a slash.
func newPEClient(s *server) *client {
	return newClient(s, habits{headers: map[string]string{
		"X-Authentication": s.token,
		"User-Agent":       "PEClient/0.1.0 Ruby/3.2.5",
		"Content-Type":     "application/json",
		"Accept":           "*/*",
		"Accept-Encoding":  "gzip;q=1.0,deflate;q=0.6,identity;q=0.3",
	}})
}

// query returns a path with parameters, given by turns with their values.
func query(path string, params ...string) string {
	values := make(url.Values)
	for i := 0; i < len(params); i += 2 {
		values.Set(params[i], params[i+1])
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

func TestPEClientRoot(t *testing.T) {
	c := newPEClient(newServer(t, setup{}))
	root := c.get("").ok()
	info := root.field("info")
	for _, key := range []string{"title", "description", "warning", "version"} {
		info.field(key).text()
	}
	info.field("license", "name").text()
	info.field("license", "url").text()
	require.Equal(t, "status", root.field("status", "name").text())
	c.follow(root.field("status", "id").link()).ok()

	names := make(map[string]string)
	for _, collection := range root.field("collections").items() {
		names[collection.field("name").text()] = collection.field("id").link()
		c.follow(collection.field("id").link()).ok()
	}
	require.Contains(t, names, "jobs")
	for _, command := range root.field("commands").items() {
		names[command.field("name").text()] = command.field("id").link()
		c.send(http.MethodPost, command.field("id").link(), "{}").problem(http.StatusBadRequest, "puppetlabs.orchestrator/validation-error")
	}
	for _, name := range []string{"deploy", "stop", "task"} {
		assert.Equal(t, c.base+"/command/"+name, names[name])
	}
}

// Every parameter of the documentation is understood.
func TestPEClientJobs(t *testing.T) {
	s := newServer(t, setup{})
	c := newPEClient(s)
	for range 3 {
		s.deploy("web1.example.com")
	}
	c.post("/command/task", `{"environment":"production","scope":{"nodes":["web2.example.com"]},"params":{},"targets":[],"task":"facts::collect"}`).accepted()
	last := s.ended(4)
	finished := last.Finished().UTC().Format("2006-01-02T15:04:05Z")

	for path, want := range map[string][]int{
		query("/jobs", "limit", "2", "offset", "1", "order_by", "name", "order", "asc"): {2, 3},
		query("/jobs", "limit", "2"):                                                                       {4, 3},
		query("/jobs", "offset", "3", "order_by", "name"):                                                  {4},
		query("/jobs", "order", "desc", "order_by", "name"):                                                {4, 3, 2, 1},
		query("/jobs", "type", "task"):                                                                     {4},
		query("/jobs", "type", "deploy", "order", "asc"):                                                   {1, 2, 3},
		query("/jobs", "type", "plan_task"):                                                                {},
		query("/jobs", "task", "facts"):                                                                    {4},
		query("/jobs", "task", "collect", "type", "task"):                                                  {4},
		query("/jobs", "task", "nope"):                                                                     {},
		query("/jobs", "min_finish_timestamp", "2016-01-01T00:00:00Z", "order", "asc"):                     {1, 2, 3, 4},
		query("/jobs", "max_finish_timestamp", "2016-01-01T00:00:00Z"):                                     {},
		query("/jobs", "min_finish_timestamp", finished, "max_finish_timestamp", finished, "type", "task"): {4},
		query("/jobs", "order_by", "owner", "order", "asc"):                                                {1, 2, 3, 4},
		query("/jobs", "order_by", "environment", "order", "asc"):                                          {1, 2, 3, 4},
		query("/jobs", "order_by", "state", "order", "desc"):                                               {4, 3, 2, 1},
		query("/jobs", "order_by", "timestamp", "order", "asc"):                                            {1, 2, 3, 4},
	} {
		list := c.get(path).ok()
		ids := []int{}
		for _, job := range list.field("items").items() {
			ids = append(ids, job.field("name").digits())
		}
		assert.Equal(t, want, ids, path)
		pagination := list.field("pagination")
		assert.GreaterOrEqual(t, pagination.field("total").whole(), len(ids), path)
		pagination.field("offset").whole()
		for _, key := range []string{"order", "order_by", "type"} {
			pagination.field(key).text()
		}
	}
	c.get(query("/jobs", "task", "facts", "type", "deploy")).problem(http.StatusBadRequest, "puppetlabs.orchestrator/validation-error")
	assert.Equal(t, 3, c.get(query("/jobs", "type", "deploy", "limit", "1")).ok().field("pagination", "total").whole())
}

func TestPEClientNodes(t *testing.T) {
	s := newServer(t, setup{fleet: &fleet{outcomes: map[string]outcome{"c": {failed: true}, "a": {err: errNotConnected}}}})
	c := newPEClient(s)
	s.deploy("c", "a", "b")
	for path, want := range map[string][]string{
		query("/jobs/1/nodes"):                                                  {"c", "a", "b"},
		query("/jobs/1/nodes", "order_by", "name"):                              {"a", "b", "c"},
		query("/jobs/1/nodes", "order", "desc", "order_by", "name"):             {"c", "b", "a"},
		query("/jobs/1/nodes", "limit", "1", "offset", "1", "order_by", "name"): {"b"},
		query("/jobs/1/nodes", "order_by", "state"):                             {"a", "c", "b"},
		query("/jobs/1/nodes", "state", "finished"):                             {"b"},
		query("/jobs/1/nodes", "state", "failed"):                               {"c"},
		query("/jobs/1/nodes", "state", "errored"):                              {"a"},
	} {
		names := []string{}
		for _, node := range c.get(path).ok().field("items").items() {
			names = append(names, node.field("name").text())
		}
		assert.Equal(t, want, names, path)
	}
	for _, orderBy := range []string{"duration", "start_timestamp", "finish_timestamp"} {
		assert.Len(t, c.get(query("/jobs/1/nodes", "order_by", orderBy)).ok().field("items").items(), 3)
	}
	// The documentation lists the states of jobs.
	for _, state := range []string{"new", "ready", "running", "stopping", "stopped"} {
		assert.Empty(t, c.get(query("/jobs/1/nodes", "state", state)).ok().field("items").items(), state)
	}
	c.get("/jobs/1/report").ok()
	events := c.get(query("/jobs/1/events", "start", "2")).ok()
	assert.Equal(t, 2, events.field("items").items()[0].field("id").digits())
}

func TestPEClientCommands(t *testing.T) {
	s := newServer(t, setup{})
	c := newPEClient(s)
	created := c.post("/command/deploy", `{"environment":"production","scope":{"nodes":["a"]},"concurrency":2,"debug":true,"description":"d",`+
		`"enforce_environment":true,"evaltrace":true,"filetimeout":1,"http_connect_timeout":2,"http_keepalive_timeout":3,"http_read_timeout":4,`+
		`"noop":false,"no_noop":true,"ordering":"manifest","skip_tags":"x","tags":"y","timeout":60,"trace":true,"use_cached_catalog":true,`+
		`"usecacheonfailure":true,"userdata":{"ticket":"OPS-7"}}`).accepted()
	job := c.follow(created.field("job", "id").link()).ok()
	assert.Equal(t, "OPS-7", job.field("userdata", "ticket").text())
	options := job.field("options")
	assert.Equal(t, 4, options.field("http_read_timeout").whole())
	assert.True(t, options.field("usecacheonfailure").flag())
	assert.Equal(t, "manifest", options.field("ordering").text())

	c.post("/command/task", `{"environment":"production","scope":{"nodes":["a"]},"params":{"name":"openssl"},"targets":[{"hostnames":["a"],`+
		`"user":"root","transport":"ssh","password":"hunter2","port":22}],"task":"package","timeout":60,"description":"d","noop":true,"userdata":{}}`).accepted()
	s.ended(2)
	assert.NotContains(t, string(c.get("/jobs/2").text), "hunter2")
	c.post("/command/stop", `{"job":"1","force":true}`).accepted()

	inventory := c.post("/inventory", `{"nodes":["a","gone.example.com"]}`).ok().field("items").items()
	assert.True(t, inventory[0].field("connected").flag())
	assert.False(t, inventory[1].field("connected").flag())
	assert.False(t, c.get("/inventory/gone.example.com").ok().field("connected").flag())
	assert.Len(t, c.get("/inventory").ok().field("items").items(), 2)
}

// Each error has the status by which the client tells it from others.
func TestPEClientErrors(t *testing.T) {
	s := newServer(t, setup{resolver: resolver{}})
	c := newPEClient(s)
	for _, path := range []string{
		"/plan_jobs", "/plan_jobs/1", "/plan_jobs/1/events", "/plans", "/plans/m/p", "/scheduled_jobs", "/scheduled_jobs/environment_jobs",
		"/tasks", "/tasks/package/status", "/scopes/task_targets", "/usage", "/jobs/99", "/nothing",
	} {
		v := c.get(path).with(http.StatusNotFound)
		v.field("kind").text()
		v.field("msg").text()
	}
	for _, command := range []string{"plan_run", "environment_plan_run", "stop_plan", "task_target"} {
		c.post("/command/"+command, `{}`).with(http.StatusNotFound).field("msg").text()
	}
	c.get(query("/jobs", "limit", "-1")).problem(http.StatusBadRequest, "puppetlabs.orchestrator/validation-error")
	c.post("/command/deploy", `{"environment":"production","scope":{"query":"strange"}}`).problem(http.StatusInternalServerError, "puppetlabs.orchestrator/unknown-error")

	c.headers.Set("Idempotency-Key", "k")
	first := c.post("/command/deploy", `{"environment":"production","scope":{"nodes":["a"]}}`).accepted()
	again := c.post("/command/deploy", `{"environment":"production","scope":{"nodes":["a"]}}`).accepted()
	assert.Equal(t, first.v, again.v)
	c.post("/command/deploy", `{"environment":"production","scope":{"nodes":["b"]}}`).problem(http.StatusConflict, "puppetlabs.orchestrator/validation-error")

	c.headers.Set("X-Authentication", s.expired)
	c.get("/jobs").problem(http.StatusUnauthorized, "puppetlabs.rbac/token-expired")
}
