package storetest

import (
	"context"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// broken is a store that works as the one it is made of, except where a field says otherwise.
type broken struct {
	able

	before func(ctx context.Context) error // begins every call but Close
	after  func()                          // ends every call but Close and those of iterators
	edit   func(*orchestrator.Job)         // changes every job that is returned

	createJob   func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error)
	job         func(ctx context.Context, id orchestrator.JobID) (orchestrator.Job, error)
	jobs        func(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error)
	nodes       func(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error]
	events      func(ctx context.Context, id orchestrator.JobID, from orchestrator.EventID) iter.Seq2[orchestrator.Event, error]
	claim       func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error)
	renew       func(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error)
	commit      func(ctx context.Context, lease orchestrator.Lease, b orchestrator.Batch) error
	requestStop func(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error)
	close       func() error
	jobWithKey  func(ctx context.Context, key string) (orchestrator.Job, error)
	pruneJobs   func(ctx context.Context, before time.Time) (int, error)
	feed        func(ctx context.Context, from orchestrator.Position) iter.Seq2[orchestrator.FeedEvent, error]
	feedEnd     func(ctx context.Context) (orchestrator.Position, error)
}

// able is a store with all optional abilities.
type able interface {
	orchestrator.Store
	orchestrator.Pruner
	orchestrator.Keyer
	orchestrator.Feeder
}

// over returns a store that is not broken yet.
func over(s able) *broken {
	return &broken{
		able:        s,
		before:      func(context.Context) error { return nil },
		after:       func() {},
		edit:        func(*orchestrator.Job) {},
		createJob:   s.CreateJob,
		job:         s.Job,
		jobs:        s.Jobs,
		nodes:       s.Nodes,
		events:      s.Events,
		claim:       s.Claim,
		renew:       s.Renew,
		commit:      s.Commit,
		requestStop: s.RequestStop,
		close:       s.Close,
		jobWithKey:  s.JobWithKey,
		pruneJobs:   s.PruneJobs,
		feed:        s.Feed,
		feedEnd:     s.FeedEnd,
	}
}

func (b *broken) edited(job orchestrator.Job, err error) (orchestrator.Job, error) {
	if err == nil {
		b.edit(&job)
	}
	return job, err
}

func (b *broken) CreateJob(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
	if err := b.before(ctx); err != nil {
		return orchestrator.Job{}, err
	}
	defer b.after()
	return b.edited(b.createJob(ctx, job, nodes))
}

func (b *broken) Job(ctx context.Context, id orchestrator.JobID) (orchestrator.Job, error) {
	if err := b.before(ctx); err != nil {
		return orchestrator.Job{}, err
	}
	defer b.after()
	return b.edited(b.job(ctx, id))
}

func (b *broken) JobWithKey(ctx context.Context, key string) (orchestrator.Job, error) {
	if err := b.before(ctx); err != nil {
		return orchestrator.Job{}, err
	}
	defer b.after()
	return b.edited(b.jobWithKey(ctx, key))
}

func (b *broken) Jobs(ctx context.Context, q orchestrator.JobQuery) (orchestrator.JobPage, error) {
	if err := b.before(ctx); err != nil {
		return orchestrator.JobPage{}, err
	}
	defer b.after()
	page, err := b.jobs(ctx, q)
	for i := range page.Jobs {
		b.edit(&page.Jobs[i])
	}
	return page, err
}

func (b *broken) Nodes(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
	return begun(ctx, b.before, b.nodes(ctx, id, q))
}

func (b *broken) Events(ctx context.Context, id orchestrator.JobID, from orchestrator.EventID) iter.Seq2[orchestrator.Event, error] {
	return begun(ctx, b.before, b.events(ctx, id, from))
}

func begun[T any](ctx context.Context, before func(context.Context) error, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := before(ctx); err != nil {
			var none T
			yield(none, err)
			return
		}
		seq(yield)
	}
}

func (b *broken) Claim(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
	if err := b.before(ctx); err != nil {
		return orchestrator.Lease{}, orchestrator.Job{}, err
	}
	defer b.after()
	lease, job, err := b.claim(ctx, by, ttl)
	job, err = b.edited(job, err)
	return lease, job, err
}

func (b *broken) Renew(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]orchestrator.Lease, error) {
	if err := b.before(ctx); err != nil {
		return nil, err
	}
	defer b.after()
	return b.renew(ctx, by, ttl)
}

func (b *broken) Commit(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
	if err := b.before(ctx); err != nil {
		return err
	}
	defer b.after()
	return b.commit(ctx, lease, batch)
}

func (b *broken) RequestStop(ctx context.Context, id orchestrator.JobID, force bool) (orchestrator.Job, error) {
	if err := b.before(ctx); err != nil {
		return orchestrator.Job{}, err
	}
	defer b.after()
	return b.edited(b.requestStop(ctx, id, force))
}

func (b *broken) Close() error { return b.close() }

func (b *broken) PruneJobs(ctx context.Context, before time.Time) (int, error) {
	if err := b.before(ctx); err != nil {
		return 0, err
	}
	defer b.after()
	return b.pruneJobs(ctx, before)
}

func (b *broken) Feed(ctx context.Context, from orchestrator.Position) iter.Seq2[orchestrator.FeedEvent, error] {
	return begun(ctx, b.before, b.feed(ctx, from))
}

func (b *broken) FeedEnd(ctx context.Context) (orchestrator.Position, error) {
	if err := b.before(ctx); err != nil {
		return 0, err
	}
	defer b.after()
	return b.feedEnd(ctx)
}

// eachNode makes the store change every node that Nodes yields.
func (b *broken) eachNode(change func(id orchestrator.JobID, n *orchestrator.Node)) {
	inner := b.nodes
	b.nodes = func(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
		return func(yield func(orchestrator.Node, error) bool) {
			inner(ctx, id, q)(func(n orchestrator.Node, err error) bool {
				if err == nil {
					change(id, &n)
				}
				return yield(n, err)
			})
		}
	}
}

// How the iterators of a store go.
type (
	nodeSeq        = iter.Seq2[orchestrator.Node, error]
	nodeIteration  = func(nodeSeq) nodeSeq
	eventIteration = func(iter.Seq2[orchestrator.Event, error]) iter.Seq2[orchestrator.Event, error]
	feedIteration  = func(iter.Seq2[orchestrator.FeedEvent, error]) iter.Seq2[orchestrator.FeedEvent, error]
)

// iterations makes the store change how all of its iterators go.
func (b *broken) iterations(nodes nodeIteration, events eventIteration, feed feedIteration) {
	innerNodes, innerEvents, innerFeed := b.nodes, b.events, b.feed
	b.nodes = func(ctx context.Context, id orchestrator.JobID, q orchestrator.NodeQuery) iter.Seq2[orchestrator.Node, error] {
		return nodes(innerNodes(ctx, id, q))
	}
	b.events = func(ctx context.Context, id orchestrator.JobID, from orchestrator.EventID) iter.Seq2[orchestrator.Event, error] {
		return events(innerEvents(ctx, id, from))
	}
	b.feed = func(ctx context.Context, from orchestrator.Position) iter.Seq2[orchestrator.FeedEvent, error] {
		return feed(innerFeed(ctx, from))
	}
}
