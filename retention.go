package orchestrator

import (
	"errors"
	"time"
)

// defaultRetention is how long the original keeps jobs.
const defaultRetention = 30 * 24 * time.Hour

// prune removes jobs that ended longer ago than they are kept, until the orchestrator is stopped.
// It works in the store's own short steps, so that nothing else waits for long.
func (o *Orchestrator) prune(store Pruner, keep time.Duration) {
	interval := max(time.Second, min(time.Hour, keep/24))
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-o.draining:
			return
		case <-timer.C:
			o.pruneNow(store, keep)
			timer.Reset(interval)
		}
	}
}

func (o *Orchestrator) pruneNow(store Pruner, keep time.Duration) {
	removed := 0
	for !o.stopped() {
		n, err := store.PruneJobs(o.workCtx, now().Add(-keep))
		removed += n
		if err != nil && !errors.Is(err, ErrClosed) {
			o.log.Error("old jobs not removed", "err", err)
		}
		if err != nil || n == 0 {
			break
		}
	}
	if removed > 0 {
		o.log.Info("old jobs removed", "jobs", removed)
	}
}
