package storetest

import (
	"context"
	"fmt"

	"github.com/seed-54b7607b/orchestrator"
)

const jobBorrowRule = "the jobs are only read: they may share memory with the store, which never changes it, and stay good"

func borrowChecks() []Check {
	return []Check{{Name: "JobQuery/borrow", Rule: jobBorrowRule, Run: checkBorrowedJobs}}
}

// loan is a page of jobs that was borrowed, and the same page in memory of its own.
type loan struct {
	when          string
	borrowed, own orchestrator.JobPage
}

// borrow borrows all jobs, as a page that a store is likely to have at hand.
func borrow(ctx context.Context, s orchestrator.Store, when string) (loan, error) {
	q := orchestrator.JobQuery{Limit: 20}
	own, err := s.Jobs(ctx, q)
	if err != nil {
		return loan{}, err
	}
	q.Borrow = true
	borrowed, err := s.Jobs(ctx, q)
	if err != nil {
		return loan{}, err
	}
	return loan{when, borrowed, own}, same("jobs borrowed "+when, own, borrowed)
}

// checkBorrowedJobs borrows all jobs again and again while they change, and keeps them to the end.
func checkBorrowedJobs(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 3)
	if err != nil {
		return err
	}
	if _, err := liveThrough(ctx, s, fullJobNo(1), 2); err != nil {
		return err
	}
	var loans []loan
	for _, next := range []struct {
		when   string
		change func() error
	}{
		{"at first", func() error { return w.run(ctx, 0) }},
		{"when the job ran", func() error { return w.commit(ctx, w.batch(runningNode(2), fullNode(0))) }},
		{"when a node had ended", func() error {
			_, err := s.RequestStop(ctx, w.job.ID, true)
			return err
		}},
		{"when the job was asked to stop", func() error { return w.end(ctx, orchestrator.JobStopped) }},
		{"when the job had ended", func() error {
			_, err := create(ctx, s, 1)
			return err
		}},
		{"when there was another job", func() error { return removeEnded(ctx, s) }},
		{"when jobs were removed", func() error { return nil }},
	} {
		l, err := borrow(ctx, s, next.when)
		if err != nil {
			return err
		}
		loans = append(loans, l)
		if err := next.change(); err != nil {
			return fmt.Errorf("%s: %w", next.when, err)
		}
		for _, l := range loans {
			if err := same("jobs borrowed "+l.when+", later", l.own, l.borrowed); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeEnded removes the jobs that have ended, if the store can.
func removeEnded(ctx context.Context, s orchestrator.Store) error {
	p, ok := s.(pruner)
	if !ok {
		return nil
	}
	_, err := pruneAll(ctx, p, at(1_000_000))
	return err
}
