package orchestrator

import (
	"context"
	"iter"
	"sync"
	"time"
)

// Watch yields the events of a job from an id on: those that have happened, and then each as it
// happens, until the job's last. It ends without an error after the last event, at once if the
// job has ended and from is beyond it. It yields an error last when ctx ends, [ErrNotFound] if
// there is no such job, and [ErrStopped] when the orchestrator is stopped before the job has ended.
//
// A loop body that is slow delays nobody else, and misses nothing.
func (o *Orchestrator) Watch(ctx context.Context, id JobID, from EventID) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		next := max(from, 1)
		for job, err := range o.WatchJob(ctx, id) {
			if err != nil {
				yield(Event{}, err)
				return
			}
			if job.LastEvent < next {
				continue
			}
			for e, err := range o.Events(ctx, id, next) {
				if !yield(e, err) || err != nil {
					return
				}
				next = e.ID + 1
			}
		}
	}
}

// WatchJob yields a job as it is, and again each time it has changed or may have, until it has
// ended; it ends without an error after that. It yields an error last when ctx ends, [ErrNotFound] if
// there is no such job, and [ErrStopped] when the orchestrator is stopped before the job has ended.
//
// A loop body that is slow delays nobody else. What happens meanwhile is yielded as one change: for
// those who want to know how far a job has come, that costs less than reading its events.
func (o *Orchestrator) WatchJob(ctx context.Context, id JobID) iter.Seq2[Job, error] {
	return func(yield func(Job, error) bool) {
		changes := o.topics.subscribe(id)
		defer o.topics.unsubscribe(id)
		for last := false; ; {
			changed := changes.next()
			job, err := o.store.Job(ctx, id)
			if err != nil {
				yield(Job{}, &Error{Op: "watch job", Job: id, Err: err})
				return
			}
			if !yield(job, nil) || job.State.Terminal() {
				return
			}
			err = ErrStopped
			if !last {
				last, err = o.awaitChange(ctx, id, changed)
			}
			if err != nil {
				yield(Job{}, &Error{Op: "watch job", Job: id, Err: err})
				return
			}
		}
	}
}

// awaitChange waits until the job has, or may have, changed. It reports whether that was the last
// time, because the orchestrator has stopped.
func (o *Orchestrator) awaitChange(ctx context.Context, id JobID, changed <-chan struct{}) (last bool, err error) {
	var poll <-chan time.Time
	if !o.keeper.owns(id) {
		timer := time.NewTimer(o.opts.PollInterval)
		defer timer.Stop()
		poll = timer.C
	}
	select {
	case <-changed:
		return false, nil
	case <-poll:
		return false, nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case <-o.done:
		return true, nil
	}
}

// topics tells watchers that a job has changed. It passes on that, not what: watchers read the
// events from the store.
type topics struct {
	mu sync.Mutex
	of map[JobID]*topic
}

// topic is one job that is being watched.
type topic struct {
	topics   *topics
	watchers int
	changed  chan struct{} // closed at the next change
}

func newTopics() *topics { return &topics{of: make(map[JobID]*topic)} }

// subscribe begins to watch a job. Every call needs one of unsubscribe.
func (t *topics) subscribe(id JobID) *topic {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.of[id]
	if one == nil {
		one = &topic{topics: t, changed: make(chan struct{})}
		t.of[id] = one
	}
	one.watchers++
	return one
}

func (t *topics) unsubscribe(id JobID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.of[id]
	one.watchers--
	if one.watchers == 0 {
		delete(t.of, id)
	}
}

// wake tells everyone who watches the job that it has changed.
func (t *topics) wake(id JobID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.of[id]; one != nil {
		close(one.changed)
		one.changed = make(chan struct{})
	}
}

// next returns a channel that is closed at the job's next change.
func (t *topic) next() <-chan struct{} {
	t.topics.mu.Lock()
	defer t.topics.mu.Unlock()
	return t.changed
}
