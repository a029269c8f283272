package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// takeUp decides about what an earlier execution of the job has left running.
func (x *execution) takeUp() error {
	if err := x.raiseFloor(); err != nil {
		return err
	}
	if x.job.Counts.Running == 0 {
		return nil
	}
	x.o.log.Info("job taken up", "job", x.job.ID, "running", x.job.Counts.Running, "new", x.job.Counts.New)
	each := x.endUnknown
	if _, ok := x.o.runner.(Reattacher); ok {
		each = x.pickUp
	}
	for from, left := 0, x.job.Counts.Running; left > 0; {
		nodes, err := x.read(NodeQuery{State: NodeRunning, From: from, Limit: pageSize})
		if err != nil {
			return err
		}
		if len(nodes) == 0 {
			return errCounts
		}
		if err := each(nodes); err != nil {
			return err
		}
		from = nodes[len(nodes)-1].Index + 1
		left -= len(nodes)
	}
	return nil
}

// endUnknown ends nodes of which it is not known what became of them: they must not run a second
// time.
func (x *execution) endUnknown(nodes []Node) error {
	l := newLedger(x.job.Progress, x.floor)
	at := now()
	for _, n := range nodes {
		n.Message = messageRestarted
		if _, err := l.moveNode(n, NodeErrored, at); err != nil {
			return err
		}
	}
	return x.commit(l)
}

// pickUp goes on with the runs of nodes. They have slots, be they free or not.
func (x *execution) pickUp(nodes []Node) error {
	x.o.slots.seize(x.share, len(nodes))
	for _, n := range nodes {
		x.expect()
		x.ask.Node = n.Name
		x.o.startReattach(x.runCtx, x.ask, n, x.deliver)
	}
	return nil
}

// startReattach picks up the run of a node.
func (o *Orchestrator) startReattach(ctx context.Context, req RunRequest, node Node, deliver func(outcome)) {
	run := o.newRun(req, node, deliver)
	timeout := max(time.Until(node.Started.Add(run.timeout)), o.opts.RunGrace)
	o.crew.do(func() { o.attend(ctx, run, timeout, req, o.reattach) })
}

// reattach asks the runner for what became of a run.
func (o *Orchestrator) reattach(ctx context.Context, req RunRequest) (RunResult, error) {
	res, err := o.runner.(Reattacher).Reattach(ctx, req)
	switch {
	case err == nil, o.detached(ctx, err):
		return res, err
	case errors.Is(err, ErrNotRunning):
		return res, errors.New(messageRestarted)
	default:
		return res, fmt.Errorf("%s: %w", messageRestarted, err)
	}
}

// detached reports whether a run that was cancelled goes on by itself, as it then may.
func (o *Orchestrator) detached(ctx context.Context, err error) bool {
	return errors.Is(err, ErrDetached) && o.spares(context.Cause(ctx))
}
