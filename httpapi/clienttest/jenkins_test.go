package clienttest

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
)

// jenkins is the Jenkins plugin puppet-enterprise-pipeline. It sends what it was told, without what it
// was not, but always a scope; has a connection for each request; follows the links to the nodes and
// the report as they are; and reads answers into Java classes with Gson: times by the literal pattern
// yyyy-MM-dd'T'HH:mm:ss'Z', URLs by the class URL, counters as integers. Only 400, 401 and 404 are
// errors to it: with any other status the body is read as that of a success.
type jenkins struct{ *client }

func newJenkins(s *server) jenkins {
	return jenkins{newClient(s, habits{headers: map[string]string{
		"Content-Type": "application/json", "X-Authentication": s.token, "User-Agent": "Apache-HttpClient/4.5.3 (Java/1.8.0)", "Accept-Encoding": "gzip,deflate",
	}})}
}

// javaURL reads what the class URL reads: an absolute URL of a scheme that it knows. An empty text is
// an error, which makes all of the answer unreadable.
func javaURL(v value) string {
	v.t.Helper()
	u, err := url.Parse(v.text())
	require.NoError(v.t, err, v.path)
	require.Contains(v.t, []string{"http", "https"}, u.Scheme, "%s: %q is no URL", v.path, v.text())
	require.NotEmpty(v.t, u.Host, v.path)
	return v.text()
}

// javaInteger reads what the class Integer holds: 32 bits.
func javaInteger(v value) {
	v.t.Helper()
	n := v.whole()
	require.True(v.t, math.MinInt32 <= n && n <= math.MaxInt32, "%s: %d has more than 32 bits", v.path, n)
}

// job reads a job as the plugin's class has it.
func (j jenkins) job(name string) value {
	j.t.Helper()
	job := j.get("/jobs/" + name).ok()
	job.field("id").link()
	job.field("name").text()
	javaInteger(job.field("node_count"))
	job.field("timestamp").time()
	for _, status := range job.field("status").items() {
		status.field("state").text()
		status.field("enter_time").time()
		if !status.field("exit_time").null() {
			status.field("exit_time").time()
		}
	}
	options := job.field("options")
	for _, key := range []string{"noop", "trace", "debug", "evaltrace", "enforce_environment"} {
		options.field(key).flag()
	}
	options.field("environment").text()
	options.field("scope").keys()
	if !options.field("concurrency").null() {
		javaInteger(options.field("concurrency"))
	}
	for _, key := range job.field("environment").keys() {
		job.field("environment", key).text()
	}
	j.owner(job.field("owner"))
	return job
}

func (j jenkins) owner(owner value) {
	j.t.Helper()
	owner.field("id").text()
	owner.field("login").text()
	for _, key := range []string{"is_revoked", "is_remote", "is_superuser", "is_group"} {
		if owner.has(key) {
			owner.field(key).flag()
		}
	}
	if owner.has("role_ids") {
		for _, id := range owner.field("role_ids").items() {
			id.whole()
		}
	}
	if owner.has("last_login") && !owner.field("last_login").null() {
		owner.field("last_login").milliTime()
	}
}

// nodes follows the link to a job's nodes, and returns a line for each, as the plugin prints them:
// counters and the report's URL if the node has metrics, or else the message.
func (j jenkins) nodes(job value) map[string]string {
	j.t.Helper()
	lines := make(map[string]string)
	for _, node := range j.follow(job.field("nodes", "id").link()).ok().field("items").items() {
		node.field("state").text()
		if !node.field("timestamp").null() {
			node.field("timestamp").time()
		}
		if !node.field("transaction_uuid").null() {
			node.field("transaction_uuid").text()
		}
		details := node.field("details")
		name := node.field("name").text()
		if details.has("report-url") && !details.field("report-url").null() {
			javaURL(details.field("report-url"))
		}
		if !details.has("metrics") || details.field("metrics").null() {
			lines[name] = details.field("message").text()
			continue
		}
		metrics := details.field("metrics")
		for _, key := range metrics.keys() {
			javaInteger(metrics.field(key))
		}
		for _, key := range []string{"failed", "changed", "skipped"} {
			javaInteger(metrics.field(key))
		}
		lines[name] = javaURL(details.field("report-url"))
	}
	return lines
}

// report follows the link to a job's report. A list of events that is null would end the plugin.
func (j jenkins) report(job value) []string {
	j.t.Helper()
	var names []string
	for _, node := range j.follow(job.field("report", "id").link()).ok().field("report").items() {
		names = append(names, node.field("node").text())
		node.field("state").text()
		node.field("timestamp").time()
		node.field("events").items()
	}
	return names
}

// run deploys, and reads the job until it has ended.
func (j jenkins) run(body string) value {
	j.t.Helper()
	created := j.post("/command/deploy", body).accepted().field("job")
	created.field("id").text()
	var job value
	j.s.poll(orchestrator.JobID(created.field("name").digits()), func() bool {
		job = j.job(created.field("name").text())
		return slices.Contains(doneStates, job.field("state").text())
	})
	return job
}

