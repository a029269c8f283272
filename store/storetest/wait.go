package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// patience is how long a store may take for anything before it counts as hung.
const patience = 20 * time.Second

// checkPatience is how long a whole check may take, grace how long it may go on after its
// context has ended.
const (
	checkPatience = 2 * time.Minute
	grace         = time.Second
)

// Lease durations: one that a check can wait for, and one that outlasts every check.
const (
	short = 50 * time.Millisecond
	long  = time.Hour
)

// within returns the error of call, with what it is about, or one that says that call does not
// return in time: before ctx has ended or patience is over. A call that hangs is left behind.
func within(ctx context.Context, what string, call func() error) error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	case <-ctx.Done():
	case <-timer.C:
	}
	return fmt.Errorf("%s: the call does not return", what)
}

// bounded returns a check that returns in time even if the store hangs. The check runs in a
// goroutine of its own, but open is called from the one that bounded is called from.
func bounded(run func(context.Context, Opener) error) func(context.Context, Opener) error {
	type opened struct {
		store orchestrator.Store
		err   error
	}
	return func(ctx context.Context, open Opener) error {
		requests, replies, over := make(chan context.Context), make(chan opened), make(chan struct{})
		defer close(over)
		opener := func(ctx context.Context) (orchestrator.Store, error) {
			select {
			case requests <- ctx:
			case <-over:
				return nil, context.Canceled
			}
			select {
			case reply := <-replies:
				return reply.store, reply.err
			case <-over:
				return nil, context.Canceled
			}
		}
		done := make(chan error, 1)
		go func() { done <- run(ctx, opener) }()
		timer := time.NewTimer(checkPatience)
		defer timer.Stop()
		ended := ctx.Done()
		for {
			select {
			case err := <-done:
				return err
			case ctx := <-requests:
				store, err := open(ctx)
				replies <- opened{store, err}
			case <-ended:
				ended = nil
				timer.Reset(grace)
			case <-timer.C:
				return errors.New("the store does not return from a call")
			}
		}
	}
}

// eventually calls ready every millisecond until it returns true or an error.
func eventually(ctx context.Context, what string, ready func() (bool, error)) error {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		ok, err := ready()
		if ok || err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case <-timer.C:
			return fmt.Errorf("%s does not happen", what)
		}
	}
}

// together calls do(0) to do(n-1) at once and returns their errors.
func together(n int, do func(i int) error) error {
	errs := make([]error, n)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	group.Wait()
	return errors.Join(errs...)
}

// meanwhile calls observe again and again while work runs, and once more after it.
func meanwhile(work, observe func() error) error {
	done := make(chan struct{})
	var observed error
	var group sync.WaitGroup
	group.Go(func() {
		for working := true; working && observed == nil; {
			select {
			case <-done:
				working = false
			default:
			}
			observed = observe()
		}
	})
	err := work()
	close(done)
	group.Wait()
	return errors.Join(err, observed)
}
