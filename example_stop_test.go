package orchestrator_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// Stop a job. The node that is running may finish, unless the stop is forced; the others are
// never started.
func ExampleOrchestrator_StopJob() {
	ctx := context.Background()
	running, finish := make(chan string), make(chan bool)
	runner := orchestrator.RunnerFunc(func(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
		running <- req.Node
		<-finish
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
		Scope:       orchestrator.Scope{Nodes: []string{"web-1", "web-2", "web-3"}},
		Concurrency: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("running:", <-running)
	if _, err := o.StopJob(ctx, job.ID, &orchestrator.StopOptions{Force: false}); err != nil {
		log.Fatal(err)
	}
	finish <- true

	for _, err := range o.Watch(ctx, job.ID, 1) {
		if err != nil {
			log.Fatal(err)
		}
	}
	if job, err = o.Job(ctx, job.ID); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("the job is %s: %d finished, %d skipped\n", job.State, job.Counts.Finished, job.Counts.Skipped)
	// Output:
	// running: web-1
	// the job is stopped: 1 finished, 2 skipped
}
