package orchestrator

import "runtime"

// news is what has arrived for an execution since it last looked.
type news struct {
	outcomes []outcome
	asked    StopMode
	lost     bool
}

// news takes what has arrived.
func (x *execution) news() news {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := news{outcomes: x.outcomes, asked: x.asked, lost: x.lost}
	x.outcomes = nil
	return n
}

// expect says that there will be one outcome more.
func (x *execution) expect() {
	x.mu.Lock()
	x.going++
	x.mu.Unlock()
}

// awaits reports whether there are runs without an outcome.
func (x *execution) awaits() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.going > 0
}

// deliver leaves the outcome of a run and frees its slot.
func (x *execution) deliver(out outcome) {
	x.mu.Lock()
	x.going--
	x.outcomes = append(x.outcomes, out)
	x.mu.Unlock()
	x.o.slots.release(x.share, 1)
	x.poke()
}

// stop leaves word that the job was asked to stop, and cancels its runs at once if that is to be
// by force: they do not wait for a disk that does not answer.
func (x *execution) stop(mode StopMode) {
	x.mu.Lock()
	changed := x.asked.Stronger(mode) != x.asked
	x.asked = x.asked.Stronger(mode)
	x.mu.Unlock()
	if mode == StopForce {
		x.cancelRuns(ErrJobStopped)
	}
	if changed {
		x.poke()
	}
}

// lose leaves word that the lease was lost, and cancels the runs.
func (x *execution) lose() {
	x.cancelRuns(ErrLeaseLost)
	x.mu.Lock()
	x.lost = true
	x.mu.Unlock()
	x.poke()
}

// poke makes the execution look at what has arrived.
func (x *execution) poke() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// sleep waits until something has arrived, and, if there are runs that may just be ending, gives them a turn,
// so that their outcomes may be of the same batch.
func (x *execution) sleep() {
	<-x.wake
	if x.awaits() {
		runtime.Gosched()
	}
}
