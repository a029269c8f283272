package clienttest

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// agentRun is the result of a run of the configuration agent, with what was recorded for one.
const agentRun = `{"hash":"c01241a705186428975ef9cb731e4b3ecf3cb428","noop":false,"status":"changed",` +
	`"metrics":{"corrective_change":1,"out_of_sync":2,"restarted":0,"skipped":3,"total":208,"changed":2,"scheduled":0,"failed_to_restart":0,"failed":0},` +
	`"report-url":"https://console.example.com/#/cm/report/c01241a705186428975ef9cb731e4b3ecf3cb428","environment":"production",` +
	`"configuration_version":"1471296883","transaction_uuid":"9ffbbbfe-0337-4610-a9d7-e17c11813cdd"}`

// errNotConnected is why a node could not be run, as it was recorded.
var errNotConnected = errors.New("gone.example.com is not connected to the PCP broker")

// outcome is what becomes of a node.
type outcome struct {
	failed bool
	result string // JSON
	err    error
}

// fleet is a Runner whose nodes do what a test says, and wait for it while it is held.
type fleet struct {
	outcomes map[string]outcome // by the node's name
	all      outcome            // of the nodes that outcomes has not

	mu   sync.Mutex
	held chan struct{} // closed when the nodes may go on; nil if nothing holds them
	ran  []orchestrator.RunRequest
}

// hold makes the nodes that are run from now on wait until release is called.
func (f *fleet) hold() (release func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	held := make(chan struct{})
	f.held = held
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.held = nil
		close(held)
	}
}

// Run does what the test says for the node.
func (f *fleet) Run(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	f.mu.Lock()
	f.ran = append(f.ran, req)
	held := f.held
	f.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
			return orchestrator.RunResult{}, context.Cause(ctx)
		}
	}
	does, named := f.outcomes[req.Node]
	if !named {
		does = f.all
	}
	return orchestrator.RunResult{Failed: does.failed, Result: json.RawMessage(does.result)}, does.err
}

// requests returns what the fleet was asked to run so far.
func (f *fleet) requests() []orchestrator.RunRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]orchestrator.RunRequest(nil), f.ran...)
}

// connectedSince is when the nodes of the inventory were connected.
var connectedSince = time.Date(2026, 11, 24, 8, 15, 33, 640e6, time.UTC)

// Inventory says that every node is connected but one.
func (f *fleet) Inventory(_ context.Context, nodes []string) ([]orchestrator.NodeStatus, error) {
	if nodes == nil {
		nodes = []string{"web1.example.com", "web2.example.com"}
	}
	statuses := make([]orchestrator.NodeStatus, len(nodes))
	for i, name := range nodes {
		statuses[i] = orchestrator.NodeStatus{Name: name}
		if name != "gone.example.com" {
			statuses[i].Connected = true
			statuses[i].Broker = "pcp://broker.example.com/server"
			statuses[i].Since = connectedSince
		}
	}
	return statuses, nil
}
