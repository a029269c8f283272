package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	pruneRule     = "PruneJobs removes jobs that ended before a time, with all that belongs to them, those that ended first: as many as one short step takes."
	pruneMoreRule = "It returns how many it has removed; there may be more unless it returns 0."
	pruneSeenRule = "A job is removed at once for all readers, and an iteration over what belonged to it ends with [ErrNotFound] or as if there were no more."
)

func pruneChecks() []Check {
	return []Check{
		{Name: "PruneJobs/ended-before", Rule: pruneRule, Run: pruning(checkPruneEnded)},
		{Name: "PruneJobs/all-of-it", Rule: pruneRule, Run: pruning(checkPruneAllOfIt)},
		{Name: "PruneJobs/large", Rule: pruneRule, Run: pruning(checkPruneLarge)},
		{Name: "PruneJobs/at-once", Rule: pruneMoreRule, Run: pruning(checkPruneAtOnce)},
		{Name: "PruneJobs/seen", Rule: pruneSeenRule, Run: pruning(checkPruneSeen)},
		{Name: "PruneJobs/iterations", Rule: pruneSeenRule, Run: pruning(checkPruneIterations)},
		{Name: "CreateJob/ids-pruned", Rule: idsRule, Run: pruning(checkPruneIDs)},
		{Name: "CreateJob/key-pruned", Rule: keyRule, Run: pruning(checkPruneKey)},
	}
}

// pruner is a store that can remove old jobs.
type pruner interface {
	orchestrator.Store
	orchestrator.Pruner
}

// pruning returns a check of stores that can remove old jobs, which others pass.
func pruning(check func(ctx context.Context, s pruner, open Opener) error) func(context.Context, Opener) error {
	return func(ctx context.Context, open Opener) error {
		s, err := open(ctx)
		if err != nil {
			return err
		}
		if p, ok := s.(pruner); ok {
			return check(ctx, p, open)
		}
		return nil
	}
}

// pruneAll removes all jobs that ended before a time, and returns how many there were.
func pruneAll(ctx context.Context, s pruner, before time.Time) (removed int, err error) {
	for {
		n, err := s.PruneJobs(ctx, before)
		if err != nil {
			return removed, fmt.Errorf("PruneJobs: %w", err)
		}
		if removed += n; n == 0 {
			return removed, nil
		}
	}
}

// never is a time that all jobs of the checks ended before.
func never() time.Time { return at(1 << 20) }

// checkPruneEnded has random jobs removed step by step, and looks after each step at what is left.
func checkPruneEnded(ctx context.Context, s pruner, _ Opener) error {
	r := newRandom(5)
	if n, err := s.PruneJobs(ctx, never()); err != nil || n != 0 {
		return fmt.Errorf("PruneJobs of an empty store: got %d and the error %v, want 0", n, err)
	}
	p, held, err := populate(ctx, s, r, 200)
	if err != nil {
		return err
	}
	for _, before := range []time.Time{at(0), at(600), at(6000), at(6000).Add(time.Millisecond), at(15000), at(15000), never()} {
		for more := true; more; {
			n, err := s.PruneJobs(ctx, before.In(elsewhere))
			if err != nil {
				return fmt.Errorf("PruneJobs: %w", err)
			}
			if err := p.prune(ctx, s, before, n); err != nil {
				return err
			}
			for range 20 {
				if err := p.shown(ctx, s, randomQuery(r, p)); err != nil {
					return fmt.Errorf("after %d jobs were removed: %w", n, err)
				}
			}
			more = n > 0
		}
	}
	for _, w := range held {
		if err := w.end(ctx, orchestrator.JobFailed); err != nil {
			return fmt.Errorf("after all jobs that had ended were removed: %w", err)
		}
		p.update(w)
	}
	return p.shown(ctx, s, orchestrator.JobQuery{})
}

// prune takes out of the population what the store has removed with a call that returned n, and
// returns an error unless that was right.
func (p *population) prune(ctx context.Context, s orchestrator.Store, before time.Time, n int) error {
	left, err := readJobs(ctx, s)
	if err != nil {
		return err
	}
	there := map[orchestrator.JobID]bool{}
	for _, job := range left {
		there[job.ID] = true
	}
	removed, latest, earliest := 0, time.Time{}, never()
	for _, job := range p.jobs {
		prunable := job.State.Terminal() && job.Finished().Before(before)
		switch {
		case there[job.ID]:
			if prunable && job.Finished().Before(earliest) {
				earliest = job.Finished()
			}
		case !prunable:
			return fmt.Errorf("PruneJobs before %v: removed the job %d in the state %s, which it entered at %v", before, job.ID, job.State, job.Updated())
		default:
			removed++
			if job.Finished().After(latest) {
				latest = job.Finished()
			}
		}
	}
	switch {
	case removed != n:
		return fmt.Errorf("PruneJobs: returned %d after it has removed %d jobs", n, removed)
	case latest.After(earliest):
		return fmt.Errorf("PruneJobs: removed a job that ended at %v before one that ended at %v", latest, earliest)
	case n == 0 && earliest.Before(before):
		return fmt.Errorf("PruneJobs before %v: returned 0 although there is a job that ended at %v", before, earliest)
	}
	p.remove(func(job *orchestrator.Job) bool { return !there[job.ID] })
	return nil
}

