package orchestrator_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// quiet is a logger for tests whose subject is not what is logged.
var quiet = slog.New(slog.DiscardHandler)

// started returns an orchestrator on a store, running, and stopped when the test ends.
func started(t *testing.T, store orchestrator.Store, runner orchestrator.Runner, opts *orchestrator.Options) *orchestrator.Orchestrator {
	t.Helper()
	o := created(t, store, runner, opts)
	if err := o.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return o
}

// created returns an orchestrator that has not been started.
func created(t *testing.T, store orchestrator.Store, runner orchestrator.Runner, opts *orchestrator.Options) *orchestrator.Orchestrator {
	t.Helper()
	if store == nil {
		store = memory.New()
	}
	var set orchestrator.Options
	if opts != nil {
		set = *opts
	}
	if set.Logger == nil {
		set.Logger = quiet
	}
	o, err := orchestrator.New(store, runner, &set)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// names returns n names of nodes.
func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("node-%05d.example.com", i)
	}
	return all
}

// deploy creates a job on nodes.
func deploy(t *testing.T, o *orchestrator.Orchestrator, nodes ...string) orchestrator.Job {
	t.Helper()
	return deployRequest(t, o, orchestrator.DeployRequest{Environment: "production", Scope: orchestrator.Scope{Nodes: nodes}})
}

func deployRequest(t *testing.T, o *orchestrator.Orchestrator, req orchestrator.DeployRequest) orchestrator.Job {
	t.Helper()
	job, err := o.Deploy(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// nodesOf returns the nodes of a job.
func nodesOf(t *testing.T, o *orchestrator.Orchestrator, id orchestrator.JobID) []orchestrator.Node {
	t.Helper()
	var nodes []orchestrator.Node
	for n, err := range o.Nodes(t.Context(), id, orchestrator.NodeQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// eventsOf returns the events of a job, and fails the test if they are not in line with it.
func eventsOf(t *testing.T, o *orchestrator.Orchestrator, id orchestrator.JobID) []orchestrator.Event {
	t.Helper()
	var events []orchestrator.Event
	for e, err := range o.Events(t.Context(), id, 1) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// wantCounts fails the test unless a job has ended in a state with these counts.
func wantEnd(t *testing.T, job orchestrator.Job, state orchestrator.JobState, counts orchestrator.NodeCounts) {
	t.Helper()
	if job.State != state || job.Counts != counts {
		t.Errorf("job %d is %s with %+v, want %s with %+v", job.ID, job.State, job.Counts, state, counts)
	}
}