func TestJenkinsPlugin(t *testing.T) {
	s := newServer(t, setup{fleet: &fleet{
		all: outcome{result: agentRun},
		outcomes: map[string]outcome{
			"db1.example.com":  {failed: true, result: agentRun},
			"gone.example.com": {err: errNotConnected},
		},
	}})
	j := newJenkins(s)
	connected := j.post("/inventory", `{"nodes":["web1.example.com"]}`).ok().field("items").items()
	require.True(t, connected[0].field("connected").flag())

	job := j.run(`{"environment":"production","scope":{"nodes":["web1.example.com","db1.example.com","gone.example.com"]},"concurrency":2}`)
	assert.Equal(t, "failed", job.field("state").text())
	assert.True(t, job.field("options", "enforce_environment").flag(), "what the plugin does not send is true")
	const reportURL = "https://console.example.com/#/cm/report/c01241a705186428975ef9cb731e4b3ecf3cb428"
	assert.Equal(t, map[string]string{
		"web1.example.com": reportURL,
		"db1.example.com":  reportURL,
		"gone.example.com": "Error running puppet on gone.example.com: gone.example.com is not connected to the PCP broker",
	}, j.nodes(job))
	assert.ElementsMatch(t, []string{"web1.example.com", "db1.example.com", "gone.example.com"}, j.report(job))
}

// A run that says nothing about itself is one that the plugin can read, too: its nodes have no
// metrics, or they have metrics and a URL.
func TestJenkinsPluginOnRunsThatSayNothing(t *testing.T) {
	for name, result := range map[string]string{
		"nothing":      "",
		"no report":    `{"metrics":{"failed":0,"changed":1,"skipped":2}}`,
		"no metrics":   `{"report-url":"https://console.example.com/report"}`,
		"no URL":       `{"report-url":"see the console","metrics":{"failed":0}}`,
		"an empty URL": `{"report-url":""}`,
		"odd metrics":  `{"report-url":"https://console.example.com/report","metrics":{"failed":"many","changed":1.5,"skipped":-1}}`,
		"text":         `{"_output":"Applied catalog in 0.1 seconds"}`,
		"huge metrics": `{"report-url":"https://console.example.com/report","metrics":{"total":9999999999}}`,
		"null":         `{"report-url":null,"metrics":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, setup{fleet: &fleet{all: outcome{result: result}}})
			j := newJenkins(s)
			job := j.run(`{"environment":"production","scope":{"nodes":["web1.example.com"]}}`)
			assert.Len(t, j.nodes(job), 1)
			assert.Len(t, j.report(job), 1)
		})
	}
}

// While a job is new or runs, all times that it does not have yet are null, and its nodes can be read.
func TestJenkinsPluginWhileTheJobRuns(t *testing.T) {
	s := newServer(t, setup{})
	j := newJenkins(s)
	release := s.fleet.hold()
	created := j.post("/command/deploy", `{"environment":"production","scope":{"nodes":["a","b"]},"concurrency":1}`).accepted()
	s.next(1, 1)
	job := j.job(created.field("job", "name").text())
	assert.Equal(t, "running", job.field("state").text())
	status := job.field("status").items()
	assert.True(t, status[len(status)-1].field("exit_time").null())
	nodes := j.follow(job.field("nodes", "id").link()).ok().field("items").items()
	states := make(map[string]bool)
	for _, node := range nodes {
		states[node.field("state").text()] = true
		node.field("details").keys()
		if !node.field("start_timestamp").null() {
			assert.WithinDuration(t, time.Now(), node.field("start_timestamp").time(), patience)
			assert.GreaterOrEqual(t, node.field("duration").number(), 0.0)
		}
	}
	assert.Equal(t, map[string]bool{"running": true, "new": true}, states)
	release()
	s.ended(1)
}

// What goes wrong is answered by a status that the plugin takes for an error.
func TestJenkinsPluginErrors(t *testing.T) {
	s := newServer(t, setup{resolver: resolver{}})
	j := newJenkins(s)
	const deploy = "/command/deploy"
	for _, test := range []struct {
		answer *reply
		status int
		kind   string
	}{
		{j.get("/jobs/711"), http.StatusNotFound, "puppetlabs.orchestrator/unknown-job"},
		{j.post(deploy, `{"environment":"production","scope":{}}`), http.StatusBadRequest, "puppetlabs.orchestrator/validation-error"},
		{j.post(deploy, `{"environment":"production","scope":{},"target":""}`), http.StatusBadRequest, "puppetlabs.orchestrator/unknown-target"},
		{j.post(deploy, `{"environment":"production","scope":{"application":"App[one]"}}`), http.StatusBadRequest, "puppetlabs.orchestrator/unknown-target"},
		{j.post(deploy, `{"environment":"production","scope":{"nodes":[]}}`), http.StatusBadRequest, "puppetlabs.orchestrator/empty-target"},
		{j.post(deploy, `{"environment":"production","scope":{"query":"nodes[certname]{}"}}`), http.StatusBadRequest, "puppetlabs.orchestrator/empty-target"},
		{j.post(deploy, `{"environment":"production","scope":{"query":"broken"}}`), http.StatusBadRequest, "puppetlabs.orchestrator/query-error"},
		{j.post(deploy, `{"environment":"nowhere","scope":{"query":"nodes{}"}}`), http.StatusNotFound, "puppetlabs.orchestrator/unknown-environment"},
	} {
		test.answer.problem(test.status, test.kind)
	}
	j.headers.Set("X-Authentication", s.expired)
	for _, answer := range []*reply{j.get("/jobs/1"), j.post(deploy, `{}`), j.post("/inventory", `{"nodes":[]}`)} {
		answer.problem(http.StatusUnauthorized, "puppetlabs.rbac/token-expired")
	}
}
