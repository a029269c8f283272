package orchestrator

import (
	"errors"
	"maps"
	"sync"
	"time"
)

// keeper claims jobs, keeps their leases, and starts an execution for each. Its loop is the only
// one that claims and renews, so that the two never cross.
type keeper struct {
	o    *Orchestrator
	wake chan struct{}

	mu     sync.Mutex
	active map[JobID]*execution
	asked  map[JobID]StopMode // of jobs not executed here, one of which may be in the answer to a claim
	urgent int                // how many jobs to claim beyond the usual number, because they were asked to stop
}

func newKeeper(o *Orchestrator) *keeper {
	return &keeper{o: o, wake: make(chan struct{}, 1), active: make(map[JobID]*execution), asked: make(map[JobID]StopMode)}
}

// poke makes the loop look for jobs now.
func (k *keeper) poke() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// run keeps jobs going until the orchestrator is stopped and the last execution has ended.
func (k *keeper) run() {
	draining := k.o.draining
	var ended chan struct{}
	renewal := time.Now().Add(k.o.opts.LeaseTTL / 3)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if !time.Now().Before(renewal) {
			k.renew()
			k.o.forgetSecrets()
			renewal = time.Now().Add(k.o.opts.LeaseTTL / 3)
		}
		k.claim()
		timer.Reset(min(k.o.opts.PollInterval, time.Until(renewal)))
		select {
		case <-draining: // from here on no execution is added
			draining, ended = nil, make(chan struct{})
			go func() {
				defer close(ended)
				k.o.executions.Wait()
			}()
		case <-ended:
			return
		case <-k.wake:
		case <-timer.C:
		}
	}
}

// claim claims jobs while there are any and there is room for them.
func (k *keeper) claim() {
	for k.room() {
		lease, job, err := k.o.store.Claim(k.o.workCtx, k.o.id, k.o.opts.LeaseTTL)
		if err != nil {
			if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrClosed) {
				k.o.log.Error("jobs not claimed", "err", err)
			}
			k.calm()
			return
		}
		k.execute(lease, job)
	}
}

// room reports whether another job is to be claimed. Twice as many jobs as nodes may run at once
// are always enough: no more than that many can have a node running, and as many again wait to be
// the next. Jobs that were asked to stop need no place, so they are claimed in any case; the
// store gives them first.
func (k *keeper) room() bool {
	if k.o.stopped() {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.active) < 2*k.o.opts.MaxConcurrency {
		return true
	}
	if k.urgent == 0 {
		return false
	}
	k.urgent--
	return true
}

// calm says that there is nothing left to claim.
func (k *keeper) calm() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.urgent = 0
	clear(k.asked)
}

// execute starts the execution of a job, unless the orchestrator has been stopped meanwhile:
// then its lease is given up with the others.
func (k *keeper) execute(lease Lease, job Job) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.o.stopped() {
		return
	}
	lease.Stop = lease.Stop.Stronger(k.asked[job.ID])
	delete(k.asked, job.ID)
	x := newExecution(k.o, lease, job)
	k.active[job.ID] = x
	k.o.executions.Add(1)
	k.o.crew.do(func() {
		defer k.o.executions.Done()
		x.run()
		k.remove(x)
	})
}

// remove takes an execution that has ended from the list, where another of the same job may have
// taken its place.
func (k *keeper) remove(x *execution) {
	k.mu.Lock()
	if k.active[x.job.ID] == x {
		delete(k.active, x.job.ID)
	}
	k.mu.Unlock()
	k.o.topics.wake(x.job.ID)
	k.poke()
}

// owns reports whether the job is being executed here.
func (k *keeper) owns(id JobID) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.active[id] != nil
}

// wakeAll makes the loop and all executions look at what has changed.
func (k *keeper) wakeAll() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, x := range k.active {
		x.poke()
	}
	k.poke()
}

// stop tells whoever executes the job, or will, that it was asked to stop.
func (k *keeper) stop(id JobID, mode StopMode) {
	k.mu.Lock()
	x := k.active[id]
	if x == nil {
		k.urgent++
		k.asked[id] = k.asked[id].Stronger(mode)
	}
	k.mu.Unlock()
	if x != nil {
		x.stop(mode)
		return
	}
	k.poke()
}

// renew renews all leases, passes on what jobs were asked, and ends the executions of those that
// were lost. A lease without an execution is one whose claim or execution broke off: it is taken
// up again.
func (k *keeper) renew() {
	k.mu.Lock()
	before := maps.Clone(k.active)
	k.mu.Unlock()
	leases, err := k.o.store.Renew(k.o.workCtx, k.o.id, k.o.opts.LeaseTTL)
	if err != nil {
		if !errors.Is(err, ErrClosed) {
			k.o.log.Error("leases not renewed", "err", err)
		}
		return
	}
	for _, lease := range leases {
		if x := before[lease.Job]; x != nil {
			x.stop(lease.Stop)
			delete(before, lease.Job)
		} else {
			k.adopt(lease)
		}
	}
	for _, x := range before {
		x.lose()
	}
}

// adopt executes a job that is held without being executed.
func (k *keeper) adopt(lease Lease) {
	if k.o.stopped() || k.owns(lease.Job) {
		return
	}
	job, err := k.o.store.Job(k.o.workCtx, lease.Job)
	if err != nil {
		k.o.log.Error("held job not read", "job", lease.Job, "err", err)
		return
	}
	if !job.State.Terminal() {
		k.execute(lease, job)
	}
}
