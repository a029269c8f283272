package orchestrator

import (
	"context"
	"iter"
	"slices"
)

// Job returns a job. It returns [ErrNotFound] if there is no such job.
func (o *Orchestrator) Job(ctx context.Context, id JobID) (Job, error) {
	job, err := o.store.Job(ctx, id)
	if err != nil {
		return Job{}, &Error{Op: "read job", Job: id, Err: err}
	}
	return job, nil
}

// Jobs returns a page of the jobs, with the number of all of them. It returns [ErrInvalid] if
// the query asks for an order that does not exist, or for a negative number of anything, and
// [ErrNotFound] if its After is not a job, unless the order is by ID.
func (o *Orchestrator) Jobs(ctx context.Context, q JobQuery) (JobPage, error) {
	if err := q.validate(); err != nil {
		return JobPage{}, &Error{Op: "list jobs", Err: err}
	}
	page, err := o.store.Jobs(ctx, q)
	if err != nil {
		return JobPage{}, &Error{Op: "list jobs", Err: err}
	}
	return page, nil
}

func (q *JobQuery) validate() error {
	if q.Command != "" && q.Command != CommandDeploy && q.Command != CommandTask {
		return &InvalidError{Field: "Command", Value: string(q.Command), Reason: "is not a command"}
	}
	if q.State != "" && !slices.Contains(JobStates(), q.State) {
		return &InvalidError{Field: "State", Value: string(q.State), Reason: "is not a state of a job"}
	}
	switch q.OrderBy {
	case OrderByID, OrderByOwner, OrderByTimestamp, OrderByEnvironment, OrderByState:
	default:
		return &InvalidError{Field: "OrderBy", Value: string(q.OrderBy), Reason: "is not an order of jobs"}
	}
	switch {
	case q.Offset < 0:
		return &InvalidError{Field: "Offset", Value: q.Offset, Reason: "must not be negative"}
	case q.Limit < 0:
		return &InvalidError{Field: "Limit", Value: q.Limit, Reason: "must not be negative"}
	case q.After < 0:
		return &InvalidError{Field: "After", Value: int64(q.After), Reason: "must not be negative"}
	}
	return nil
}

func (q *NodeQuery) validate() error {
	if q.State != "" && !slices.Contains(NodeStates(), q.State) {
		return &InvalidError{Field: "State", Value: string(q.State), Reason: "is not a state of a node"}
	}
	switch q.OrderBy {
	case NodesByIndex, NodesByName, NodesByDuration, NodesByState, NodesByStarted, NodesByFinished:
	default:
		return &InvalidError{Field: "OrderBy", Value: string(q.OrderBy), Reason: "is not an order of nodes"}
	}
	switch {
	case q.From < 0:
		return &InvalidError{Field: "From", Value: q.From, Reason: "must not be negative"}
	case q.Offset < 0:
		return &InvalidError{Field: "Offset", Value: q.Offset, Reason: "must not be negative"}
	case q.Limit < 0:
		return &InvalidError{Field: "Limit", Value: q.Limit, Reason: "must not be negative"}
	}
	return nil
}

// Nodes yields nodes of a job, reading them as they are used. It yields [ErrNotFound] if there is no
// such job, and [ErrInvalid] if the query asks for a state or an order that does not exist, or for
// a negative number of anything. See [Store] for what holds for iterators.
func (o *Orchestrator) Nodes(ctx context.Context, id JobID, q NodeQuery) iter.Seq2[Node, error] {
	if err := q.validate(); err != nil {
		return func(yield func(Node, error) bool) {
			yield(Node{}, &Error{Op: "read nodes of job", Job: id, Err: err})
		}
	}
	return wrapped(o.store.Nodes(ctx, id, q), "read nodes of job", id)
}

// Events yields the events of a job from an id on, reading them as they are used. It yields
// [ErrNotFound] if there is no such job. [Orchestrator.Watch] goes on to those that are to come.
func (o *Orchestrator) Events(ctx context.Context, id JobID, from EventID) iter.Seq2[Event, error] {
	return wrapped(o.store.Events(ctx, id, from), "read events of job", id)
}

// Report yields what has become of each node of a job, in the order in which they were asked for,
// reading it as it is used. It yields [ErrNotFound] if there is no such job.
func (o *Orchestrator) Report(ctx context.Context, id JobID) iter.Seq2[NodeReport, error] {
	return func(yield func(NodeReport, error) bool) {
		for n, err := range o.store.Nodes(ctx, id, NodeQuery{Brief: true}) {
			if err != nil {
				yield(NodeReport{}, &Error{Op: "read report of job", Job: id, Err: err})
				return
			}
			r := NodeReport{Node: n.Name, State: n.State, Started: n.Started, Finished: n.Finished, Updated: n.Updated}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// wrapped returns an iterator whose error says what was being done.
func wrapped[T any](seq iter.Seq2[T, error], op string, id JobID) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range seq {
			if err != nil {
				err = &Error{Op: op, Job: id, Err: err}
			}
			if !yield(v, err) {
				return
			}
		}
	}
}
