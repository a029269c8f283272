package puppet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// agentRun is a run of the agent that has ended.
type agentRun struct {
	spec   *orchestrator.JobSpec
	exit   Exit
	report report // the zero report if the run has left none
}

// runAgent runs the agent on a node, and once more if another run was in its way.
func (r *Runner) runAgent(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	for try := 1; ; try++ {
		result, err := r.tryAgent(ctx, req, try)
		if !errors.Is(err, errLocked) {
			return result, err
		}
		if try == lastTry {
			return result, errors.New("another run of the agent was in progress twice, before and after waiting for it")
		}
		if err := r.awaitLock(ctx, req.Node); err != nil {
			return result, err
		}
	}
}

// tryAgent runs the agent on a node. It returns errLocked if another run was in its way.
func (r *Runner) tryAgent(ctx context.Context, req orchestrator.RunRequest, try int) (orchestrator.RunResult, error) {
	var none orchestrator.RunResult
	a, _, err := r.agentOf(ctx, req.Node)
	if err != nil {
		return none, fmt.Errorf("the agent was not started: %w", err)
	}
	argv, err := a.argv(req, r.opts.Args(req.Node))
	if err != nil {
		return none, err
	}
	before, err := r.readReport(ctx, req.Node, a.report)
	if err != nil && !errors.Is(err, errNoReport) && !errors.Is(err, ErrTooLarge) {
		return none, fmt.Errorf("the agent was not started: its last report: %w", err)
	}
	exit, err := r.transport.Run(ctx, req.Node, Command{ID: r.commandID(req, try), Argv: argv})
	if missing(exit, err) {
		r.agents.forget(req.Node)
		return none, fmt.Errorf("%w: %s is not there any more", errNoPuppet, a.puppet)
	}
	if err := ended(exit, err); err != nil {
		return none, err
	}
	return r.afterAgent(ctx, req, exit, before)
}

// pickedUpAgent tells what became of a run of the agent that an earlier process has begun.
func (r *Runner) pickedUpAgent(ctx context.Context, req orchestrator.RunRequest, exit Exit, err error) (orchestrator.RunResult, error) {
	if err := ended(exit, err); err != nil {
		return orchestrator.RunResult{}, err
	}
	result, err := r.afterAgent(ctx, req, exit, report{})
	if errors.Is(err, errLocked) {
		err = errors.New("another run of the agent was in progress")
	}
	return result, err
}

// afterAgent tells what became of a run of the agent that has ended.
func (r *Runner) afterAgent(ctx context.Context, req orchestrator.RunRequest, exit Exit, before report) (orchestrator.RunResult, error) {
	ctx, cancel := outlasting(ctx)
	defer cancel()
	rep, err := r.reportOf(ctx, req, exit, before)
	if err != nil {
		return orchestrator.RunResult{}, fmt.Errorf("outcome unknown: the agent has run, and its report cannot be read: %w", err)
	}
	if rep.transaction == "" {
		return orchestrator.RunResult{}, r.whyNoReport(ctx, req.Node, exit)
	}
	run := agentRun{spec: req.Spec, exit: exit, report: rep}
	return run.judge()
}

// reportOf returns the report that a run for a job has left; the zero report if it has left none. Where
// that contradicts the exit status, the place of the report may have changed: it is asked for anew.
func (r *Runner) reportOf(ctx context.Context, req orchestrator.RunRequest, exit Exit, before report) (report, error) {
	for {
		a, cached, err := r.agentOf(ctx, req.Node)
		if err != nil {
			return report{}, err
		}
		rep, err := r.readReport(ctx, req.Node, a.report)
		if err == nil && rep.madeFor(req.Job) && rep.after(before) {
			return rep, nil
		}
		if !cached || exit.Status != 0 && exit.Status != 2 && exit.Status != 4 && exit.Status != 6 {
			return report{}, err
		}
		r.agents.forget(req.Node)
	}
}

// madeFor reports whether it is the report of a run for a job, and not of one that came in between.
func (r *report) madeFor(job orchestrator.JobID) bool { return r.jobID == job.String() }

// after reports whether it is another report than an earlier one, and written since.
func (r *report) after(before report) bool {
	return r.transaction != before.transaction && !r.modified.Equal(before.modified)
}

// awaitLock waits until no run of the agent is in progress on a node.
func (r *Runner) awaitLock(ctx context.Context, node string) error {
	const begin, limit = 250 * time.Millisecond, 5 * time.Second
	a, _, err := r.agentOf(ctx, node)
	if err != nil {
		return err
	}
	end := time.After(r.opts.LockWait)
	for pause := begin; ; pause = min(2*pause, limit) {
		locked, err := r.exists(ctx, node, a.lock)
		if err != nil {
			return fmt.Errorf("another run of the agent was in progress: %w", err)
		}
		if !locked {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-end:
			return fmt.Errorf("another run of the agent was in progress, and it still was after %s", r.opts.LockWait)
		case <-ctx.Done():
			return errors.New("the agent was not started: another run of it was in progress")
		}
	}
}
