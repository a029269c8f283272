package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// nodeRun is one node being run. Exactly one outcome comes of it.
type nodeRun struct {
	node    Node // in state running
	timeout time.Duration
	once    sync.Once
	deliver func(outcome)
}

// outcome is how a node run ended.
type outcome struct {
	node   Node // as it was while it ran
	state  NodeState
	result RunResult
	at     time.Time
}

// end makes out the outcome of the run, unless it has one already.
func (r *nodeRun) end(state NodeState, result RunResult) {
	r.once.Do(func() { r.deliver(outcome{node: r.node, state: state, result: result, at: now()}) })
}

// newRun returns the run of a node. deliver is called once, from another goroutine, at the latest
// RunGrace after the run was cancelled.
func (o *Orchestrator) newRun(req RunRequest, node Node, deliver func(outcome)) *nodeRun {
	run := &nodeRun{node: node, timeout: req.Spec.Timeout, deliver: deliver}
	if run.timeout == 0 {
		run.timeout = o.opts.NodeTimeout
	}
	return run
}

// startRun runs a node whose running state is durable.
func (o *Orchestrator) startRun(ctx context.Context, req RunRequest, node Node, deliver func(outcome)) {
	run := o.newRun(req, node, deliver)
	o.crew.do(func() {
		if ctx.Err() != nil {
			run.end(NodeErrored, RunResult{Message: "not started: the run was cancelled before"})
			return
		}
		o.attend(ctx, run, run.timeout, req, o.runner.Run)
	})
}

// attend waits for what comes of a run.
func (o *Orchestrator) attend(ctx context.Context, run *nodeRun, timeout time.Duration, req RunRequest, do RunnerFunc) {
	// A runner that ends its goroutine, as a failing test does, leaves no other outcome.
	defer run.end(NodeErrored, RunResult{Message: "the runner ended its goroutine"})
	ctx, stop := context.WithTimeoutCause(ctx, timeout, ErrTimeout)
	defer stop()
	forget := context.AfterFunc(ctx, func() { o.giveUp(ctx, run) })
	defer forget()
	res, err := o.call(ctx, req, do)
	if o.detached(ctx, err) {
		run.end(NodeRunning, RunResult{})
		return
	}
	run.end(o.judge(ctx, res, err, run.timeout))
}

// call calls the runner and turns a panic into an error. What it panicked with may hold parameters:
// it is logged only where none of them is sensitive, and never stored.
func (o *Orchestrator) call(ctx context.Context, req RunRequest, do RunnerFunc) (res RunResult, err error) {
	defer func() {
		if v := recover(); v != nil {
			if req.Spec.Task.Secret != "" {
				v = "not logged, because the job has sensitive parameters"
			}
			o.log.Error("runner panicked", "job", req.Job, "node", req.Node, "panic", v, "stack", string(debug.Stack()))
			res, err = RunResult{}, errPanicked
		}
	}()
	return do(ctx, req)
}

// giveUp ends a cancelled run that has not returned after the grace it has.
func (o *Orchestrator) giveUp(ctx context.Context, run *nodeRun) {
	time.AfterFunc(o.opts.RunGrace, func() {
		cause := context.Cause(ctx)
		o.noteCut(cause)
		run.end(NodeErrored, RunResult{Message: fmt.Sprintf("%s; the run was given up because it did not end within %s",
			causeMessage(cause, run.timeout), o.opts.RunGrace)})
	})
}

// judge decides, by what a run returned, which state its node comes into and what is kept.
func (o *Orchestrator) judge(ctx context.Context, res RunResult, err error, timeout time.Duration) (NodeState, RunResult) {
	kept := RunResult{Result: keptResult(res.Result, o.opts.MaxOutput), Message: keptMessage(res.Message)}
	cause := context.Cause(ctx)
	switch {
	case err == nil && !res.Failed:
		return NodeFinished, kept
	case err == nil && o.spares(cause):
		return NodeFailed, kept
	case cause != nil:
		o.noteCut(cause)
		kept.Message = causeMessage(cause, timeout)
		if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, cause) {
			kept.Message = keptMessage(kept.Message + ": " + err.Error())
		}
		return NodeErrored, kept
	case err != nil:
		kept.Message = keptMessage(err.Error())
		return NodeErrored, kept
	default:
		return NodeFailed, kept
	}
}

// spares reports whether the runner does not end a run that is cancelled for this reason: then what
// comes of the run is its own outcome.
func (o *Orchestrator) spares(cause error) bool {
	_, lasting := o.runner.(Reattacher)
	return lasting && (errors.Is(cause, ErrStopped) || errors.Is(cause, ErrLeaseLost))
}

// noteCut remembers that a run was cut short because the orchestrator is stopped.
func (o *Orchestrator) noteCut(cause error) {
	if errors.Is(cause, ErrStopped) {
		o.cut.Store(true)
	}
}

// errPanicked is what comes of a run that panics.
var errPanicked = errors.New("the runner panicked")

// The messages of nodes that the orchestrator itself brings into their last state.
const (
	messageRestarted = "outcome unknown: the orchestrator was restarted"
	messageSkipped   = "not started: the job was stopped"
	messageSecrets   = "not started: the sensitive parameters or targets, which are never stored, are not here: they were lost in a restart, or another orchestrator has them"
)

// causeMessage says why a run was cancelled.
func causeMessage(cause error, timeout time.Duration) string {
	switch {
	case errors.Is(cause, ErrTimeout):
		return fmt.Sprintf("timed out after %s", timeout)
	case errors.Is(cause, ErrJobStopped):
		return "outcome unknown: the job was stopped by force while the node was running"
	case errors.Is(cause, ErrStopped):
		return "outcome unknown: the orchestrator was stopped while the node was running"
	default:
		return "outcome unknown: the run was cancelled"
	}
}