// checkPruneAllOfIt removes some of several full jobs and looks for whatever is left of them, and
// at the others.
func checkPruneAllOfIt(ctx context.Context, s pruner, _ Opener) error {
	var all []history
	for i := range 6 {
		h, err := liveThrough(ctx, s, fullJobNo(i), 6-i)
		if err != nil {
			return err
		}
		all = append(all, h)
	}
	running, err := create(ctx, s, 2)
	if err != nil {
		return err
	}
	w, err := claimJob(ctx, s, alice, long, running.ID)
	if err != nil {
		return err
	}
	if n, err := pruneAll(ctx, s, all[2].Job.Finished()); err != nil || n != 3 {
		return fmt.Errorf("PruneJobs: removed %d jobs with the error %v, want 3", n, err)
	}
	if err := w.run(ctx, 1); err != nil {
		return err
	}
	for _, h := range all[:3] {
		if err := unchanged(ctx, s, h); err != nil {
			return fmt.Errorf("a job that ended later: %w", err)
		}
	}
	for _, h := range all[3:] {
		if err := gone(ctx, s, h.Job.ID); err != nil {
			return err
		}
	}
	return nil
}

// gone returns an error if anything is left of a job.
func gone(ctx context.Context, s orchestrator.Store, id orchestrator.JobID) error {
	_, jobErr := s.Job(ctx, id)
	_, nodesErr := readNodes(ctx, s, id)
	_, eventsErr := readEvents(ctx, s, id)
	_, stopErr := s.RequestStop(ctx, id, true)
	_, afterErr := s.Jobs(ctx, orchestrator.JobQuery{OrderBy: orchestrator.OrderByOwner, After: id})
	for what, err := range map[string]error{"Job": jobErr, "Nodes": nodesErr, "Events": eventsErr, "RequestStop": stopErr, "Jobs after it": afterErr} {
		if err := wantError(what+" of a job that was removed", err, orchestrator.ErrNotFound); err != nil {
			return err
		}
	}
	all, err := readJobs(ctx, s)
	if err != nil {
		return err
	}
	for _, job := range all {
		if job.ID == id {
			return fmt.Errorf("Jobs: got the job %d, which was removed", id)
		}
	}
	return nil
}

// endedJob creates a job and brings all its nodes, and the job, to their ends.
func endedJob(ctx context.Context, s orchestrator.Store, nodes int) (history, error) {
	job, err := create(ctx, s, nodes)
	if err != nil {
		return history{}, err
	}
	w, err := claimJob(ctx, s, alice, long, job.ID)
	if err != nil {
		return history{}, err
	}
	h := newHistory(job, nodeNames(nodes))
	for from := 0; from < nodes; from += orchestrator.MaxBatchEvents {
		var changed []orchestrator.Node
		for i := from; i < min(from+orchestrator.MaxBatchEvents, nodes); i++ {
			changed = append(changed, fullNode(i))
		}
		b := w.batch(changed...)
		if err := w.commit(ctx, b); err != nil {
			return history{}, err
		}
		h.apply(b)
	}
	b := w.ending(orchestrator.JobFinished)
	h.apply(b)
	return h, w.commit(ctx, b)
}

// checkPruneLarge removes a large job and small ones while others are written and read.
func checkPruneLarge(ctx context.Context, s pruner, _ Opener) error {
	const small = 20
	for range small {
		if _, err := endedJob(ctx, s, 1); err != nil {
			return err
		}
	}
	if _, err := endedJob(ctx, s, large); err != nil {
		return err
	}
	job, err := create(ctx, s, iterated)
	if err != nil {
		return err
	}
	w, err := claimJob(ctx, s, alice, long, job.ID)
	if err != nil {
		return err
	}
	work := func() error {
		n, err := pruneAll(ctx, s, never())
		if err == nil && n != small+1 {
			err = fmt.Errorf("PruneJobs: removed %d jobs, want %d", n, small+1)
		}
		return err
	}
	observe := func() error {
		if err := w.run(ctx, 0); err != nil {
			return err
		}
		for name, seq := range iteratorsOf(ctx, s, job.ID) {
			if name == "Events" {
				continue
			}
			if err := countsTo(name+" while jobs are removed", seq, iterated); err != nil {
				return err
			}
		}
		return nil
	}
	if err := meanwhile(work, observe); err != nil {
		return err
	}
	p := &population{jobs: []orchestrator.Job{w.job}}
	return p.shown(ctx, s, orchestrator.JobQuery{})
}

// checkPruneAtOnce has several goroutines remove jobs at once.
func checkPruneAtOnce(ctx context.Context, s pruner, _ Opener) error {
	const jobs, callers = 60, 4
	for range jobs {
		if _, err := endedJob(ctx, s, 2); err != nil {
			return err
		}
	}
	var removed atomic.Int64
	err := together(callers, func(int) error {
		n, err := pruneAll(ctx, s, never())
		removed.Add(int64(n))
		return err
	})
	if err != nil {
		return err
	}
	if n := removed.Load(); n != jobs {
		return fmt.Errorf("PruneJobs at once: returned %d in all, want the %d jobs that there were", n, jobs)
	}
	return (&population{}).shown(ctx, s, orchestrator.JobQuery{})
}
