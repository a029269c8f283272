package httpapi

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// One node as it is encoded for GET /jobs/:id/nodes, with a result of about 500 bytes.
func BenchmarkEncodeNode(b *testing.B) {
	at := time.Date(2026, 11, 24, 16, 0, 0, 0, time.UTC)
	job := &orchestrator.Job{ID: 1, JobSpec: orchestrator.JobSpec{Command: orchestrator.CommandDeploy}}
	node := &orchestrator.Node{
		Name: "web1.example.com", State: orchestrator.NodeFinished, Started: at, Updated: at.Add(time.Minute), Finished: at.Add(time.Minute), LatestEvent: 7,
		Result: json.RawMessage(`{"hash":"c01241a705186428975ef9cb731e4b3ecf3cb428","noop":false,"status":"changed",` +
			`"metrics":{"corrective_change":1,"out_of_sync":2,"restarted":0,"skipped":3,"total":208,"changed":2,"scheduled":0,"failed_to_restart":0,"failed":0},` +
			`"report-url":"https://console.example.com/#/cm/report/c01241a705186428975ef9cb731e4b3ecf3cb428","environment":"production",` +
			`"configuration_version":"1471296883","transaction_uuid":"9ffbbbfe-0337-4610-a9d7-e17c11813cdd"}`),
	}
	var e encoder
	e.node(job, node, links{base: "https://jobs.example.com/orchestrator/v1"}, at)
	b.SetBytes(int64(len(e.buf)))
	b.ReportAllocs()
	for b.Loop() {
		e.buf, e.comma = e.buf[:0], false
		e.node(job, node, links{base: "https://jobs.example.com/orchestrator/v1"}, at)
	}
}

// The nodes of a command are most of what a large body holds.
func BenchmarkDecodeScope(b *testing.B) {
	text := `{"scope":{"nodes":["` + strings.Repeat(`node-12345.example.com","`, 500_000) + `last"]}}`
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		o, err := parseObject("body", "", []byte(text))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := deployScope(o, "production"); err != nil {
			b.Fatal(err)
		}
	}
}
