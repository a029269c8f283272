package orchestrator

import (
	"errors"
	"fmt"
	"strings"
)

// The errors of this package and of every [Store], to be matched with [errors.Is].
var (
	// ErrNotFound: there is no such job, or, from [Store.Claim], none to claim.
	ErrNotFound = errors.New("not found")

	// ErrInvalid: a value cannot be accepted. The error in the chain that says which
	// value and why is an [*InvalidError].
	ErrInvalid = errors.New("invalid")

	// ErrNoNodes: a job was asked for whose scope holds no node.
	ErrNoNodes = errors.New("no nodes in scope")

	// ErrExists: there is a job with the same key already.
	ErrExists = errors.New("job with this key exists")

	// ErrKeyReused: a key was used again, to ask for something else.
	ErrKeyReused = errors.New("idempotency key was used for another request")

	// ErrSecretsFull: so many sensitive parameters and targets are kept for tasks that have not
	// ended that there is no room for more.
	ErrSecretsFull = errors.New("too many sensitive parameters and targets are kept for tasks that have not ended")

	// ErrClosed: the store has been closed.
	ErrClosed = errors.New("store closed")

	// ErrLeaseLost: the lease a write was made under is no longer held. It is also the
	// cancellation cause of the node runs of a job whose lease was lost.
	ErrLeaseLost = errors.New("lease lost")

	// ErrStopped: the orchestrator has been stopped. It is also the cancellation cause of
	// the node runs that [Orchestrator.Stop] could not wait for.
	ErrStopped = errors.New("orchestrator stopped")

	// ErrDetached: a run goes on without being watched, to be picked up. See [Reattacher].
	ErrDetached = errors.New("the run goes on by itself")

	// ErrNotRunning: nothing is known of a run that was to be picked up. See [Reattacher].
	ErrNotRunning = errors.New("nothing is known of the run")

	// ErrTimeout is the cancellation cause of a node run that took longer than its job allows.
	ErrTimeout = errors.New("timed out")

	// ErrJobStopped is the cancellation cause of the node runs of a job stopped by force.
	ErrJobStopped = errors.New("job stopped by force")
)

var errStarted = errors.New("already started")

// Error is what the methods of [Orchestrator] return: which operation failed on what, and why.
type Error struct {
	Op   string // what was being done: "deploy", "stop job", "list jobs", …
	Job  JobID  // the job concerned, 0 if none
	Node string // the node concerned, "" if none
	Err  error  // why; never nil
}

// Error returns the operation, what it was on, and the reason, in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Job != 0 {
		fmt.Fprintf(&b, " %d", e.Job)
	}
	if e.Node != "" {
		fmt.Fprintf(&b, " on %s", e.Node)
	}
	b.WriteString(": ")
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// InvalidError says which value of a request cannot be accepted, and why.
// It matches [ErrInvalid].
type InvalidError struct {
	Field  string // the name of the request's field, as in "scope.nodes[3]"
	Value  any    // what was given
	Reason string // what is wrong with it, as in "must not be negative"
}

// Error returns the field, the reason and the value, if there is one, in one line.
func (e *InvalidError) Error() string {
	if e.Value == nil {
		return e.Field + " " + e.Reason
	}
	return fmt.Sprintf("%s %s (given: %s)", e.Field, e.Reason, shown(e.Value))
}

// Is reports whether target is [ErrInvalid].
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// shown renders a value of unknown size for a message.
func shown(v any) string {
	const limit = 100
	s := fmt.Sprintf("%v", v)
	if text, ok := v.(string); ok {
		s = fmt.Sprintf("%q", text)
	}
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}
