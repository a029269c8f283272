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
	cancel  context.CancelCauseFunc
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
func (r *nodeRun) end(out outcome) {
	r.once.Do(func() { r.deliver(out) })
}

// startRun runs a node whose running state is durable. deliver is called once, from another
// goroutine, at the latest RunGrace after the run was cancelled.
func (o *Orchestrator) startRun(job *Job, node Node, deliver func(outcome)) *nodeRun {
	ctx, cancel := context.WithCancelCause(o.runCtx)
	run := &nodeRun{node: node, cancel: cancel, deliver: deliver}
	o.runs.Go(func() {
		defer cancel(nil)
		timeout := job.Timeout
		if timeout == 0 {
			timeout = o.opts.NodeTimeout
		}
		ctx, stop := context.WithTimeoutCause(ctx, timeout, ErrTimeout)
		defer stop()
		forget := context.AfterFunc(ctx, func() { o.giveUp(ctx, run, timeout) })
		defer forget()
		res, err := o.call(ctx, RunRequest{Job: job.ID, Node: node.Name, Spec: &job.JobSpec})
		run.end(o.judge(ctx, node, res, err, timeout))
	})
	return run
}

// call calls the runner and turns a panic into an error.
func (o *Orchestrator) call(ctx context.Context, req RunRequest) (res RunResult, err error) {
	defer func() {
		if v := recover(); v != nil {
			o.log.Error("runner panicked", "job", req.Job, "node", req.Node, "panic", v, "stack", string(debug.Stack()))
			res, err = RunResult{}, fmt.Errorf("the runner panicked: %v", v)
		}
	}()
	return o.runner.Run(ctx, req)
}

// giveUp ends a cancelled run that has not returned after the grace it has.
func (o *Orchestrator) giveUp(ctx context.Context, run *nodeRun, timeout time.Duration) {
	time.AfterFunc(o.opts.RunGrace, func() {
		run.end(outcome{
			node:  run.node,
			state: NodeErrored,
			result: RunResult{Message: fmt.Sprintf("%s; the run was given up because it did not end within %s",
				causeMessage(context.Cause(ctx), timeout), o.opts.RunGrace)},
			at: now(),
		})
	})
}

// judge decides the state that a node comes into by what its run returned.
func (o *Orchestrator) judge(ctx context.Context, node Node, res RunResult, err error, timeout time.Duration) outcome {
	out := outcome{node: node, at: now(), result: RunResult{
		Result:  keptResult(res.Result, o.opts.MaxOutput),
		Message: keptMessage(res.Message),
	}}
	cause := context.Cause(ctx)
	switch {
	case err == nil && !res.Failed:
		out.state = NodeFinished
	case cause != nil:
		out.state = NodeErrored
		out.result.Message = causeMessage(cause, timeout)
		if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, cause) {
			out.result.Message = keptMessage(out.result.Message + ": " + err.Error())
		}
	case err != nil:
		out.state = NodeErrored
		out.result.Message = keptMessage(err.Error())
	default:
		out.state = NodeFailed
	}
	return out
}

// The messages of nodes that the orchestrator itself brings into their last state.
const (
	messageRestarted = "outcome unknown: the orchestrator was restarted"
	messageSkipped   = "not started: the job was stopped"
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
