package orchestrator

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Orchestrator runs jobs on nodes and keeps what happened in a [Store].
// All methods may be called from many goroutines at once.
type Orchestrator struct {
	store  Store
	runner Runner
	opts   Options
	log    *slog.Logger
	id     uuid.UUID // of this instance, as the holder of leases

	keeper *keeper
	slots  *slots
	topics *topics
	vault  vault

	mu       sync.Mutex // guards started and the closing of draining
	started  bool
	draining chan struct{} // closed when the first Stop begins
	done     chan struct{} // closed when all jobs have been let go of and every run has returned

	runCtx     context.Context // of all runs
	cancelRuns context.CancelCauseFunc
	workCtx    context.Context // of what the orchestrator itself asks of the store
	cancelWork context.CancelFunc
	cut        atomic.Bool // a run was cut short by Stop
	executions sync.WaitGroup
	background sync.WaitGroup
	crew       crew // does the runs and the executions
}

// New returns an orchestrator that keeps its jobs in store and runs their nodes with runner.
// It starts nothing: jobs can be created and read, and run once [Orchestrator.Start] is called.
// The caller closes the store, after [Orchestrator.Stop]. Nil opts mean all defaults.
// It returns [ErrInvalid] if store or runner is nil or an option is out of its range.
func New(store Store, runner Runner, opts *Options) (*Orchestrator, error) {
	if store == nil {
		return nil, &Error{Op: "new orchestrator", Err: &InvalidError{Field: "store", Reason: "must not be nil"}}
	}
	if runner == nil {
		return nil, &Error{Op: "new orchestrator", Err: &InvalidError{Field: "runner", Reason: "must not be nil"}}
	}
	set, err := opts.withDefaults()
	if err != nil {
		return nil, &Error{Op: "new orchestrator", Err: err}
	}
	o := &Orchestrator{
		store:    store,
		runner:   runner,
		opts:     set,
		log:      set.Logger,
		id:       uuid.New(),
		slots:    newSlots(set.MaxConcurrency),
		topics:   newTopics(),
		draining: make(chan struct{}),
		done:     make(chan struct{}),
	}
	o.keeper = newKeeper(o)
	return o, nil
}

// Start begins to run jobs: those that are created from now on, and those that an earlier
// orchestrator left unfinished in the store. Of the latter, nodes that had not started are run;
// nodes that were running are errored, because their outcome is not known. Start returns at once.
//
// When ctx ends, the orchestrator stops as if [Orchestrator.Stop] were called with a context that
// has ended. The context's values are seen by the [Runner].
//
// Start returns [ErrStopped] after Stop, and an error when it is called a second time.
func (o *Orchestrator) Start(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stopped() {
		return &Error{Op: "start", Err: ErrStopped}
	}
	if o.started {
		return &Error{Op: "start", Err: errStarted}
	}
	o.started = true
	o.runCtx, o.cancelRuns = context.WithCancelCause(context.WithoutCancel(ctx))
	o.workCtx, o.cancelWork = context.WithCancel(context.WithoutCancel(ctx))
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		o.keeper.run()
	}()
	go o.shutDown(kept)
	if pruner, ok := o.store.(Pruner); ok && *o.opts.Retention > 0 {
		o.background.Go(func() { o.prune(pruner, *o.opts.Retention) })
	}
	unwatch := context.AfterFunc(ctx, func() { _ = o.Stop(ctx) })
	go func() {
		<-o.draining
		unwatch()
	}()
	return nil
}

// Stop ends the running of jobs. Nothing new is started; the nodes that are running may finish
// until ctx ends, and are cancelled then, with [ErrStopped] as the cause; those that can go on by themselves
// are left (see [Reattacher]). Jobs that are not
// finished stay so in the store, and are taken up by the next orchestrator that is started on it.
//
// Stop returns nil when everything that was started has ended, and the context's error if runs
// had to be cancelled; in that case at the latest a little more than [Options].RunGrace after ctx
// ended. It may be called more than once, at any time, and before Start. Reading goes on working.
func (o *Orchestrator) Stop(ctx context.Context) error {
	if !o.drain() {
		return nil
	}
	select {
	case <-o.done:
		return nil
	case <-ctx.Done():
	}
	o.cancelRuns(ErrStopped)
	late := time.NewTimer(o.opts.RunGrace + time.Second)
	defer late.Stop()
	select {
	case <-o.done:
		if !o.cut.Load() {
			return nil
		}
	case <-late.C:
		o.log.Warn("orchestrator stopped without waiting for runs or the store, which did not end in time")
		o.cancelWork()
	}
	return &Error{Op: "stop", Err: context.Cause(ctx)}
}

// drain makes sure that nothing new is started, and reports whether there is something to end.
func (o *Orchestrator) drain() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.stopped() {
		close(o.draining)
		o.keeper.wakeAll()
		if !o.started {
			close(o.done)
		}
	}
	return o.started
}

// shutDown waits for the orchestrator to be stopped and for its jobs to be let go of, gives up
// their leases, and then waits for the runs that had been given up.
func (o *Orchestrator) shutDown(kept <-chan struct{}) {
	<-o.draining
	<-kept
	o.background.Wait()
	if _, err := o.store.Renew(o.workCtx, o.id, 0); err != nil {
		o.log.Warn("leases not given up", "err", err)
	}
	o.crew.dismiss()
	o.cancelRuns(ErrStopped)
	o.cancelWork()
	close(o.done)
}

// stopped reports whether Stop has been called.
func (o *Orchestrator) stopped() bool {
	select {
	case <-o.draining:
		return true
	default:
		return false
	}
}

// now returns the time as it is kept: in UTC, to the millisecond.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
