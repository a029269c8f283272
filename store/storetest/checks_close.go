package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	closeRule      = "Close waits for the calls in progress, lets go of what the store holds, and makes every later call of another method return [ErrClosed]."
	closeAgainRule = "Later calls of Close return nil."
)

func closeChecks() []Check {
	return []Check{
		{Name: "Close/closed", Rule: closeRule, Run: checkClosed},
		{Name: "Close/iterators", Rule: closeRule, Run: checkCloseIterators},
		{Name: "Close/calls-in-progress", Rule: closeRule, Run: checkCloseInProgress},
		{Name: "Close/abandoned-iterator", Rule: closeRule, Run: checkCloseAbandoned},
		{Name: "Close/in-loop-body", Rule: closeRule, Run: checkCloseInBody},
		{Name: "Close/again", Rule: closeAgainRule, Run: checkCloseAgain},
	}
}

func checkClosed(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, 2)
	if err != nil {
		return err
	}
	if err := within(ctx, "Close", s.Close); err != nil {
		return err
	}
	for _, m := range methods(s) {
		if err := wantError(m.name+" after Close", m.call(ctx, s, w), orchestrator.ErrClosed); err != nil {
			return err
		}
	}
	return nil
}

// checkCloseIterators closes the store between the call that returned an iterator and its use.
func checkCloseIterators(ctx context.Context, open Opener) error {
	s, w, err := openIterated(ctx, open, 2)
	if err != nil {
		return err
	}
	seqs := iterators(ctx, s, w.job.ID)
	for name, seq := range seqs {
		if err := countsTo(name, seq, 2); err != nil {
			return err
		}
	}
	if err := s.Close(); err != nil {
		return fmt.Errorf("Close: %w", err)
	}
	for name, seq := range seqs {
		if _, err := collect(seq); !errors.Is(err, orchestrator.ErrClosed) {
			return fmt.Errorf("%s used after Close: got the error %v, want %v", name, err, orchestrator.ErrClosed)
		}
	}
	return nil
}

// checkCloseInProgress closes the store while all methods are being called.
func checkCloseInProgress(ctx context.Context, open Opener) error {
	const callers = 8
	s, w, err := openHeld(ctx, open, 2)
	if err != nil {
		return err
	}
	var started sync.WaitGroup
	started.Add(callers)
	return together(callers+1, func(i int) error {
		if i == callers {
			started.Wait()
			return within(ctx, "Close while other methods are called", s.Close)
		}
		return callUntilClosed(ctx, s, w, i, started.Done)
	})
}

// callUntilClosed calls one method after the other, from the one at first on, until the store
// is closed. It calls started once it has made a call.
func callUntilClosed(ctx context.Context, s orchestrator.Store, w *worker, first int, started func()) error {
	calls := methods(s)
	if first > 0 { // a lease is used by one goroutine
		calls = slices.DeleteFunc(calls, func(m method) bool { return m.name == "Commit" })
	}
	start := sync.OnceFunc(started)
	defer start()
	for n := first; ; n++ {
		m := calls[n%len(calls)]
		err := within(ctx, m.name, func() error { return m.call(ctx, s, w) })
		start()
		if errors.Is(err, orchestrator.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("while the store is closed: %w", err)
		}
	}
}

// iteratorNames returns the names of iterators, of which a store may lack those of optional
// interfaces.
func iteratorNames() []string {
	return []string{"Nodes", "Nodes descending", "Nodes by name", "Events", "Feed"}
}

// checkCloseAbandoned leaves an iterator neither at its end nor stopped.
func checkCloseAbandoned(ctx context.Context, open Opener) error {
	for _, name := range iteratorNames() {
		s, w, err := openIterated(ctx, open, iterated)
		if err != nil {
			return err
		}
		if iterators(ctx, s, w.job.ID)[name] == nil {
			continue
		}
		next, stop := iter.Pull2(iterators(ctx, s, w.job.ID)[name])
		defer stop()
		if number, err, ok := next(); number != 1 || err != nil || !ok {
			return fmt.Errorf("%s: got the value number %d, the error %v and %t, want number 1", name, number, err, ok)
		}
		if err := within(ctx, "Close while "+name+" has more to yield", s.Close); err != nil {
			return err
		}
	}
	return nil
}

// checkCloseInBody closes the store in the loop body. What the iterator yields from then on is
// right, or it ends with ErrClosed.
func checkCloseInBody(ctx context.Context, open Opener) error {
	for _, name := range iteratorNames() {
		s, w, err := openIterated(ctx, open, iterated)
		if err != nil {
			return err
		}
		if iterators(ctx, s, w.job.ID)[name] == nil {
			continue
		}
		number := 0
		for got, err := range iterators(ctx, s, w.job.ID)[name] {
			if errors.Is(err, orchestrator.ErrClosed) && number > 0 {
				break
			}
			if number++; err != nil || got != number {
				return fmt.Errorf("%s closed by its loop body: got the value number %d and the error %v, want number %d", name, got, err, number)
			}
			if number > 1 {
				continue
			}
			if err := within(ctx, "Close called by the loop body of "+name, s.Close); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkCloseAgain(ctx context.Context, open Opener) error {
	s, _, err := openWith(ctx, open, 1)
	if err != nil {
		return err
	}
	err = together(4, func(int) error { return within(ctx, "Close, several times at once", s.Close) })
	if err != nil {
		return err
	}
	return repeat(2, func() error { return within(ctx, "Close, again", s.Close) })
}
