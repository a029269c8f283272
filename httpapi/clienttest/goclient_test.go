package clienttest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The answers as the Go client decodes them. A key without omitempty must be in the answer. Details
// and results are maps there; a null becomes a zero.
type (
	goLink struct {
		ID string `json:"id"`
	}

	goJob struct {
		ID          string         `json:"id"`
		Name        string         `json:"name"`
		State       string         `json:"state"`
		Type        string         `json:"type"`
		Command     string         `json:"command"`
		Description string         `json:"description"`
		Timestamp   string         `json:"timestamp"`
		NodeCount   int            `json:"node_count"`
		Options     map[string]any `json:"options"`
		Owner       map[string]any `json:"owner"`
		NodeStates  struct {
			Finished int `json:"finished,omitempty"`
			Errored  int `json:"errored,omitempty"`
			Failed   int `json:"failed,omitempty"`
			Running  int `json:"running,omitempty"`
		} `json:"node_states"`
		Environment struct {
			Name string `json:"name"`
		} `json:"environment"`
		Status []struct {
			State     string `json:"state"`
			EnterTime string `json:"enter_time"`
			ExitTime  string `json:"exit_time"`
		} `json:"status"`
		Nodes  goLink `json:"nodes"`
		Events goLink `json:"events"`
		Report goLink `json:"report"`
	}

	goJobs struct {
		Items      []goJob `json:"items"`
		Pagination struct {
			Limit  int `json:"limit"`
			Offset int `json:"offset"`
			Total  int `json:"total"`
		} `json:"pagination"`
	}

	goNodes struct {
		Items []struct {
			Name            string         `json:"name"`
			State           string         `json:"state"`
			Transport       string         `json:"transport"`
			TransactionUUID string         `json:"transaction_uuid"`
			Timestamp       string         `json:"timestamp"`
			StartTimestamp  string         `json:"start_timestamp"`
			FinishTimestamp string         `json:"finish_timestamp"`
			Duration        float64        `json:"duration"`
			LatestEventID   int            `json:"latest-event-id"`
			Details         map[string]any `json:"details"`
			Result          map[string]any `json:"result"`
		} `json:"items"`
		NextEvents struct {
			ID    string `json:"id"`
			Event string `json:"event"`
		} `json:"next-events"`
	}

	goReport struct {
		Items []struct {
			Node      string `json:"node"`
			State     string `json:"state"`
			Timestamp string `json:"timestamp"`
			Events    []struct {
				ID        string `json:"id"`
				Type      string `json:"type"`
				Timestamp string `json:"timestamp"`
				Message   string `json:"message"`
			} `json:"events"`
		} `json:"items"`
	}

	goCreated struct {
		Job struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"job"`
	}

	goStopped struct {
		Job struct {
			ID    string         `json:"id"`
			Name  string         `json:"name"`
			Nodes map[string]int `json:"nodes"`
		} `json:"job"`
	}

	goInventoryNode struct {
		Name      string `json:"name"`
		Connected bool   `json:"connected"`
		Broker    string `json:"broker,omitempty"`
		Timestamp string `json:"timestamp,omitempty"`
	}

	goInventory struct {
		Items []goInventoryNode `json:"items"`
	}

	goError struct {
		Kind string `json:"kind"`
		Msg  string `json:"Msg"`
	}
)

// beyondFixtures are the keys of our answers that the client's fixtures do not have, and so neither
// do its types. It ignores them, except in its own tests.
var beyondFixtures = []string{
	".created_timestamp", ".started_timestamp", ".finished_timestamp", ".duration", ".userdata",
	".node_states.new", ".node_states.skipped",
}

// decoded reads an answer into v, a pointer, as strictly as the client's own tests: without a key
// that v does not know, besides those that are beyond it. Every key that v knows must be there.
func decoded(answer value, v any, beyond ...string) {
	answer.t.Helper()
	present(answer, reflect.TypeOf(v).Elem())
	text, err := json.Marshal(without(answer.v, "", beyond))
	require.NoError(answer.t, err)
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	require.NoError(answer.t, dec.Decode(v), "%s: %s", answer.path, text)
}

// present fails unless each key of a struct's fields is in the answer.
func present(answer value, typ reflect.Type) {
	answer.t.Helper()
	switch {
	case answer.null():
	case typ.Kind() == reflect.Slice:
		for _, item := range answer.items() {
			present(item, typ.Elem())
		}
	case typ.Kind() == reflect.Struct:
		for field := range typ.Fields() {
			key, optional, _ := strings.Cut(field.Tag.Get("json"), ",")
			key = strings.ToLower(key)
			if optional == "" || answer.has(key) {
				present(answer.field(key), field.Type)
			}
		}
	}
}

// without returns a JSON value without the members at some paths, such as ".items.duration".
func without(v any, path string, paths []string) any {
	switch v := v.(type) {
	case map[string]any:
		rest := make(map[string]any)
		for key, member := range v {
			if below := path + "." + key; !slices.Contains(paths, below) {
				rest[key] = without(member, below, paths)
			}
		}
		return rest
	case []any:
		rest := make([]any, len(v))
		for i, item := range v {
			rest[i] = without(item, path, paths)
		}
		return rest
	default:
		return v
	}
}

func below(prefix string, paths []string) []string {
	var all []string
	for _, path := range paths {
		all = append(all, prefix+path)
	}
	return all
}

// newGoClient returns the Go client go-pe-client, on resty. It takes no answer for JSON whose
// Content-Type does not say so, and every status above 399 for an error.
func newGoClient(s *server) *client {
	return newClient(s, habits{persistent: true, headers: map[string]string{
		"X-Authentication": s.token, "User-Agent": "go-resty/2.11.0 (https://github.com/go-resty/resty)", "Content-Type": "application/json",
	}})
}

func TestGoClient(t *testing.T) {
	s := newServer(t, setup{fleet: &fleet{all: outcome{result: `{"status":"out of date","version":"1.1.0g"}`}}})
	c := newGoClient(s)
	var jobs goJobs
	decoded(c.get("/jobs").ok(), &jobs, ".pagination.order", ".pagination.order_by", ".pagination.type", ".pagination.next")
	require.Empty(t, jobs.Items)

	var created goCreated
	decoded(c.post("/command/task", `{"environment":"production","task":"package","params":{"action":"status","name":"openssl"},`+
		`"scope":{"nodes":["web1.example.com","web2.example.com"]}}`).accepted(), &created)
	require.Equal(t, c.base+"/jobs/1", created.Job.ID)
	require.Equal(t, "1", created.Job.Name)
	s.ended(1)

	var job goJob
	decoded(c.get("/jobs/1").ok(), &job, beyondFixtures...)
	assert.Equal(t, created.Job.ID, job.ID)
	assert.Equal(t, []string{"finished", "task", "task"}, []string{job.State, job.Type, job.Command})
	assert.Equal(t, 2, job.NodeCount)
	assert.Equal(t, 2, job.NodeStates.Finished)
	assert.Equal(t, "casey", job.Owner["login"])
	assert.Equal(t, "package", job.Options["task"])
	require.Len(t, job.Status, 3)
	assert.Equal(t, []string{"ready", "running", "finished"}, []string{job.Status[0].State, job.Status[1].State, job.Status[2].State})
	decoded(c.get("/jobs").ok(), &jobs, append(below(".items", beyondFixtures),
		".pagination.order", ".pagination.order_by", ".pagination.type", ".pagination.next")...)
	require.Equal(t, []goJob{job}, jobs.Items)
	assert.Equal(t, 1, jobs.Pagination.Total)

	var nodes goNodes
	decoded(c.get("/jobs/1/nodes").ok(), &nodes, ".items.message")
	require.Len(t, nodes.Items, 2)
	for _, node := range nodes.Items {
		assert.Equal(t, map[string]any{"status": "out of date", "version": "1.1.0g"}, node.Result)
		assert.Equal(t, "pcp", node.Transport)
		assert.Positive(t, node.LatestEventID)
		assert.NotEmpty(t, node.FinishTimestamp)
	}
	assert.Equal(t, c.base+"/jobs/1/events?start="+nodes.NextEvents.Event, nodes.NextEvents.ID)
	events := c.get("/jobs/1/events").ok().field("items").items()
	newest := events[len(events)-1].field("id").digits()
	assert.Equal(t, strconv.Itoa(newest+1), nodes.NextEvents.Event, "one more than the newest event of the job")
	assert.Empty(t, c.follow(nodes.NextEvents.ID).ok().field("items").items())

	var report goReport
	decoded(c.get("/jobs/1/report").ok(), &report, ".report", ".items.start_timestamp", ".items.finish_timestamp")
	require.Len(t, report.Items, 2)
	assert.Empty(t, report.Items[0].Events)

	var stopped goStopped
	decoded(c.post("/command/stop", `{"job":"1"}`).accepted(), &stopped)
	assert.Equal(t, map[string]int{"new": 0, "running": 0, "failed": 0, "errored": 0, "skipped": 0, "finished": 2}, stopped.Job.Nodes)
}

// A deploy of the client always has enforce_environment, and a scope even if it is empty.
func TestGoClientDeploys(t *testing.T) {
	s := newServer(t, setup{fleet: &fleet{all: outcome{result: agentRun}}})
	c := newGoClient(s)
	var created goCreated
	decoded(c.post("/command/deploy", `{"environment":"production","scope":{"nodes":["web1.example.com"]},"noop":true,"enforce_environment":true}`).accepted(), &created)
	s.ended(1)
	var nodes goNodes
	decoded(c.get("/jobs/"+created.Job.Name+"/nodes").ok(), &nodes, ".items.message")
	require.Len(t, nodes.Items, 1)
	assert.NotEmpty(t, nodes.Items[0].TransactionUUID)
	assert.Equal(t, "production", nodes.Items[0].Details["environment"])

	var problem goError
	decoded(c.post("/command/deploy", `{"environment":"production","scope":{},"enforce_environment":false,"target":"App[one]"}`).
		problem(http.StatusBadRequest, "puppetlabs.orchestrator/unknown-target"), &problem, ".details")
	assert.NotEmpty(t, problem.Msg)
}

func TestGoClientInventory(t *testing.T) {
	s := newServer(t, setup{})
	c := newGoClient(s)
	var all goInventory
	decoded(c.get("/inventory").ok(), &all)
	require.Len(t, all.Items, 2)
	var one goInventoryNode
	decoded(c.get("/inventory/web1.example.com").ok(), &one)
	want := goInventoryNode{Name: "web1.example.com", Connected: true, Broker: "pcp://broker.example.com/server", Timestamp: "2026-11-24T08:15:33.640Z"}
	assert.Equal(t, want, one)
	assert.Equal(t, want, all.Items[0])
	var asked goInventory
	answer := c.post("/inventory", `{"nodes":["gone.example.com","web1.example.com"]}`).ok()
	decoded(answer, &asked)
	assert.Equal(t, []goInventoryNode{{Name: "gone.example.com"}, want}, asked.Items)
	assert.Equal(t, []string{"connected", "name"}, answer.field("items").items()[0].keys())
}

// What the server does not have is an error that the client can decode, as all errors are.
func TestGoClientErrors(t *testing.T) {
	c := newGoClient(newServer(t, setup{}))
	for _, answer := range []*reply{
		c.get("/jobs/123"), c.get("/tasks"), c.get("/plans"), c.get("/tasks/package"), c.get("/plans/reboot"),
		c.post("/command/plan_run", `{"plan_name":"reboot","params":{}}`), c.post("/command/schedule_task", `{}`), c.post("/command/task_target", `{}`),
	} {
		var problem goError
		decoded(answer.with(http.StatusNotFound), &problem, ".details")
		assert.NotEmpty(t, problem.Kind, answer.call)
		assert.NotEmpty(t, problem.Msg, answer.call)
	}
}
