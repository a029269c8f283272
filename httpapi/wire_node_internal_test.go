package httpapi

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// FuzzNode compares what the encoder makes of a node with what encoding/json does of the same, put
// together with maps.
func FuzzNode(f *testing.F) {
	for _, result := range []string{
		``, `{}`, `{"metrics":{"total":3,"failed":1.5,"changed":"2","skipped":-1,"other":9},"report-url":7,"hash":"h","environment":null}`,
		`{"transaction_uuid":"9ffbbbfe-0337-4610-a9d7-e17c11813cdd","report-url":"https://h/p","metrics":{"out_of_sync":2147483648},"a":[{"hash":"x"}]}`,
		`{"h\u0061sh":"\"\\","environment":"é\u2028","metrics":[],"report-url":"http://\u0061"}`, `{"hash":"a","metrics":{"total":1},"metrics":{}}`,
	} {
		for state := range 6 {
			f.Add("web1.example.com", "nothing to do", result, state, int64(1480488903), int64(7767), false)
		}
	}
	f.Add("a", "\"\xff<\n", `{"hash":1}`, 2, int64(0), int64(-1), true)
	f.Fuzz(func(t *testing.T, name, message, result string, state int, started, took int64, task bool) {
		var parsed map[string]any
		if result != "" && (json.Unmarshal([]byte(result), &parsed) != nil || parsed == nil) || strings.ToValidUTF8(result, "") != result {
			return // the store takes nothing of the kind
		}
		states := orchestrator.NodeStates()
		j := &orchestrator.Job{ID: 7, JobSpec: orchestrator.JobSpec{Command: orchestrator.CommandDeploy}}
		if task {
			j.Command, j.Task.Name = orchestrator.CommandTask, name
		}
		at := time.Unix(started%(1<<32), 0)
		n := &orchestrator.Node{Name: name, State: states[uint(state)%uint(len(states))], Message: message, Started: at, Finished: at.Add(time.Duration(took % 1e6)), LatestEvent: 5}
		if result != "" {
			n.Result = json.RawMessage(result)
		}
		var got any
		text := encoded(func(e *encoder) { e.node(j, n, links{base: "http://h/v1"}, at) })
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if want := roundTripped(t, plainNode(j, n, parsed, at)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s\nbecame %v\nwant   %v", text, got, want)
		}
	})
}

func roundTripped(t *testing.T, v any) (out any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// plainNode is what a node is on the wire.
func plainNode(j *orchestrator.Job, n *orchestrator.Node, result map[string]any, now time.Time) map[string]any {
	node := map[string]any{
		"name": n.Name, "state": n.State, "timestamp": plainTime(n.Updated), "start_timestamp": plainTime(n.Started), "finish_timestamp": plainTime(n.Finished),
		"duration": plainSeconds(n.Started, n.Finished, now), "transaction_uuid": nil, "transport": "pcp", "latest-event-id": n.LatestEvent,
		"message": nodeMessage(j, n), "details": map[string]any{}, "result": nil,
	}
	if j.Command == orchestrator.CommandDeploy {
		node["transaction_uuid"] = plainString(result["transaction_uuid"])
		if n.State != orchestrator.NodeNew {
			node["details"] = plainDetails(n, nodeMessage(j, n), result, now)
		}
	}
	switch {
	case !ran(n):
	case n.Result != nil:
		node["result"] = n.Result
	case n.State == orchestrator.NodeErrored:
		node["result"] = map[string]any{"_error": map[string]any{
			"kind": "puppetlabs.orchestrator/execution-failure", "msg": n.Message, "details": map[string]any{"node": n.Name},
		}}
	default:
		node["result"] = map[string]any{}
	}
	return node
}

func plainDetails(n *orchestrator.Node, message string, result map[string]any, now time.Time) map[string]any {
	details := map[string]any{"message": message}
	switch n.State {
	case orchestrator.NodeRunning:
		details["run-time"] = int64(max(now.Sub(n.Started), 0).Seconds())
	case orchestrator.NodeFinished, orchestrator.NodeFailed:
		details["report-url"] = "http://h/v1/jobs/7/report"
		var raw map[string]json.RawMessage
		if json.Unmarshal(n.Result, &raw) == nil && isURL(raw["report-url"]) {
			details["report-url"] = raw["report-url"]
		}
		metrics, _ := result["metrics"].(map[string]any)
		details["metrics"] = plainMetrics(raw["metrics"], metrics != nil)
		for _, key := range []string{"hash", "environment"} {
			if text := plainString(result[key]); text != nil {
				details[key] = text
			}
		}
	}
	return details
}

// plainMetrics are the counters of a run that are whole numbers of 32 bits.
func plainMetrics(text json.RawMessage, there bool) map[string]any {
	var raw map[string]json.RawMessage
	if there && json.Unmarshal(text, &raw) != nil {
		raw = nil
	}
	metrics := map[string]any{}
	for _, key := range metricKeys {
		key = strings.Trim(key, `{,":`)
		var n int32
		if json.Unmarshal(raw[key], &n) != nil {
			n = 0
		}
		metrics[key] = n
	}
	return metrics
}

// plainString returns a value that is a string, or else nil.
func plainString(v any) any {
	if s, ok := v.(string); ok {
		return s
	}
	return nil
}

func plainTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func plainSeconds(from, to, now time.Time) any {
	switch {
	case from.IsZero():
		return nil
	case to.IsZero():
		return json.RawMessage(encoded(func(e *encoder) { e.seconds(now.Sub(from)) }))
	default:
		return json.RawMessage(encoded(func(e *encoder) { e.seconds(to.Sub(from)) }))
	}
}
