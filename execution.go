package orchestrator

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// execution is one job being run. The goroutine in run owns the job: it alone decides what
// happens to it and writes it. Everything else only leaves word: outcomes, stop requests, slots.
type execution struct {
	o      *Orchestrator
	lease  Lease
	job    Job        // as last committed
	ask    RunRequest // what the runner is asked, but for the node
	bare   bool       // the job needs a secret that is not there: its nodes cannot be run
	share  *share     // of the slots
	ahead  []Node     // new nodes that were read and not yet started, in order
	from   int        // the index of the first node that was not yet read
	listed int        // up to which index nodes are known without being read
	taken  int        // slots taken for nodes that have not been started yet
	late   []outcome  // outcomes that the last batch had no room for
	left   int        // nodes whose runs go on by themselves
	floor  time.Time  // of the newest event: time never runs backwards in a job
	wake   chan struct{}

	runCtx     context.Context // of the job's runs
	cancelRuns context.CancelCauseFunc

	mu       sync.Mutex
	going    int       // how many runs have no outcome yet
	outcomes []outcome // that have arrived
	asked    StopMode  // what the job was asked
	lost     bool      // the lease was lost
}

func newExecution(o *Orchestrator, lease Lease, job Job) *execution {
	x := &execution{
		o:     o,
		lease: lease,
		job:   job,
		floor: job.Updated(),
		wake:  make(chan struct{}, 1),
		asked: job.Stop.Stronger(lease.Stop),
	}
	x.runCtx, x.cancelRuns = context.WithCancelCause(o.runCtx)
	if x.asked == StopForce {
		x.cancelRuns(ErrJobStopped)
	}
	x.ask, x.bare = o.request(&x.job)
	x.listed = listed(&x.job)
	limit := o.opts.MaxConcurrency
	if job.Concurrency > 0 {
		limit = min(limit, job.Concurrency)
	}
	x.share = o.slots.join(limit, x.poke)
	return x
}

// run executes the job until it ends, its lease is lost, or the orchestrator is stopped.
func (x *execution) run() {
	defer func() {
		x.cancelRuns(nil)
		x.o.slots.release(x.share, x.taken)
		x.o.slots.leave(x.share)
	}()
	err := x.takeUp()
	for err == nil && !x.over() {
		err = x.step()
	}
	if err != nil {
		x.abandon(err)
		return
	}
	if x.job.State.Terminal() {
		x.o.vault.drop(x.job.Task.Secret)
		x.o.log.Info("job ended", "job", x.job.ID, "state", x.job.State, "finished", x.job.Counts.Finished, "failed", x.job.Counts.Failed,
			"errored", x.job.Counts.Errored, "skipped", x.job.Counts.Skipped)
	}
}

// over reports whether there is nothing left to do for this execution.
func (x *execution) over() bool {
	return x.job.State.Terminal() || x.o.stopped() && x.job.Counts.Running == x.left
}

// step writes what has arrived and can be started, as one batch, and then starts it.
// If there is nothing, it waits for more.
func (x *execution) step() error {
	news := x.news()
	if news.lost {
		return ErrLeaseLost
	}
	l := newLedger(x.job.Progress, x.floor)
	first, then := x.addOutcomes, x.addStop
	if x.job.State != JobStopping {
		first, then = x.addStop, x.addOutcomes // what a stop has done to the runs comes after it
	}
	err := first(l, news)
	if err == nil {
		err = then(l, news)
	}
	if err == nil {
		err = x.addStarts(l)
	}
	if err == nil {
		err = x.addEnd(l, news.asked)
	}
	if err != nil {
		return err
	}
	if !l.changed {
		if !x.over() {
			x.sleep()
		}
		return nil
	}
	if err := x.commit(l); err != nil {
		return err
	}
	x.start(l.events)
	return nil
}

// addOutcomes moves the nodes whose runs have ended, as many as the batch takes.
func (x *execution) addOutcomes(l *ledger, news news) error {
	outcomes := slices.Concat(x.late, news.outcomes)
	for i, out := range outcomes {
		if out.state == NodeRunning {
			x.left++
			continue
		}
		if !l.room(len(out.result.Result) + len(out.result.Message)) {
			x.late = outcomes[i:]
			x.poke()
			return nil
		}
		n := out.node
		n.Result, n.Message = out.result.Result, out.result.Message
		if _, err := l.moveNode(n, out.state, out.at); err != nil {
			return err
		}
	}
	x.late = nil
	return nil
}

