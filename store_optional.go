package orchestrator

import (
	"context"
	"iter"
	"time"
)

// Pruner is a [Store] that can remove old jobs. Without it jobs are kept for ever.
type Pruner interface {
	// PruneJobs removes jobs that ended before a time, with all that belongs to them, those that
	// ended first: as many as one short step takes. It returns how many it has removed; there may
	// be more unless it returns 0. A job is removed at once for all readers, and an iteration over
	// what belonged to it ends with [ErrNotFound] or as if there were no more.
	PruneJobs(ctx context.Context, before time.Time) (int, error)
}

// Keyer is a [Store] that can find a job by its Key. Without it the scope of a request that is
// repeated is resolved again, and if that fails, so does the request.
type Keyer interface {
	// JobWithKey returns the job that has a Key, as of its last commit, or [ErrNotFound].
	JobWithKey(ctx context.Context, key string) (Job, error)
}

// Feeder is a [Store] that can tell of the events of all jobs in one sequence. Without it there is
// no feed over all jobs.
type Feeder interface {
	// Feed yields the events of all jobs whose position is from or greater, in the order of their
	// positions. The events of a job are in the order of their ids, and those of jobs that were
	// removed are left out.
	Feed(ctx context.Context, from Position) iter.Seq2[FeedEvent, error]

	// FeedEnd returns the position of the newest event of all jobs, 0 if there was none yet.
	FeedEnd(ctx context.Context) (Position, error)
}

// Position numbers the events of all jobs in the order in which they were committed. Positions
// are positive and strictly increasing, and are never reused.
type Position int64

// FeedEvent is an event with its job and its place among the events of all jobs.
type FeedEvent struct {
	Event
	Job      JobID
	Position Position
}
