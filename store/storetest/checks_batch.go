package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/seed-54b7607b/orchestrator"
)

const batchRule = "It takes every batch of at most [MaxBatchEvents] events and [MaxBatchBytes] bytes, and returns [ErrInvalid], changing nothing, if the events are not numbered on from the job's last, or if the progress does not end with the last of them."

func batchChecks() []Check {
	return []Check{
		{Name: "Commit/most-events", Rule: batchRule, Run: checkMostEvents},
		{Name: "Commit/most-bytes", Rule: batchRule, Run: checkMostBytes},
		{Name: "Commit/one-big-result", Rule: batchRule, Run: checkOneBigResult},
		{Name: "Commit/one-big-message", Rule: batchRule, Run: checkOneBigMessage},
		{Name: "Commit/numbers", Rule: batchRule, Run: checkNumbers},
		{Name: "Commit/progress-end", Rule: batchRule, Run: checkProgressEnd},
	}
}

// taken commits a batch of n nodes and makes sure that all of it can be read, on the first and on
// the following events of a job.
func taken(ctx context.Context, open Opener, n int, node func(i int) orchestrator.Node) error {
	_, w, err := openHeld(ctx, open, 2*n)
	if err != nil {
		return err
	}
	batch := func(first int) func() orchestrator.Batch {
		return func() orchestrator.Batch {
			nodes := make([]orchestrator.Node, n)
			for i := range nodes {
				nodes[i] = node(first + i)
			}
			return w.batch(nodes...)
		}
	}
	return commits(ctx, w, 2*n, batch(0), batch(n))
}

// result returns the JSON text of an object of n bytes.
func result(n int) json.RawMessage {
	const open, end = `{"_output":"`, `"}`
	return json.RawMessage(open + string(bytes.Repeat([]byte("x"), n-len(open)-len(end))) + end)
}

func checkMostEvents(ctx context.Context, open Opener) error {
	return taken(ctx, open, orchestrator.MaxBatchEvents, runningNode)
}

// checkMostBytes commits as many events as a batch may have, as big as they then may be.
func checkMostBytes(ctx context.Context, open Opener) error {
	const each = orchestrator.MaxBatchBytes / orchestrator.MaxBatchEvents
	return taken(ctx, open, orchestrator.MaxBatchEvents, func(i int) orchestrator.Node {
		node := fullNode(i)
		node.Message = "message"
		node.Result = result(each - len(node.Message))
		return node
	})
}

func checkOneBigResult(ctx context.Context, open Opener) error {
	return taken(ctx, open, 1, func(i int) orchestrator.Node {
		node := fullNode(i)
		node.Result = result(orchestrator.MaxBatchBytes - len(node.Message))
		return node
	})
}

func checkOneBigMessage(ctx context.Context, open Opener) error {
	return taken(ctx, open, 1, func(i int) orchestrator.Node {
		node := fullNode(i)
		node.Result = nil
		node.Message = string(bytes.Repeat([]byte("x"), orchestrator.MaxBatchBytes))
		return node
	})
}

// openNumbered opens a store with a held job of three nodes and three events.
func openNumbered(ctx context.Context, open Opener) (*worker, error) {
	_, w, err := openHeld(ctx, open, 3)
	if err != nil {
		return nil, err
	}
	return w, w.commit(ctx, w.batch(runningNode(0), runningNode(1), runningNode(2)))
}

// checkNumbers commits events with wrong numbers, both with a progress that ends with the last
// of them and with one that ends where it should.
func checkNumbers(ctx context.Context, open Opener) error {
	w, err := openNumbered(ctx, open)
	if err != nil {
		return err
	}
	for _, numbers := range [][]orchestrator.EventID{
		{1}, {3}, {5}, {0}, {-4}, {4, 4}, {4, 6}, {5, 4}, {4, 5, 5}, {3, 4, 5}, {1, 2, 3}, {4, 5, 7}, {4, 3}, {260, 261},
	} {
		var nodes []orchestrator.Node
		for i := range numbers {
			nodes = append(nodes, fullNode(i))
		}
		b := w.batch(nodes...)
		for i, number := range numbers {
			b.Events[i].ID = number
		}
		what := fmt.Sprintf("of the events %d after the event 3", numbers)
		if err := w.refused(ctx, what, b, orchestrator.ErrInvalid); err != nil {
			return err
		}
		b.Progress.LastEvent = numbers[len(numbers)-1]
		if err := w.refused(ctx, what, b, orchestrator.ErrInvalid); err != nil {
			return err
		}
	}
	return w.run(ctx, 0)
}

func checkProgressEnd(ctx context.Context, open Opener) error {
	w, err := openNumbered(ctx, open)
	if err != nil {
		return err
	}
	for _, batch := range []orchestrator.Batch{w.batch(), w.batch(fullNode(0)), w.batch(fullNode(1), fullNode(2)), w.ending(orchestrator.JobFinished)} {
		right := batch.Progress.LastEvent
		for _, wrong := range []orchestrator.EventID{0, right - 1, right + 1, right + 256} {
			batch.Progress.LastEvent = wrong
			what := fmt.Sprintf("of %d events that end with %d and a progress that ends with %d", len(batch.Events), right, wrong)
			if err := w.refused(ctx, what, batch, orchestrator.ErrInvalid); err != nil {
				return err
			}
		}
	}
	return w.run(ctx, 0)
}
