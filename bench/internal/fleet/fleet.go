// Package fleet is what the library is measured with: nodes, results, and stores full of jobs.
package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/badger"
)

// AtOnce is how many nodes run at once, on every side.
const AtOnce = 100

// Names returns the names of n nodes.
func Names(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = Name(i)
	}
	return names
}

// Name returns the name of a node.
func Name(i int) string { return fmt.Sprintf("node%06d.example.net", i) }

// results are what runs give: about 400 bytes each, as of a run of the configuration agent, no
// two of them equal.
var results = func() (all [1024]json.RawMessage) {
	for i := range all {
		text := fmt.Sprintf(`{"hash":"%040x","noop":false,"status":"changed","environment":"production",`+
			`"metrics":{"total":%d,"failed":0,"changed":2,"skipped":3,"restarted":0,"scheduled":0,"out_of_sync":2,"failed_to_restart":0},`+
			`"configuration_version":"%d","report-url":"`, uint64(i+1)*0x9e3779b97f4a7c15, 200+i, 1471290000+i)
		all[i] = json.RawMessage(text + strings.Repeat("x", max(0, 398-len(text))) + `"}`)
	}
	return all
}()

// Result returns the result of a run. It must not be modified.
func Result(i int) json.RawMessage { return results[i%len(results)] }

// Open opens a store, with the library's defaults.
func Open(dir string) (*badger.Store, error) {
	return badger.Open(dir, &badger.Options{Logger: Silent()})
}

// New returns an orchestrator whose runner does nothing and gives a result, AtOnce at a time.
func New(store orchestrator.Store) (*orchestrator.Orchestrator, error) {
	return orchestrator.New(store, orchestrator.RunnerFunc(noOp), &orchestrator.Options{
		MaxConcurrency: AtOnce,
		MaxNodes:       2_000_000,
		Logger:         Silent(),
	})
}

// Silent returns a logger that says nothing.
func Silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

func noOp(_ context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	n := len(req.Node)
	return orchestrator.RunResult{Result: Result(n + int(req.Node[n/2]))}, nil
}

// Deploy asks for a job.
func Deploy(nodes []string) orchestrator.DeployRequest {
	return orchestrator.DeployRequest{Environment: "production", Scope: orchestrator.Scope{Nodes: nodes}}
}
