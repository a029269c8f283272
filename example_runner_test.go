package orchestrator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os/exec"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// uptime is a runner that starts a process for each node.
type uptime struct{}

// Run tells the three ways apart in which a run can end: the node could not be run (an error),
// it ran and failed (Failed), or it finished. The process is killed when ctx is cancelled.
func (uptime) Run(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	cmd := exec.CommandContext(ctx, "echo", "up since Monday on", req.Node) // or ssh
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	err := cmd.Run()
	result := orchestrator.RunResult{Result: bytes.TrimSpace(stdout.Bytes())}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		result.Failed = true
		result.Message = exit.Error()
		return result, nil
	}
	return result, err
}

// Write a runner of your own.
func ExampleRunner() {
	ctx := context.Background()
	o, err := orchestrator.New(memory.New(), uptime{}, &orchestrator.Options{MaxConcurrency: 10})
	if err != nil {
		log.Fatal(err)
	}
	if err := o.Start(ctx); err != nil {
		log.Fatal(err)
	}
	defer o.Stop(ctx)

	job, err := o.Deploy(ctx, orchestrator.DeployRequest{Scope: orchestrator.Scope{Nodes: []string{"web-1"}}})
	if err != nil {
		log.Fatal(err)
	}
	for e, err := range o.Watch(ctx, job.ID, 1) {
		if err != nil {
			log.Fatal(err)
		}
		if e.Node.State.Terminal() {
			fmt.Printf("%s: %s\n", e.Node.State, e.Node.Result)
		}
	}
	// Output:
	// finished: {"_output":"up since Monday on web-1"}
}
