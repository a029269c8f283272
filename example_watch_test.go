package orchestrator_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// Follow a job while it goes on. Watch begins with what has happened already, and ends with the job.
func ExampleOrchestrator_Watch() {
	ctx := context.Background()
	runner := orchestrator.RunnerFunc(func(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
		if req.Node == "db-1" {
			return orchestrator.RunResult{}, errors.New("no route to host")
		}
		return orchestrator.RunResult{}, nil
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
		Scope:       orchestrator.Scope{Nodes: []string{"web-1", "db-1"}},
		Concurrency: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	for e, err := range o.Watch(ctx, job.ID, 1) {
		if err != nil {
			log.Fatal(err)
		}
		if e.JobState != "" {
			fmt.Printf("%d %s: the job is %s\n", e.ID, e.Type, e.JobState)
			continue
		}
		fmt.Printf("%d %s: %s is %s\n", e.ID, e.Type, e.Node.Name, e.Node.State)
	}
	// Output:
	// 1 node_running: web-1 is running
	// 2 node_finished: web-1 is finished
	// 3 node_running: db-1 is running
	// 4 node_errored: db-1 is errored
	// 5 job_finished: the job is failed
}
