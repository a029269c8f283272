package clienttest

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
)

// gem is the Ruby gem orchestrator_client 0.7.2, on Faraday with net-http-persistent: TLS 1.2 and no
// other version, connections that are kept open, Content-Type with reads too. It puts paths without
// a slash behind a base that ends with one. A read must be answered by 200 exactly, a command by 200
// or 202; everything else is an error, and the body of each answer must be JSON.
type gem struct{ *client }

func newGem(s *server, agent string) gem {
	c := newClient(s, habits{tls: tls.VersionTLS12, persistent: true, headers: map[string]string{
		"Content-Type":     "application/json",
		"X-Authentication": s.token,
		"User-Agent":       agent,
		"Accept":           "*/*",
		"Accept-Encoding":  "gzip;q=1.0,deflate;q=0.6,identity;q=0.3",
		"Connection":       "keep-alive",
		"Keep-Alive":       "30",
	}})
	c.base += "/"
	return gem{c}
}

func (g gem) read(location string) value {
	g.t.Helper()
	return g.get(location).ok()
}

// command sends one of the commands, which are named in the path.
func (g gem) command(name string, body any) *reply {
	g.t.Helper()
	return g.post("command/"+name, toJSON(g.t, body))
}

// created returns what a command has created.
func (r *reply) created() orchestrator.JobID {
	r.t.Helper()
	require.Contains(r.t, []int{http.StatusOK, http.StatusAccepted}, r.status, "%s: %s", r.call, r.text)
	job := value{t: r.t, s: r.s, path: r.call, v: parse(r.t, r.call, r.text)}.field("job")
	name := job.field("name").text()
	require.Equal(r.t, r.s.url+"/orchestrator/v1/jobs/"+name, job.field("id").link())
	return orchestrator.JobID(job.field("name").digits())
}

// doneStates and doneEvents are what the gem knows an end by.
var (
	doneStates = []string{"stopped", "finished", "failed"}
	doneEvents = []string{"job_aborted", "job_finished"}
)

// wait reads a job until it has ended, and returns its report.
func (g gem) wait(id orchestrator.JobID) value {
	g.t.Helper()
	g.s.poll(id, func() bool {
		return slices.Contains(doneStates, g.read("jobs/"+id.String()).field("state").text())
	})
	return g.read("jobs/" + id.String() + "/report")
}

// eachEvent reads the events of a job again and again, all of them each time, until one of them is
// the last, and returns what the readings gave. As soon as there are events the gem itself does not
// pause: one of them alone reads as fast as it is answered.
func (g gem) eachEvent(id orchestrator.JobID) [][]value {
	g.t.Helper()
	var readings [][]value
	g.s.poll(id, func() bool {
		events := g.read("jobs/" + id.String() + "/events")
		events.field("next-events", "event").digits()
		items := events.field("items").items()
		readings = append(readings, items)
		return slices.ContainsFunc(items, func(e value) bool { return slices.Contains(doneEvents, e.field("type").text()) })
	})
	return readings
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// object is a JSON object of a request.
type object = map[string]any

const gemAgent = "OrchestratorRubyClient/0.7.2"

func TestRubyGem(t *testing.T) {
	s := newServer(t, setup{tls: tls.VersionTLS12, fleet: &fleet{
		all:      outcome{result: agentRun},
		outcomes: map[string]outcome{"gone.example.com": {err: errNotConnected}},
	}})
	g := newGem(s, gemAgent)
	require.Empty(t, g.read("jobs").field("items").items())

	release := s.fleet.hold()
	id := g.command("deploy", object{
		"environment": "production", "noop": true,
		"scope": object{"nodes": []string{"web1.example.com", "web2.example.com", "gone.example.com"}},
	}).created()
	require.NotContains(t, doneStates, g.read("jobs/"+id.String()).field("state").text())
	early := g.read("jobs/" + id.String() + "/events").field("items").items()
	release()
	report := g.wait(id)
	require.Len(t, report.field("report").items(), 3)
	require.Equal(t, report.field("report").v, report.field("items").v)

	job := g.read("jobs/" + id.String())
	assert.Equal(t, "failed", job.field("state").text())
	assert.Equal(t, id.String(), job.field("name").text())
	assert.True(t, job.field("options", "noop").flag())
	var names []string
	for _, node := range g.read("jobs/" + id.String() + "/nodes").field("items").items() {
		names = append(names, node.field("name").text()+" "+node.field("state").text())
	}
	assert.ElementsMatch(t, []string{"web1.example.com finished", "web2.example.com finished", "gone.example.com errored"}, names)

	readings := g.eachEvent(id)
	last := readings[len(readings)-1]
	require.Greater(t, len(last), len(early))
	for i, event := range early {
		assert.Equal(t, event.v, last[i].v, "what was read before has changed")
	}
	assert.Equal(t, 3, g.read("jobs/"+id.String()).field("node_count").whole())
	assert.Equal(t, 3, nodesEnded(last))

	require.Len(t, g.read("jobs?limit=1").field("items").items(), 1)
	assert.EqualValues(t, 1, s.connections.Load(), "the connection was not kept")
}

// nodesEnded returns how many nodes have ended by what events say.
func nodesEnded(events []value) (n int) {
	for _, event := range events {
		switch event.field("type").text() {
		case "node_finished", "node_failed", "node_errored", "node_skipped":
			n++
		}
	}
	return n
}

// The loop of the gem ends whatever becomes of the job.
func TestRubyGemEventLoopEnds(t *testing.T) {
	for _, test := range []struct {
		name        string
		stop        object // besides the job; nil for a job that is not stopped
		state, last string
	}{
		{"finished", nil, "finished", "job_finished"},
		{"stopped", object{}, "stopped", "job_finished"},
		{"aborted", object{"force": true}, "stopped", "job_aborted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, setup{})
			g := newGem(s, gemAgent)
			release := s.fleet.hold()
			id := g.command("deploy", object{
				"environment": "production", "concurrency": 1, "scope": object{"nodes": []string{"a", "b", "c"}},
			}).created()
			next := s.next(id, 1)
			if test.stop != nil {
				test.stop["job"] = id.String()
				stopped := g.command("stop", test.stop).accepted().field("job")
				assert.Equal(t, id.String(), stopped.field("name").text())
				assert.Equal(t, []string{"errored", "failed", "finished", "new", "running", "skipped"}, stopped.field("nodes").keys())
				s.next(id, next)
			}
			release()
			readings := g.eachEvent(id)
			for i, reading := range readings {
				assert.GreaterOrEqual(t, len(reading), len(readings[max(i-1, 0)]))
			}
			events := readings[len(readings)-1]
			types, ids := make(map[string]int), 0
			for _, event := range events {
				types[event.field("type").text()]++
				require.Greater(t, event.field("id").digits(), ids, "the ids do not ascend")
				ids = event.field("id").digits()
				event.field("timestamp").time()
				event.field("message").text()
				event.field("details").keys()
			}
			last := events[len(events)-1]
			assert.Equal(t, test.last, last.field("type").text())
			assert.Equal(t, 1, types["job_aborted"]+types["job_finished"])
			assert.Equal(t, test.stop != nil, types["job_stopping"] == 1)
			assert.Equal(t, test.state, last.field("details", "state").text())
			assert.Equal(t, test.state, g.read("jobs/"+id.String()).field("state").text())
			g.wait(id)
		})
	}
}
