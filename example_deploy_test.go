package orchestrator_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// Run something on three nodes, and wait until all of them are done.
func ExampleOrchestrator_Deploy() {
	ctx := context.Background()
	runner := orchestrator.RunnerFunc(func(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
		return orchestrator.RunResult{Result: []byte(`{"greeting": "hello from ` + req.Node + `"}`)}, nil
	})
	o, err := orchestrator.New(memory.New(), runner, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := o.Start(ctx); err != nil {
		log.Fatal(err)
	}
	defer o.Stop(ctx)

	job, err := o.Deploy(ctx, orchestrator.DeployRequest{
		Environment: "production",
		Scope:       orchestrator.Scope{Nodes: []string{"web-1", "web-2", "db-1"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, err := range o.Watch(ctx, job.ID, 1) {
		if err != nil {
			log.Fatal(err)
		}
	}
	for n, err := range o.Nodes(ctx, job.ID, orchestrator.NodeQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s is %s: %s\n", n.Name, n.State, n.Result)
	}
	// Output:
	// web-1 is finished: {"greeting":"hello from web-1"}
	// web-2 is finished: {"greeting":"hello from web-2"}
	// db-1 is finished: {"greeting":"hello from db-1"}
}
