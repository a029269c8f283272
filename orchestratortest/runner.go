package orchestratortest

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// Step is what the run of one node does. The zero Step ends at once, with a success.
type Step struct {
	// Takes is how long the run takes. It ends early, with the context's error, when its context
	// is cancelled. Defaults to no time.
	Takes time.Duration

	// Hang makes the run go on until its context is cancelled. Defaults to false.
	Hang bool

	// Deaf makes the run pay no attention to its context: it goes on until [Runner.Release] is
	// called. Defaults to false.
	Deaf bool

	// Result is the result, the JSON text of an object. Defaults to none.
	Result string

	// Message is the message that goes with the result. Defaults to none.
	Message string

	// Failed makes the node failed. Defaults to false.
	Failed bool

	// Err is the error that the run returns: the node is errored. Defaults to none.
	Err error

	// Panic is what the run panics with. Defaults to no panic.
	Panic any
}

// Runner is an [orchestrator.Runner] that does what a script says, and remembers what it was
// asked to do. Its zero value runs every node at once, with a success. The exported fields must
// not be changed once it runs; its methods may be called from many goroutines at once.
type Runner struct {
	// Default is what is done on a node that Nodes does not name.
	Default Step

	// Nodes says by a node's name what is done on it.
	Nodes map[string]Step

	mu       sync.Mutex
	runs     []orchestrator.RunRequest
	running  int
	peak     int
	released chan struct{}
}

// Run does what the script says for the node.
func (r *Runner) Run(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	released := r.begin(req)
	defer r.end()
	step, ok := r.Nodes[req.Node]
	if !ok {
		step = r.Default
	}
	if step.Deaf {
		<-released
	}
	if step.Hang {
		<-ctx.Done()
		return orchestrator.RunResult{}, ctx.Err()
	}
	if step.Takes > 0 {
		timer := time.NewTimer(step.Takes)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return orchestrator.RunResult{}, ctx.Err()
		}
	}
	if step.Panic != nil {
		panic(step.Panic)
	}
	result := orchestrator.RunResult{Failed: step.Failed, Message: step.Message}
	if step.Result != "" {
		result.Result = json.RawMessage(step.Result)
	}
	return result, step.Err
}

func (r *Runner) begin(req orchestrator.RunRequest) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.runs = append(r.runs, req)
	r.running++
	r.peak = max(r.peak, r.running)
	return r.gate()
}

func (r *Runner) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
}

// gate returns the channel that deaf runs wait for. The caller holds r.mu.
func (r *Runner) gate() chan struct{} {
	if r.released == nil {
		r.released = make(chan struct{})
	}
	return r.released
}

// Release lets the deaf runs that have begun go on.
func (r *Runner) Release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.gate())
	r.released = nil
}

// Runs returns what the runner was asked to do so far, in the order in which it was.
func (r *Runner) Runs() []orchestrator.RunRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]orchestrator.RunRequest(nil), r.runs...)
}

// Running returns how many nodes are running now.
func (r *Runner) Running() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running
}

// Peak returns the greatest number of nodes that were running at the same time.
func (r *Runner) Peak() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.peak
}
