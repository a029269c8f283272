package orchestrator

import (
	"context"
	"encoding/json"
)

// Runner runs a job's command on one node. It is what a program that embeds the orchestrator
// brings along: a local process, ssh, a message bus.
//
// Run is called from many goroutines at once, each time for another node: never before the
// node's running state is durable, and never twice for one node of one job, whatever crashes.
//
// What Run returns decides the state of the node:
//
//   - an error: the node could not be run; it is errored, with the error's text as its message;
//   - [RunResult].Failed: it ran and failed; it is failed;
//   - otherwise it is finished.
//
// When ctx is cancelled, Run ends the work on the node and returns. [context.Cause] tells why:
// [ErrTimeout], [ErrJobStopped], [ErrStopped] or [ErrLeaseLost]. A run that was cancelled and
// still returns a success is finished; everything else makes the node errored, with the cause
// as its message. A Run that does not return within [Options].RunGrace after the cancellation
// is given up: its node is errored, its place is given to another, and what it returns later is
// dropped.
//
// A panic in Run makes the node errored and is logged with its stack; it does nothing else.
//
// The goroutine that calls Run is used again for other runs. A Run that changes it, as
// [runtime.LockOSThread] does, or the thread that it is locked to, changes it back, or does so in a
// goroutine of its own.
type Runner interface {
	Run(ctx context.Context, req RunRequest) (RunResult, error)
}

// Reattacher is an optional interface of a [Runner] whose runs go on when the orchestrator does not:
// on a node, watched over a connection. It is asked for on the Runner that [New] was given.
//
// The nodes that an earlier process, or another replica, left running are then picked up and not
// errored as those of other Runners are. A Runner around another one has this method only if the
// other has it. A Runner that is a Reattacher returns [ErrDetached] from
// Run and Reattach when ctx is cancelled because of [ErrStopped] or [ErrLeaseLost] and the run goes
// on by itself: its node stays running, for whoever takes up the job. What it returns then
// instead is believed, a failure too.
type Reattacher interface {
	// Reattach waits for the end of a run that was begun earlier with the same request, and
	// returns what Run would have returned. It never begins a run. It returns an error that
	// matches [ErrNotRunning] if nothing is known of the run: the node is then errored, because
	// its outcome is unknown. Another error errors it too, with its text.
	//
	// The sensitive parameters are not in the request. ctx is cancelled as that of Run, and may
	// be so from the start: then the run is to be ended. What is left of the node's timeout
	// counts from when it started, and is Options.RunGrace at least.
	Reattach(ctx context.Context, req RunRequest) (RunResult, error)
}

// RunnerFunc is a function that is a [Runner].
type RunnerFunc func(ctx context.Context, req RunRequest) (RunResult, error)

// Run calls f.
func (f RunnerFunc) Run(ctx context.Context, req RunRequest) (RunResult, error) {
	return f(ctx, req)
}

// RunRequest is what a [Runner] is asked to do.
type RunRequest struct {
	Job  JobID
	Node string

	// Spec is what the job was asked to do; of a task with all parameters, the sensitive ones
	// included. It is shared by all runs of the job and must not be modified.
	Spec *JobSpec

	// Targets is how nodes are reached, as the task's request says: a JSON array, or nil. It may
	// hold passwords.
	Targets json.RawMessage
}

// RunResult is what a run gave.
type RunResult struct {
	// Failed means that the node was run and that it failed.
	Failed bool

	// Result is what the run gave: the JSON text of an object, or nil. Any other text is kept
	// as a string under the key "_output", and so is an object that some clients could not read:
	// nested more than 64 levels, or with a number that is too great for a float. A text longer than [Options].MaxOutput bytes is cut,
	// kept under "_output", and marked by "_truncated": true.
	Result json.RawMessage

	// Message is one line for people about the run. It may be empty.
	Message string
}
