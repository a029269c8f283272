package orchestrator

import "context"

// StopOptions say how a job is to be stopped. Nil means the zero value.
type StopOptions struct {
	// Force cancels the nodes that are running. Defaults to letting them finish.
	Force bool
}

// StopJob asks for a job to be stopped and returns it as it then is; it does not wait.
// Nodes that have not started are skipped. Nodes that are running finish, or, by force, are
// cancelled with [ErrJobStopped] as the cause, and are errored. Then the job is stopped.
//
// The request is durable when StopJob returns. It cannot be taken back, only made stronger. On a
// job that has ended it changes nothing. It returns [ErrNotFound] if there is no such job.
func (o *Orchestrator) StopJob(ctx context.Context, id JobID, opts *StopOptions) (Job, error) {
	force := opts != nil && opts.Force
	job, err := o.store.RequestStop(ctx, id, force)
	if err != nil {
		return Job{}, &Error{Op: "stop job", Job: id, Err: err}
	}
	if !job.State.Terminal() {
		o.keeper.stop(id, job.Stop)
	}
	return job, nil
}
