package orchestrator

import (
	"context"
	"errors"
	"iter"
	"time"
)

// allJobs is the topic of the feed over all jobs.
const allJobs JobID = 0

// Feed yields the events of all jobs from a position on, in the order in which they were
// committed, reading them as they are used. It yields [errors.ErrUnsupported] if the store is no
// [Feeder].
func (o *Orchestrator) Feed(ctx context.Context, from Position) iter.Seq2[FeedEvent, error] {
	return func(yield func(FeedEvent, error) bool) {
		feeder, err := o.feeder()
		if err != nil {
			yield(FeedEvent{}, err)
			return
		}
		for e, err := range feeder.Feed(ctx, from) {
			if err != nil {
				err = &Error{Op: "read feed", Err: err}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// FeedEnd returns the position of the newest event of all jobs, 0 if there was none yet. It
// returns [errors.ErrUnsupported] if the store is no [Feeder].
func (o *Orchestrator) FeedEnd(ctx context.Context) (Position, error) {
	feeder, err := o.feeder()
	if err != nil {
		return 0, err
	}
	end, err := feeder.FeedEnd(ctx)
	if err != nil {
		return 0, &Error{Op: "read feed", Err: err}
	}
	return end, nil
}

func (o *Orchestrator) feeder() (Feeder, error) {
	feeder, ok := o.store.(Feeder)
	if !ok {
		return nil, &Error{Op: "read feed", Err: errors.ErrUnsupported}
	}
	return feeder, nil
}

// WatchAll yields the events of all jobs from a position on: those that have happened, and then
// each as it happens. It goes on until ctx ends, or the orchestrator is stopped, which it yields as
// an error, [ErrStopped]. It yields [errors.ErrUnsupported] if the store is no [Feeder].
//
// A loop body that is slow delays nobody else, and misses nothing but the events of jobs that are
// removed meanwhile.
func (o *Orchestrator) WatchAll(ctx context.Context, from Position) iter.Seq2[FeedEvent, error] {
	return func(yield func(FeedEvent, error) bool) {
		next := max(from, 1)
		for end, err := range o.WatchFeedEnd(ctx) {
			if err != nil {
				yield(FeedEvent{}, err)
				return
			}
			for e, err := range o.Feed(ctx, next) {
				if !yield(e, err) || err != nil {
					return
				}
				next = e.Position + 1
			}
			next = max(next, end+1)
		}
	}
}

// WatchFeedEnd yields the position of the newest event of all jobs, 0 if there was none yet, and
// again each time there is, or may be, another. It goes on, and ends, as [Orchestrator.WatchAll] does,
// without reading the events.
func (o *Orchestrator) WatchFeedEnd(ctx context.Context) iter.Seq2[Position, error] {
	return func(yield func(Position, error) bool) {
		changes := o.topics.subscribe(allJobs)
		defer o.topics.unsubscribe(allJobs)
		for last := false; ; {
			changed := changes.next()
			end, err := o.FeedEnd(ctx)
			if !yield(end, err) || err != nil {
				return
			}
			err = ErrStopped
			if !last {
				last, err = o.awaitFeed(ctx, changed)
			}
			if err != nil {
				yield(0, &Error{Op: "watch feed", Err: err})
				return
			}
		}
	}
}

// awaitFeed waits until there is, or may be, another event of any job. It reports whether that was
// the last time, because the orchestrator has stopped.
func (o *Orchestrator) awaitFeed(ctx context.Context, changed <-chan struct{}) (last bool, err error) {
	poll := time.NewTimer(o.opts.PollInterval)
	defer poll.Stop()
	select {
	case <-changed:
		return false, nil
	case <-poll.C:
		return false, nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case <-o.done:
		return true, nil
	}
}
