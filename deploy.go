package orchestrator

import (
	"context"
	"encoding/json"
	"time"
)

// DeployRequest asks for the configuration agent to be run on nodes.
type DeployRequest struct {
	Environment string          // letters, digits and _; may be empty unless Agent.EnforceEnvironment
	Scope       Scope           // the nodes; a name that is given twice counts once
	Description string          // free text
	Noop        bool            // only report what would change; not together with Agent.NoNoop
	Concurrency int             // how many nodes at once; 0 means as many as the orchestrator allows
	Timeout     time.Duration   // how long one node may run; 0 means [Options].NodeTimeout
	Userdata    json.RawMessage // the caller's own data, a JSON object or nil
	Owner       Owner           // who asks
	Agent       AgentOptions

	// IdempotencyKey, if it is not empty, makes the same request of the same owner create one job,
	// however often it is made; as long as that job is kept. At most 255 bytes of visible ASCII.
	IdempotencyKey string

	// Approve, if it is not nil, is called with the job as it would be created, without an ID, and
	// with its nodes, once these are known. An error that it returns is returned, and nothing is
	// created.
	Approve func(job *Job, nodes []string) error
}

// Deploy creates a job that runs the configuration agent on the nodes in scope, and returns it.
// The job is durable when Deploy returns and runs as soon as it can: once [Orchestrator.Start]
// has been called, here or, in another process, later.
//
// It returns [ErrNoNodes] if the scope holds no node, [ErrInvalid] with an [*InvalidError] if a
// value cannot be accepted, what the [Resolver] returned if the scope could not be resolved,
// [ErrUnresolved] if there is none, [ErrKeyReused] if the idempotency key was used for another
// request, and [ErrStopped] after [Orchestrator.Stop].
func (o *Orchestrator) Deploy(ctx context.Context, req DeployRequest) (Job, error) {
	spec := JobSpec{
		Command:     CommandDeploy,
		Environment: req.Environment,
		Scope:       req.Scope,
		Description: req.Description,
		Noop:        req.Noop,
		Concurrency: req.Concurrency,
		Timeout:     req.Timeout,
		Userdata:    req.Userdata,
		Owner:       req.Owner,
		Agent:       req.Agent,
	}
	job, err := o.create(ctx, creation{spec: spec, first: JobNew, key: req.IdempotencyKey, approve: req.Approve})
	if err != nil {
		return Job{}, &Error{Op: "deploy", Err: err}
	}
	return job, nil
}
