package orchestratortest

import (
	"math"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// Await waits until a job has ended and returns it. It fails the test at once if the job does not
// exist or the orchestrator is stopped before the job has ended; otherwise it waits as long as the
// test runs. Only the goroutine that runs the test may call it.
func Await(tb testing.TB, o *orchestrator.Orchestrator, id orchestrator.JobID) orchestrator.Job {
	tb.Helper()
	for _, err := range o.Watch(tb.Context(), id, math.MaxInt64) {
		if err != nil {
			tb.Fatalf("await job %d: %v", id, err)
		}
	}
	job, err := o.Job(tb.Context(), id)
	if err != nil {
		tb.Fatalf("await job %d: %v", id, err)
	}
	return job
}
