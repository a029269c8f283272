package orchestrator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// TaskRequest asks for a task to be run on nodes.
type TaskRequest struct {
	Task        string          // the name of the task, as in "package" or "facts::collect"
	Params      json.RawMessage // its parameters, a JSON object or nil
	Sensitive   []string        // which of them are sensitive, besides those that [Options].SensitiveParams says are
	Targets     json.RawMessage // how nodes are reached, a JSON array or nil: passed to the [Runner], and never stored or shown
	Environment string          // letters, digits and _. Defaults to "production".
	Scope       Scope           // the nodes; a name that is given twice counts once
	Description string          // free text
	Noop        bool            // only report what would change
	Concurrency int             // how many nodes at once; 0 means as many as the orchestrator allows
	Timeout     time.Duration   // how long one node may run; 0 means [Options].NodeTimeout
	Userdata    json.RawMessage // the caller's own data, a JSON object or nil
	Owner       Owner           // who asks

	// IdempotencyKey is what it is in a [DeployRequest]. Sensitive parameters and targets do not
	// count in what makes two requests the same.
	IdempotencyKey string

	// Approve is what it is in a [DeployRequest].
	Approve func(job *Job, nodes []string) error
}

// Task creates a job that runs a task on the nodes in scope, and returns it. Everything that is
// said of [Orchestrator.Deploy] holds.
//
// Sensitive parameters reach the [Runner] with the others, but they and the targets are kept in
// memory only, until the job has ended: of all jobs together at most 64 MiB, beyond which Task
// returns [ErrSecretsFull]. If the orchestrator is restarted before, nodes that have not started are
// errored, with a message that says so; and so they are where another orchestrator on the same
// store takes up the job. Those that share a store do not share secrets.
func (o *Orchestrator) Task(ctx context.Context, req TaskRequest) (Job, error) {
	job, err := o.task(ctx, req)
	if err != nil {
		return Job{}, &Error{Op: "task", Err: err}
	}
	return job, nil
}

func (o *Orchestrator) task(ctx context.Context, req TaskRequest) (Job, error) {
	if err := req.validate(); err != nil {
		return Job{}, err
	}
	names := req.Sensitive
	if o.opts.SensitiveParams != nil {
		names = slices.Concat(names, o.opts.SensitiveParams(req.Task))
	}
	shown, sensitive, err := withoutSensitive(req.Params, names)
	if err != nil {
		return Job{}, err
	}
	c := creation{
		spec: JobSpec{
			Command:     CommandTask,
			Environment: req.Environment,
			Scope:       req.Scope,
			Description: req.Description,
			Noop:        req.Noop,
			Concurrency: req.Concurrency,
			Timeout:     req.Timeout,
			Userdata:    req.Userdata,
			Owner:       req.Owner,
			Task:        TaskOptions{Name: req.Task, Params: shown, Sensitive: sensitive},
		},
		first: JobReady,
		key:   req.IdempotencyKey,

		approve: req.Approve,
	}
	if c.spec.Environment == "" {
		c.spec.Environment = "production"
	}
	if len(sensitive) > 0 || req.Targets != nil {
		c.secret = &secret{params: req.Params, targets: req.Targets}
	}
	return o.create(ctx, c)
}

// withoutSensitive returns parameters without those that are sensitive, and the names of the latter,
// in order.
func withoutSensitive(params json.RawMessage, names []string) (shown json.RawMessage, sensitive []string, err error) {
	if len(params) == 0 || len(names) == 0 {
		return params, nil, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(params, &all); err != nil {
		return nil, nil, &InvalidError{Field: "params", Reason: "must be a JSON object"}
	}
	maps.DeleteFunc(all, func(name string, _ json.RawMessage) bool {
		if !slices.Contains(names, name) {
			return false
		}
		sensitive = append(sensitive, name)
		return true
	})
	if len(sensitive) == 0 {
		return params, nil, nil
	}
	slices.Sort(sensitive)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(all); err != nil {
		return nil, nil, &InvalidError{Field: "params", Reason: "must be a JSON object"}
	}
	return bytes.TrimSpace(b.Bytes()), sensitive, nil
}

// validate checks what is particular to tasks. An error about parameters does not show them,
// because nobody can tell which of them are sensitive.
func (r *TaskRequest) validate() error {
	switch {
	case !validTaskName(r.Task):
		return &InvalidError{Field: "task", Value: r.Task, Reason: "is not a valid task name"}
	case r.Params != nil && !isObject(r.Params):
		return &InvalidError{Field: "params", Reason: "must be a JSON object"}
	case r.Params != nil && !portable(r.Params):
		return &InvalidError{Field: "params", Reason: fmt.Sprintf("must not be nested more than %d levels, and have no number too great for a float", maxDepth)}
	case len(r.Params) > maxParams:
		return &InvalidError{Field: "params", Reason: "must not be longer than 256 KiB"}
	case r.Targets != nil && !isArray(r.Targets):
		return &InvalidError{Field: "targets", Reason: "must be a JSON array"}
	case len(r.Targets) > maxParams:
		return &InvalidError{Field: "targets", Reason: "must not be longer than 256 KiB"}
	}
	return nil
}

const (
	maxParams   = 256 << 10
	maxTaskName = 255
)

// validTaskName reports whether name is made of segments, separated by ::, of lower-case letters,
// digits and _, each of which begins with a letter.
func validTaskName(name string) bool {
	if len(name) > maxTaskName {
		return false
	}
	begin := true
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z':
			begin = false
		case !begin && ('0' <= c && c <= '9' || c == '_'):
		case !begin && c == ':' && i+1 < len(name) && name[i+1] == ':':
			i++
			begin = true
		default:
			return false
		}
	}
	return !begin
}
