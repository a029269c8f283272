package orchestrator

import (
	"context"
	"errors"
	"time"
)

// raiseFloor makes the newest event the time that no later one may be before.
func (x *execution) raiseFloor() error {
	if x.job.LastEvent == 0 {
		return nil
	}
	return x.insist("read events", func(ctx context.Context) error {
		for e, err := range x.o.store.Events(ctx, x.job.ID, x.job.LastEvent) {
			if err != nil {
				return err
			}
			if e.Time.After(x.floor) {
				x.floor = e.Time
			}
		}
		return nil
	})
}

// errCounts means that the store does not keep its contract.
var errCounts = errors.New("the store counts nodes in a state that it does not have")

// pageSize is how many nodes are read ahead of being started.
const pageSize = 256

// listed returns how many of the first nodes of a job that was just claimed are known without being
// read: they are in its scope, and if there is no event yet, none has started.
func listed(job *Job) int {
	if job.LastEvent != 0 || len(job.Scope.Nodes)+job.Scope.Omitted != job.NodeCount {
		return 0
	}
	return len(job.Scope.Nodes)
}

// nextNode takes the next node that has not started, and reports whether there is one.
func (x *execution) nextNode() (Node, bool, error) {
	if x.from < x.listed {
		n := Node{Index: x.from, Name: x.job.Scope.Nodes[x.from], State: NodeNew}
		x.from++
		return n, true, nil
	}
	if len(x.ahead) == 0 && x.from < x.job.NodeCount {
		if err := x.readAhead(); err != nil {
			return Node{}, false, err
		}
	}
	if len(x.ahead) == 0 {
		return Node{}, false, nil
	}
	n := x.ahead[0]
	x.ahead = x.ahead[1:]
	return n, true, nil
}

// readAhead reads nodes that have not started, as many as there can be, or a page of them.
func (x *execution) readAhead() error {
	limit := min(x.job.NodeCount-x.from, pageSize)
	nodes, err := x.read(NodeQuery{State: NodeNew, From: x.from, Limit: limit})
	if err != nil {
		return err
	}
	x.ahead, x.from = nodes, x.job.NodeCount
	if len(nodes) == limit {
		x.from = nodes[limit-1].Index + 1
	}
	return nil
}

// read reads nodes of the job.
func (x *execution) read(q NodeQuery) ([]Node, error) {
	var nodes []Node
	err := x.insist("read nodes", func(ctx context.Context) error {
		nodes = nodes[:0]
		for n, err := range x.o.store.Nodes(ctx, x.job.ID, q) {
			if err != nil {
				return err
			}
			nodes = append(nodes, n)
		}
		return nil
	})
	return nodes, err
}

// commit makes the ledger durable and tells those who watch the job.
func (x *execution) commit(l *ledger) error {
	failed := false
	err := x.insist("write batch", func(ctx context.Context) error {
		err := x.o.store.Commit(ctx, x.lease, l.batch())
		if failed && errors.Is(err, ErrInvalid) {
			return x.written(ctx, l, err)
		}
		failed = failed || err != nil
		return err
	})
	if err != nil {
		return err
	}
	x.job.Progress, x.floor = l.progress, l.floor
	x.o.topics.wake(x.job.ID)
	x.o.topics.wake(allJobs)
	return nil
}

// written returns nil if the batch, whose first writing seemed to fail, is in the store after all.
func (x *execution) written(ctx context.Context, l *ledger, otherwise error) error {
	job, err := x.o.store.Job(ctx, x.job.ID)
	if err != nil {
		return err
	}
	if job.LastEvent == l.progress.LastEvent && job.State == l.progress.State {
		return nil
	}
	return otherwise
}

// insist does what needs the store until it succeeds: a disk that is full or does not answer
// holds the job up, but loses nothing. It gives up, with the error, when trying again cannot
// help, and when the orchestrator is stopped and may wait no longer.
func (x *execution) insist(doing string, do func(ctx context.Context) error) error {
	const longest = 5 * time.Second
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, longest) {
		err := do(x.o.workCtx)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrLeaseLost), errors.Is(err, ErrClosed), errors.Is(err, ErrNotFound), errors.Is(err, ErrInvalid):
			return err
		}
		x.o.log.Error("store failed", "job", x.job.ID, "doing", doing, "err", err, "again in", pause)
		select {
		case <-x.o.workCtx.Done():
			return err
		case <-time.After(pause):
		}
	}
}
