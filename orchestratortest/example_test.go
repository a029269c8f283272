package orchestratortest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// rollOut is the code to be tested: it deploys, and says which nodes it could not reach.
func rollOut(t *testing.T, o *orchestrator.Orchestrator, nodes []string) []string {
	job, err := o.Deploy(t.Context(), orchestrator.DeployRequest{Scope: orchestrator.Scope{Nodes: nodes}})
	if err != nil {
		t.Fatal(err)
	}
	orchestratortest.Await(t, o, job.ID)
	var unreached []string
	for n, err := range o.Nodes(t.Context(), job.ID, orchestrator.NodeQuery{State: orchestrator.NodeErrored}) {
		if err != nil {
			t.Fatal(err)
		}
		unreached = append(unreached, n.Name)
	}
	return unreached
}

// testRollOut is a test of it, without a disk, a process or a network. In a bubble of
// testing/synctest the hours of slow nodes pass at once.
func testRollOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{
			Default: orchestratortest.Step{Takes: 20 * time.Minute, Result: `{"status": "changed"}`},
			Nodes: map[string]orchestratortest.Step{
				"db-1": {Err: errors.New("no route to host")},
				"db-2": {Hang: true},
			},
		}
		o, err := orchestrator.New(memory.New(), runner, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		unreached := rollOut(t, o, []string{"web-1", "db-1", "db-2"})
		if !slices.Equal(unreached, []string{"db-1", "db-2"}) {
			t.Errorf("unreached: %v", unreached)
		}
		if err := o.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Test a program with a scripted runner and the memory store.
func Example() {
	fmt.Println(testing.RunTests(func(_, _ string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "TestRollOut", F: testRollOut}}))
	// Output: true
}