// addStop moves a job that was asked to stop, and skips nodes of it that have not started, as
// many as the batch takes.
func (x *execution) addStop(l *ledger, news news) error {
	if news.asked == StopNone {
		return nil
	}
	at := now()
	if l.progress.State != JobStopping {
		x.o.slots.leave(x.share)
		if err := l.moveJob(JobStopping, at, news.asked); err != nil {
			return err
		}
	}
	for l.room(len(messageSkipped)) {
		n, ok, err := x.nextNode()
		if err != nil || !ok {
			return err
		}
		n.Message = messageSkipped
		if _, err := l.moveNode(n, NodeSkipped, at); err != nil {
			return err
		}
	}
	x.poke()
	return nil
}

// addStarts moves nodes that are to be run, as many as there are slots for, and asks for the
// slots that are needed further.
func (x *execution) addStarts(l *ledger) error {
	if l.progress.State == JobStopping || x.o.stopped() {
		x.o.slots.leave(x.share)
		return nil
	}
	at := now()
	if x.bare {
		return x.addUnable(l, at)
	}
	left := x.o.slots.take(x.share, l.progress.Counts.New)
	x.taken = left
	defer func() {
		x.taken -= left
		x.o.slots.release(x.share, left)
		x.o.slots.want(x.share, l.progress.Counts.New)
	}()
	for ; left > 0 && l.room(0); left-- {
		n, ok, err := x.nextNode()
		if err != nil {
			return err
		}
		if !ok {
			return errCounts
		}
		if err := x.addRunning(l, at); err != nil {
			return err
		}
		if _, err := l.moveNode(n, NodeRunning, at); err != nil {
			return err
		}
	}
	return nil
}

// addUnable ends nodes that have not started and cannot be run, as many as the batch takes.
func (x *execution) addUnable(l *ledger, at time.Time) error {
	for l.room(len(messageSecrets)) {
		n, ok, err := x.nextNode()
		if err != nil || !ok {
			return err
		}
		if err := x.addRunning(l, at); err != nil {
			return err
		}
		n.Message = messageSecrets
		if _, err := l.moveNode(n, NodeErrored, at); err != nil {
			return err
		}
	}
	x.poke()
	return nil
}

// addRunning moves the job on to running when its first node is.
func (x *execution) addRunning(l *ledger, at time.Time) error {
	if l.progress.State == JobNew {
		if err := l.moveJob(JobReady, at, StopNone); err != nil {
			return err
		}
	}
	if l.progress.State == JobReady {
		return l.moveJob(JobRunning, at, StopNone)
	}
	return nil
}

// addEnd moves the job into its last state when its last node is in one.
func (x *execution) addEnd(l *ledger, asked StopMode) error {
	counts := &l.progress.Counts
	if counts.New > 0 || counts.Running > 0 {
		return nil
	}
	state := JobFinished
	switch {
	case l.progress.State == JobStopping:
		state = JobStopped
	case counts.Failed+counts.Errored > 0:
		state = JobFailed
	}
	return l.moveJob(state, now(), asked)
}

// start starts the runs of the nodes that a committed batch has made running.
func (x *execution) start(events []Event) {
	for _, e := range events {
		if e.Type == EventNodeRunning {
			x.taken--
			x.expect()
			x.ask.Node = e.Node.Name
			x.o.startRun(x.runCtx, x.ask, e.Node, x.deliver)
		}
	}
}

// abandon ends an execution whose job cannot be written any more. What becomes of the job is up
// to whoever claims it next.
func (x *execution) abandon(err error) {
	if !errors.Is(err, ErrLeaseLost) && !errors.Is(err, ErrClosed) && !errors.Is(err, context.Canceled) {
		x.o.log.Error("job let go of", "job", x.job.ID, "err", err)
	} else {
		x.o.log.Warn("job let go of", "job", x.job.ID, "err", err)
	}
	x.cancelRuns(ErrLeaseLost)
	for x.awaits() {
		x.sleep()
	}
}
