package puppet

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// Runner runs the Puppet agent for deploys and Puppet tasks for tasks. Its methods may be called from
// many goroutines at once. It is an [orchestrator.Reattacher] as well: what its transport leaves
// running when the orchestrator ends is picked up later.
type Runner struct {
	transport Transport
	opts      Options
	agents    agentCache
}

var (
	_ orchestrator.Runner     = (*Runner)(nil)
	_ orchestrator.Reattacher = (*Runner)(nil)
)

// NewRunner returns a Runner over a transport, which stays the caller's to close. It returns an
// [*orchestrator.InvalidError] for an option that cannot be accepted.
func NewRunner(transport Transport, opts *Options) (*Runner, error) {
	c, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Runner{transport: transport, opts: c}, nil
}

// Run runs the agent, or a task, on a node. See the comment of the package for what its outcome is.
func (r *Runner) Run(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	if err := onlyOwnTargets(req.Targets); err != nil {
		return orchestrator.RunResult{}, err
	}
	if req.Spec.Command == orchestrator.CommandTask {
		return r.runTask(ctx, req)
	}
	return r.runAgent(ctx, req)
}

// Reattach picks up what Run has begun for a node: in this process or in an earlier one, if the
// transport knows of it still.
func (r *Runner) Reattach(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	for try := lastTry; try >= 1; try-- {
		exit, err := r.transport.Attach(ctx, req.Node, r.commandID(req, try))
		if errors.Is(err, ErrNoCommand) {
			continue
		}
		if req.Spec.Command == orchestrator.CommandTask {
			return r.afterTask(ctx, req, "", exit, err)
		}
		return r.pickedUpAgent(ctx, req, exit, err)
	}
	return orchestrator.RunResult{}, orchestrator.ErrNotRunning
}

// lastTry is how often a command may be run for one node of a job, each time under another ID.
const lastTry = 2

// commandID returns the ID under which the transport knows what is run for a node: a later process
// makes the same one.
func (r *Runner) commandID(req orchestrator.RunRequest, try int) string {
	node := sha256.Sum256([]byte(req.Node))
	return fmt.Sprintf("%s-%d-%x-%d", r.opts.Instance, req.Job, node[:6], try)
}

// ended returns nil if a command has come to an end by itself, or why nothing can be said of it.
func ended(exit Exit, err error) error {
	switch {
	case errors.Is(err, ErrLeft):
		return orchestrator.ErrDetached
	case err != nil:
		return err
	case exit.Stopped:
		return errStopped
	default:
		return nil
	}
}

var errStopped = errors.New("the run was ended on the node")

// onlyOwnTargets refuses a request that says itself how nodes are reached: that is for the transport.
func onlyOwnTargets(targets json.RawMessage) error {
	var all []json.RawMessage
	if len(targets) == 0 || json.Unmarshal(targets, &all) == nil && len(all) == 0 {
		return nil
	}
	return errors.New("not started: the request has targets, but how nodes are reached is for the server to say")
}

// outlasting returns a context for what is to be done when a run has ended: it has a few seconds left
// when ctx is cancelled.
func outlasting(ctx context.Context) (context.Context, context.CancelFunc) {
	const last = 5 * time.Second
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	forget := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(last, cancel)
		context.AfterFunc(lasting, func() { timer.Stop() })
	})
	return lasting, func() {
		forget()
		cancel()
	}
}
