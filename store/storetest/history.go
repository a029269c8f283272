package storetest

import (
	"context"
	"fmt"
	"iter"

	"github.com/seed-54b7607b/orchestrator"
)

// history is all that a store tells about one job.
type history struct {
	Job    orchestrator.Job
	Nodes  []orchestrator.Node
	Events []orchestrator.Event
}

func readHistory(ctx context.Context, s orchestrator.Store, id orchestrator.JobID) (history, error) {
	job, err := s.Job(ctx, id)
	if err != nil {
		return history{}, fmt.Errorf("Job: %w", err)
	}
	nodes, err := readNodes(ctx, s, id)
	if err != nil {
		return history{}, err
	}
	events, err := readEvents(ctx, s, id)
	return history{job, nodes, events}, err
}

// unchanged returns an error if a job is not what it was.
func unchanged(ctx context.Context, s orchestrator.Store, was history) error {
	is, err := readHistory(ctx, s, was.Job.ID)
	if err != nil {
		return err
	}
	return same("history", was, is)
}

func readNodes(ctx context.Context, s orchestrator.Store, id orchestrator.JobID) ([]orchestrator.Node, error) {
	nodes, err := collect(s.Nodes(ctx, id, orchestrator.NodeQuery{}))
	if err != nil {
		return nil, fmt.Errorf("Nodes: %w", err)
	}
	return nodes, nil
}

func readEvents(ctx context.Context, s orchestrator.Store, id orchestrator.JobID) ([]orchestrator.Event, error) {
	events, err := collect(s.Events(ctx, id, 0))
	if err != nil {
		return nil, fmt.Errorf("Events: %w", err)
	}
	return events, nil
}

// readJobs returns all jobs, the oldest first.
func readJobs(ctx context.Context, s orchestrator.Store) ([]orchestrator.Job, error) {
	page, err := s.Jobs(ctx, orchestrator.JobQuery{})
	if err != nil {
		return nil, fmt.Errorf("Jobs: %w", err)
	}
	return page.Jobs, nil
}

// collect returns the values that an iterator yields, and the error that it ends with. It does
// not look beyond an error.
func collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var values []T
	for value, err := range seq {
		if err != nil {
			return values, err
		}
		values = append(values, value)
	}
	return values, nil
}

// names returns the names of nodes.
func names(nodes []orchestrator.Node) []string {
	all := make([]string, len(nodes))
	for i, n := range nodes {
		all[i] = n.Name
	}
	return all
}

// ids returns the IDs of jobs.
func ids(jobs []orchestrator.Job) []orchestrator.JobID {
	all := make([]orchestrator.JobID, len(jobs))
	for i, job := range jobs {
		all[i] = job.ID
	}
	return all
}
