package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	iteratorEndRule   = "An iterator yields values until it has no more, the loop body ends the iteration, or an error occurs, which it yields as its last element."
	iteratorLockRule  = "It holds no lock while it yields, so that the loop body may call the store."
	iteratorAgainRule = "It may be used more than once, each time from the beginning."
	iteratorSeenRule  = "It need not be a snapshot: a value that changes meanwhile is seen as it was or as it is."
)

func iteratorChecks() []Check {
	return []Check{
		{Name: "Store/iterator-complete", Rule: iteratorEndRule, Run: checkIteratorComplete},
		{Name: "Store/iterator-break", Rule: iteratorEndRule, Run: checkIteratorBreak},
		{Name: "Store/iterator-error", Rule: iteratorEndRule, Run: checkIteratorError},
		{Name: "Store/iterator-calls", Rule: iteratorLockRule, Run: checkIteratorCalls},
		{Name: "Store/iterator-again", Rule: iteratorAgainRule, Run: checkIteratorAgain},
		{Name: "Store/iterator-changes", Rule: iteratorSeenRule, Run: checkIteratorChanges},
	}
}

// iterated is how many nodes and events the checks of iterators have at most: more than a page
// of most stores, and more than one byte counts.
const iterated = 600

// openIterated opens a store with a job of n nodes and n events.
func openIterated(ctx context.Context, open Opener, n int) (orchestrator.Store, *worker, error) {
	s, w, err := openHeld(ctx, open, n)
	if err != nil {
		return nil, nil, err
	}
	nodes := make([]orchestrator.Node, n)
	for i := range nodes {
		nodes[i] = runningNode(i)
	}
	return s, w, w.commit(ctx, w.batch(nodes...))
}

// indexes and eventIDs turn iterators into iterators of what their values are counted by,
// from 1.
func indexes(seq iter.Seq2[orchestrator.Node, error]) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		seq(func(n orchestrator.Node, err error) bool { return yield(n.Index+1, err) })
	}
}

func eventIDs(seq iter.Seq2[orchestrator.Event, error]) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		seq(func(e orchestrator.Event, err error) bool { return yield(int(e.ID), err) })
	}
}

func feedIDs(seq iter.Seq2[orchestrator.FeedEvent, error]) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		seq(func(e orchestrator.FeedEvent, err error) bool { return yield(int(e.ID), err) })
	}
}

// iterators returns all iterators of a job, as iterators of what counts their values, and that over
// the events of all jobs, if there is one. No other job may have events.
func iterators(ctx context.Context, s orchestrator.Store, id orchestrator.JobID) map[string]iter.Seq2[int, error] {
	all := iteratorsOf(ctx, s, id)
	if feeder, ok := s.(orchestrator.Feeder); ok {
		all["Feed"] = feedIDs(feeder.Feed(ctx, 1))
	}
	return all
}

// iteratorsOf returns the iterators over what belongs to one job.
func iteratorsOf(ctx context.Context, s orchestrator.Store, id orchestrator.JobID) map[string]iter.Seq2[int, error] {
	return map[string]iter.Seq2[int, error]{
		"Nodes":            indexes(s.Nodes(ctx, id, orchestrator.NodeQuery{})),
		"Nodes descending": downwards(s.Nodes(ctx, id, orchestrator.NodeQuery{Descending: true})),
		"Nodes by name":    indexes(s.Nodes(ctx, id, orchestrator.NodeQuery{OrderBy: orchestrator.NodesByName})),
		"Events":           eventIDs(s.Events(ctx, id, 1)),
	}
}

// downwards is indexes for nodes that come last first.
func downwards(seq iter.Seq2[orchestrator.Node, error]) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		last := -1
		seq(func(n orchestrator.Node, err error) bool {
			last = max(last, n.Index)
			return yield(last-n.Index+1, err)
		})
	}
}

// countsTo returns an error unless the iterator yields the numbers from 1 to n.
func countsTo(what string, seq iter.Seq2[int, error], n int) error {
	got, err := collect(seq)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if len(got) != n {
		return fmt.Errorf("%s: got %d values, want %d", what, len(got), n)
	}
	for i, number := range got {
		if number != i+1 {
			return fmt.Errorf("%s: got the value number %d in the place of number %d", what, number, i+1)
		}
	}
	return nil
}

