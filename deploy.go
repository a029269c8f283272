package orchestrator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
}

// Deploy creates a job that runs the configuration agent on the nodes in scope, and returns it.
// The job is durable when Deploy returns and runs as soon as it can: once [Orchestrator.Start]
// has been called, here or, in another process, later.
//
// It returns [ErrNoNodes] if the scope holds no node, [ErrInvalid] with an [*InvalidError] if a
// value cannot be accepted, and [ErrStopped] after [Orchestrator.Stop].
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
	job, err := o.create(ctx, spec, JobNew)
	if err != nil {
		return Job{}, &Error{Op: "deploy", Err: err}
	}
	return job, nil
}

// create validates what is asked, finds its nodes and stores the job in the state first.
func (o *Orchestrator) create(ctx context.Context, spec JobSpec, first JobState) (Job, error) {
	if o.stopped() {
		return Job{}, ErrStopped
	}
	if err := spec.validate(); err != nil {
		return Job{}, err
	}
	nodes, err := o.nodesInScope(spec.Scope)
	if err != nil {
		return Job{}, err
	}
	spec.Scope = spec.Scope.shown(nodes)
	job := Job{JobSpec: spec, Progress: Progress{State: first, Status: []StateChange{{State: first, At: now()}}}}
	job, err = o.store.CreateJob(ctx, job, nodes)
	if err != nil {
		return Job{}, err
	}
	o.keeper.poke()
	return job, nil
}

// nodesInScope returns the names of the nodes in scope, each once, in the order asked.
func (o *Orchestrator) nodesInScope(s Scope) ([]string, error) {
	if len(s.Nodes) == 0 {
		return nil, ErrNoNodes
	}
	seen := make(map[string]bool, len(s.Nodes))
	nodes := make([]string, 0, len(s.Nodes))
	for i, name := range s.Nodes {
		if invalid, ok := errors.AsType[*InvalidError](ValidNodeName(name)); ok {
			invalid.Field = fmt.Sprintf("scope.nodes[%d]", i)
			return nil, invalid
		}
		if !seen[name] {
			seen[name] = true
			nodes = append(nodes, name)
		}
	}
	if len(nodes) > o.opts.MaxNodes {
		return nil, &InvalidError{Field: "scope.nodes", Value: len(nodes), Reason: fmt.Sprintf("must not hold more than %d nodes", o.opts.MaxNodes)}
	}
	return nodes, nil
}

// shown returns the scope as a job keeps it: with the first of its nodes.
func (s Scope) shown(nodes []string) Scope {
	if len(nodes) > ScopeShown {
		return Scope{Nodes: nodes[:ScopeShown], Omitted: len(nodes) - ScopeShown}
	}
	return Scope{Nodes: nodes}
}

// The limits of what a request may hold beside its nodes.
const (
	maxEnvironment = 255
	maxDescription = 10_000
	maxUserdata    = 64 << 10
	maxSetting     = 1000
	maxSeconds     = 366 * 24 * 3600
)

func (s *JobSpec) validate() error {
	if !validEnvironment(s.Environment) {
		return &InvalidError{Field: "environment", Value: s.Environment, Reason: "must consist of letters, digits and _"}
	}
	if s.Environment == "" && s.Agent.EnforceEnvironment {
		return &InvalidError{Field: "environment", Value: "", Reason: "must not be empty while enforce_environment is true"}
	}
	if s.Noop && s.Agent.NoNoop {
		return &InvalidError{Field: "no_noop", Value: true, Reason: "must not be true together with noop"}
	}
	if s.Concurrency < 0 {
		return &InvalidError{Field: "concurrency", Value: s.Concurrency, Reason: "must not be negative"}
	}
	if s.Timeout < 0 || s.Timeout > maxSeconds*time.Second {
		return &InvalidError{Field: "timeout", Value: s.Timeout, Reason: fmt.Sprintf("must be between 0 and %d seconds", maxSeconds)}
	}
	if s.Userdata != nil && !isObject(s.Userdata) {
		return &InvalidError{Field: "userdata", Value: string(s.Userdata), Reason: "must be a JSON object"}
	}
	for _, text := range []struct {
		field, value string
		limit        int
	}{
		{"environment", s.Environment, maxEnvironment},
		{"description", s.Description, maxDescription},
		{"userdata", string(s.Userdata), maxUserdata},
		{"ordering", s.Agent.Ordering, maxSetting},
		{"tags", s.Agent.Tags, maxSetting},
		{"skip_tags", s.Agent.SkipTags, maxSetting},
	} {
		if len(text.value) > text.limit {
			return &InvalidError{Field: text.field, Value: text.value, Reason: fmt.Sprintf("must not be longer than %d bytes", text.limit)}
		}
	}
	for _, seconds := range []struct {
		field string
		value *int
	}{
		{"filetimeout", s.Agent.FileTimeout},
		{"http_connect_timeout", s.Agent.HTTPConnectTimeout},
		{"http_keepalive_timeout", s.Agent.HTTPKeepaliveTimeout},
		{"http_read_timeout", s.Agent.HTTPReadTimeout},
	} {
		if seconds.value != nil && (*seconds.value < 0 || *seconds.value > maxSeconds) {
			return &InvalidError{Field: seconds.field, Value: *seconds.value, Reason: fmt.Sprintf("must be between 0 and %d seconds", maxSeconds)}
		}
	}
	return nil
}

func validEnvironment(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		default:
			return false
		}
	}
	return true
}

// isObject reports whether text is the JSON text of an object.
func isObject(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && text[0] == '{' && json.Valid(text)
}
