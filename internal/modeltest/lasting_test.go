package modeltest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// lasting is a runner whose runs outlive whoever watches them.
type lasting struct {
	*orchestratortest.Runner

	mu    sync.Mutex
	begun map[string]*remoteRun
}

// remoteRun is a run as the node knows it.
type remoteRun struct {
	end    context.CancelFunc
	ended  chan struct{}
	result orchestrator.RunResult
	err    error
}

func (l *lasting) Run(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	own, end := context.WithCancel(context.Background())
	r := &remoteRun{end: end, ended: make(chan struct{})}
	l.mu.Lock()
	l.begun[fmt.Sprint(req.Job, " ", req.Node)] = r
	l.mu.Unlock()
	go func() {
		defer close(r.ended)
		defer end()
		defer func() {
			if v := recover(); v != nil {
				r.err = fmt.Errorf("panic: %v", v)
			}
		}()
		r.result, r.err = l.Runner.Run(own, req)
	}()
	return r.watch(ctx)
}

func (l *lasting) Reattach(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	l.mu.Lock()
	r := l.begun[fmt.Sprint(req.Job, " ", req.Node)]
	l.mu.Unlock()
	if r == nil {
		return orchestrator.RunResult{}, orchestrator.ErrNotRunning
	}
	return r.watch(ctx)
}

func (r *remoteRun) watch(ctx context.Context) (orchestrator.RunResult, error) {
	select {
	case <-r.ended:
		return r.result, r.err
	case <-ctx.Done():
	}
	if cause := context.Cause(ctx); errors.Is(cause, orchestrator.ErrStopped) || errors.Is(cause, orchestrator.ErrLeaseLost) {
		return orchestrator.RunResult{}, orchestrator.ErrDetached
	}
	r.end()
	<-r.ended
	return r.result, r.err
}
