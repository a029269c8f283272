package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// One node as it is encoded for GET /jobs/:id/nodes.
func BenchmarkEncodeNode(b *testing.B) {
	job, node, at := benchNode()
	var e encoder
	e.node(job, node, links{base: "https://jobs.example.com/orchestrator/v1"}, at)
	b.SetBytes(int64(len(e.buf)))
	b.ReportAllocs()
	for b.Loop() {
		e.buf, e.comma = e.buf[:0], false
		e.node(job, node, links{base: "https://jobs.example.com/orchestrator/v1"}, at)
	}
}

// A part of the answer to GET /jobs/:id/nodes, as it is compressed for a client that takes that.
func BenchmarkZip(b *testing.B) {
	job, node, at := benchNode()
	var e encoder
	result := node.Result
	for i := 0; len(e.buf) < chunkSize; i++ {
		node.Name = fmt.Sprintf("web%d.example.com", i)
		hash := fmt.Appendf(nil, "%x", sha256.Sum256([]byte(node.Name)))
		node.Result = bytes.ReplaceAll(result, []byte("c01241a705186428975ef9cb731e4b3ecf3cb428"), hash[:40])
		e.node(job, node, links{base: "https://jobs.example.com/orchestrator/v1"}, at)
	}
	var z zipper
	var zipped []byte
	b.SetBytes(int64(len(e.buf)))
	b.ReportAllocs()
	for b.Loop() {
		zipped = z.part(zipped[:0], e.buf)
	}
	b.ReportMetric(float64(len(zipped))/float64(len(e.buf)), "of-the-size")
}

// benchNode returns a node with a result of about 500 bytes, its job, and when it ran.
func benchNode() (*orchestrator.Job, *orchestrator.Node, time.Time) {
	at := time.Date(2026, 11, 24, 16, 0, 0, 0, time.UTC)
	job := &orchestrator.Job{ID: 1, JobSpec: orchestrator.JobSpec{Command: orchestrator.CommandDeploy}}
	node := &orchestrator.Node{
		Name: "web1.example.com", State: orchestrator.NodeFinished, Started: at, Updated: at.Add(time.Minute), Finished: at.Add(time.Minute), LatestEvent: 7,
		Result: json.RawMessage(`{"hash":"c01241a705186428975ef9cb731e4b3ecf3cb428","noop":false,"status":"changed",` +
			`"metrics":{"corrective_change":1,"out_of_sync":2,"restarted":0,"skipped":3,"total":208,"changed":2,"scheduled":0,"failed_to_restart":0,"failed":0},` +
			`"report-url":"https://console.example.com/#/cm/report/c01241a705186428975ef9cb731e4b3ecf3cb428","environment":"production",` +
			`"configuration_version":"1471296883","transaction_uuid":"9ffbbbfe-0337-4610-a9d7-e17c11813cdd"}`),
	}
	return job, node, at
}

// One job as it is encoded for GET /jobs.
func BenchmarkEncodeJob(b *testing.B) {
	at := time.Date(2026, 11, 24, 16, 0, 0, 0, time.UTC)
	job := &orchestrator.Job{ID: 12345, NodeCount: 1, JobSpec: orchestrator.JobSpec{
		Command: orchestrator.CommandDeploy, Environment: "production", Description: "nightly run",
		Scope: orchestrator.Scope{Nodes: []string{"web1.example.com"}},
		Owner: orchestrator.Owner{ID: "751a8f7e-b53a-4ccd-9f4f-000000000042", Login: "user42"},
	}, Progress: orchestrator.Progress{
		State: orchestrator.JobFinished, Counts: orchestrator.NodeCounts{Finished: 1}, LastEvent: 3,
		Status: []orchestrator.StateChange{
			{State: orchestrator.JobNew, At: at}, {State: orchestrator.JobReady, At: at},
			{State: orchestrator.JobRunning, At: at}, {State: orchestrator.JobFinished, At: at.Add(time.Minute)},
		},
	}}
	var e encoder
	e.job(job, links{base: "https://jobs.example.com/orchestrator/v1"}, at)
	b.SetBytes(int64(len(e.buf)))
	b.ReportAllocs()
	for b.Loop() {
		e.buf, e.comma = e.buf[:0], false
		e.job(job, links{base: "https://jobs.example.com/orchestrator/v1"}, at)
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
