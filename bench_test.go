package orchestrator_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// BenchmarkSmallJobs runs jobs of one node, 100 at once, from the request to the end, on a store that
// costs little.
func BenchmarkSmallJobs(b *testing.B) {
	const atOnce = 100
	result := orchestrator.RunResult{Result: []byte(`{"status":"changed","metrics":{"total":200,"failed":0,"changed":2}}`)}
	run := func(context.Context, orchestrator.RunRequest) (orchestrator.RunResult, error) { return result, nil }
	o, err := orchestrator.New(memory.New(), orchestrator.RunnerFunc(run), &orchestrator.Options{MaxConcurrency: atOnce, Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	if err := o.Start(context.Background()); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = o.Stop(context.Background()) }()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		var all sync.WaitGroup
		for range atOnce {
			n++
			name := fmt.Sprintf("node%06d.example.net", n)
			all.Go(func() { runToEnd(b, o, name) })
		}
		all.Wait()
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "jobs/s")
}

// runToEnd runs a job of one node and waits for its end.
func runToEnd(b *testing.B, o *orchestrator.Orchestrator, name string) {
	job, err := o.Deploy(b.Context(), orchestrator.DeployRequest{Environment: "production", Scope: orchestrator.Scope{Nodes: []string{name}}})
	if err != nil {
		b.Error(err)
		return
	}
	const last = 3 // node_running, node_finished, job_finished
	for _, err := range o.Watch(b.Context(), job.ID, last) {
		if err != nil {
			b.Error(err)
		}
	}
}
