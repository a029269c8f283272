package clienttest

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// taskError is what a task gives that failed.
const taskError = `{"_error":{"kind":"puppetlabs.tasks/task-error","msg":"The task failed with exit code 1","details":{"exit_code":1}},"_output":"no such package\n"}`

// boltResult is what Bolt makes of a node of a job that it has run: the node's result, or an error
// of its own kind. It reads the state first, and then what it needs.
func boltResult(node value) (kind string, result value) {
	node.t.Helper()
	switch state := node.field("state").text(); {
	case state == "finished":
		return "", node.field("result")
	case !node.field("result").null() && node.field("result").has("_error"):
		problem := node.field("result", "_error")
		problem.field("msg").text()
		problem.field("details").keys()
		return problem.field("kind").text(), node.field("result")
	case state == "skipped":
		return "puppetlabs.tasks/skipped-node", node.field("result")
	default:
		return "unknown exit code", node.field("result")
	}
}

// Bolt's transport for the API is the Ruby gem with another User-Agent. It begins a plan, and runs
// tasks without one when it is told that there are no plans; asks the inventory whether nodes are
// connected; runs a task with a noop that is null, and looks results up by the names it asked for.
func TestBolt(t *testing.T) {
	s := newServer(t, setup{fleet: &fleet{outcomes: map[string]outcome{
		"web1.example.com": {result: `{"stdout":"Linux\n","stderr":"","exit_code":0}`},
		"web2.example.com": {failed: true, result: taskError},
		"gone.example.com": {err: errNotConnected},
	}}})
	bolt := newGem(s, "Bolt/4.0.0")
	targets := []string{"web1.example.com", "web2.example.com", "gone.example.com", "web3.example.com"}

	bolt.command("plan_start", object{"plan_name": "deploy", "description": "a plan", "params": object{}}).
		problem(http.StatusNotFound, "puppetlabs.orchestrator/not-found")

	connected := make(map[string]bool)
	inventory := bolt.post("inventory", toJSON(t, object{"nodes": targets})).ok()
	for _, node := range inventory.field("items").items() {
		connected[node.field("name").text()] = node.field("connected").flag()
	}
	require.Equal(t, map[string]bool{
		"web1.example.com": true, "web2.example.com": true, "gone.example.com": false, "web3.example.com": true,
	}, connected)

	id := bolt.command("task", object{
		"task": "bolt_shim::command", "environment": "production", "noop": nil,
		"params": object{"command": "uname"}, "scope": object{"nodes": targets}, "description": "run uname",
	}).created()
	bolt.wait(id)
	results := make(map[string]value)
	kinds := make(map[string]string)
	for _, node := range bolt.read("jobs/" + id.String() + "/nodes").field("items").items() {
		name := node.field("name").text()
		kinds[name], results[name] = boltResult(node)
	}
	assert.Equal(t, map[string]string{
		"web1.example.com": "",
		"web2.example.com": "puppetlabs.tasks/task-error",
		"gone.example.com": "puppetlabs.orchestrator/execution-failure",
		"web3.example.com": "",
	}, kinds)
	shim := results["web1.example.com"]
	assert.Equal(t, "Linux\n", shim.field("stdout").text())
	assert.Empty(t, shim.field("stderr").text())
	assert.Zero(t, shim.field("exit_code").whole())
	assert.Empty(t, results["web3.example.com"].keys(), "a task that gives nothing gives an object")
	assert.Equal(t, "no such package\n", results["web2.example.com"].field("_output").text())
	assert.Equal(t, "gone.example.com", results["gone.example.com"].field("_error", "details", "node").text())

	for _, run := range s.fleet.requests() {
		assert.False(t, run.Spec.Noop, "a noop that is null is none")
		assert.JSONEq(t, `{"command":"uname"}`, string(run.Spec.Task.Params))
		assert.Contains(t, targets, run.Node)
	}
}

// Nodes that had not started when a job was stopped are skipped, which Bolt has a kind of its own for.
func TestBoltOnAStoppedJob(t *testing.T) {
	s := newServer(t, setup{})
	bolt := newGem(s, "Bolt/4.0.0")
	release := s.fleet.hold()
	id := bolt.command("task", object{
		"task": "package", "environment": "production", "noop": false, "concurrency": 1,
		"params": object{}, "scope": object{"nodes": []string{"a", "b"}},
	}).created()
	s.next(id, 1)
	bolt.command("stop", object{"job": id.String()}).created()
	release()
	bolt.wait(id)
	var kinds []string
	for _, node := range bolt.read("jobs/" + id.String() + "/nodes").field("items").items() {
		kind, _ := boltResult(node)
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	assert.Equal(t, []string{"", "puppetlabs.tasks/skipped-node"}, kinds)
}

// An error of a command is, with its kind, msg and details, the result of each target.
func TestBoltErrors(t *testing.T) {
	s := newServer(t, setup{})
	bolt := newGem(s, "Bolt/4.0.0")
	problem := bolt.command("task", object{
		"task": "no task", "environment": "production", "noop": nil, "params": object{}, "scope": object{"nodes": []string{"a"}},
	}).problem(http.StatusBadRequest, "puppetlabs.orchestrator/validation-error")
	assert.Equal(t, `"no task" is not a valid task name.`, problem.field("msg").text())
	problem.field("details").keys()
}