func checkIteratorComplete(ctx context.Context, open Opener) error {
	for _, n := range []int{1, 2, 255, 256, 257, iterated} {
		s, w, err := openIterated(ctx, open, n)
		if err != nil {
			return err
		}
		for name, seq := range iterators(ctx, s, w.job.ID) {
			if err := countsTo(name, seq, n); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkIteratorBreak(ctx context.Context, open Opener) error {
	s, w, err := openIterated(ctx, open, iterated)
	if err != nil {
		return err
	}
	for _, enough := range []int{1, 2, 256, iterated - 1} {
		for name, seq := range iterators(ctx, s, w.job.ID) {
			calls := 0
			seq(func(int, error) bool { calls++; return calls < enough })
			if calls != enough {
				return fmt.Errorf("%s: the loop body ran %d times although it ended the iteration the time number %d", name, calls, enough)
			}
		}
	}
	return w.run(ctx, 0)
}

func checkIteratorError(ctx context.Context, open Opener) error {
	s, w, err := openIterated(ctx, open, iterated)
	if err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := onlyError(iteratorsOf(ctx, s, w.job.ID+unknown), orchestrator.ErrNotFound); err != nil {
		return err
	}
	if err := onlyError(iterators(cancelled, s, w.job.ID), context.Canceled); err != nil {
		return err
	}
	used := iterators(ctx, s, w.job.ID)
	if err := s.Close(); err != nil {
		return err
	}
	return onlyError(used, orchestrator.ErrClosed)
}

// onlyError returns an error unless each iterator yields nothing but the one error, even if
// the loop body goes on.
func onlyError(seqs map[string]iter.Seq2[int, error], target error) error {
	for name, seq := range seqs {
		var yielded []error
		seq(func(_ int, err error) bool { yielded = append(yielded, err); return len(yielded) < 10 })
		if len(yielded) != 1 || !errors.Is(yielded[0], target) {
			return fmt.Errorf("%s: got %d elements with the errors %v, want one with %v", name, len(yielded), yielded, target)
		}
	}
	return nil
}

func checkIteratorCalls(ctx context.Context, open Opener) error {
	s, w, err := openIterated(ctx, open, 3)
	if err != nil {
		return err
	}
	for name, seq := range iterators(ctx, s, w.job.ID) {
		for number, err := range seq {
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if number > 3 {
				continue // an event that the loop body has made
			}
			for _, m := range methods(s) {
				what := fmt.Sprintf("%s called by the loop body of %s", m.name, name)
				if err := within(ctx, what, func() error { return m.call(ctx, s, w) }); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func checkIteratorAgain(ctx context.Context, open Opener) error {
	s, w, err := openIterated(ctx, open, iterated)
	if err != nil {
		return err
	}
	for name, seq := range iterators(ctx, s, w.job.ID) {
		for _, err := range seq {
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			break
		}
		for range 2 {
			if err := countsTo(name+" used again", seq, iterated); err != nil {
				return err
			}
		}
		number := 0
		for got, err := range seq {
			if number++; err != nil || got != number {
				return fmt.Errorf("%s used by its own loop body: got the value number %d and the error %v, want number %d", name, got, err, number)
			}
			if number%200 == 1 {
				if err := countsTo(name+" used by its own loop body", seq, iterated); err != nil {
					return err
				}
			}
		}
		if number != iterated {
			return fmt.Errorf("%s used by its own loop body: got %d values, want %d", name, number, iterated)
		}
	}
	return nil
}

func checkIteratorChanges(ctx context.Context, open Opener) error {
	s, w, err := openHeld(ctx, open, iterated)
	if err != nil {
		return err
	}
	index := 0
	for n, err := range s.Nodes(ctx, w.job.ID, orchestrator.NodeQuery{}) {
		if err != nil {
			return err
		}
		if n.Index != index {
			return fmt.Errorf("Nodes: got the node %d in the place of the node %d", n.Index, index)
		}
		is, was := runningNode(n.Index), orchestrator.Node{Index: n.Index, Name: nodeName(n.Index), State: orchestrator.NodeNew}
		is.LatestEvent, is.Updated = n.LatestEvent, at(int(n.LatestEvent))
		if same("as it was", was, n) != nil && (n.LatestEvent == 0 || same("as it is", is, n) != nil) {
			return fmt.Errorf("Nodes: got %v, which the node never was", n)
		}
		if index++; index%60 == 1 {
			if err := w.commit(ctx, w.batch(runningNode(iterated-index), runningNode(index-1))); err != nil {
				return err
			}
		}
	}
	if index != iterated {
		return fmt.Errorf("Nodes: got %d nodes, want %d", index, iterated)
	}
	return nil
}
