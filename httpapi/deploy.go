package httpapi

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// deploy answers POST /command/deploy: it creates a job and answers before the job runs.
func (h *handler) deploy(c *call) error {
	body, err := h.body(c)
	if err != nil {
		return err
	}
	req, err := deployRequest(body)
	if err != nil {
		return err
	}
	req.Owner = c.principal.Owner
	req.Approve = h.approval(c, VerbDeploy)
	if req.IdempotencyKey, err = c.idempotencyKey(); err != nil {
		return err
	}
	job, err := h.o.Deploy(c.context(), req)
	if err != nil {
		return notCreated(err, req.Environment, req.Scope)
	}
	return c.created(&job)
}

// deployRequest reads what a deploy asks for. The orchestrator checks the values; what is checked
// here is what it cannot see: types, what is missing, and which kind of scope was given.
func deployRequest(body object) (orchestrator.DeployRequest, error) {
	r := &reader{object: body}
	req := orchestrator.DeployRequest{
		Environment: r.string("environment"),
		Description: r.string("description"),
		Noop:        r.bool("noop"),
		Concurrency: r.int("concurrency"),
		Timeout:     r.seconds("timeout"),
		Userdata:    r.rawObject("userdata"),
		Agent:       r.agentOptions(),
	}
	if r.err == nil && !r.has("environment") {
		r.err = invalid("environment", nil, "must be given")
	}
	if r.err == nil {
		req.Scope, r.err = deployScope(body, req.Environment)
	}
	return req, r.err
}

func (r *reader) agentOptions() orchestrator.AgentOptions {
	opts := orchestrator.AgentOptions{
		NoNoop:               r.bool("no_noop"),
		EnforceEnvironment:   true,
		Debug:                r.bool("debug"),
		Trace:                r.bool("trace"),
		Evaltrace:            r.bool("evaltrace"),
		FileTimeout:          r.optionalInt("filetimeout"),
		HTTPConnectTimeout:   r.optionalInt("http_connect_timeout"),
		HTTPKeepaliveTimeout: r.optionalInt("http_keepalive_timeout"),
		HTTPReadTimeout:      r.optionalInt("http_read_timeout"),
		Ordering:             r.string("ordering"),
		SkipTags:             r.string("skip_tags"),
		Tags:                 r.string("tags"),
		UseCachedCatalog:     r.optionalBool("use_cached_catalog"),
		UseCacheOnFailure:    r.optionalBool("usecacheonfailure"),
	}
	r.read("enforce_environment", &opts.EnforceEnvironment, "a boolean")
	return opts
}

// seconds returns a member that is a number of whole seconds. The orchestrator checks it, unless no
// duration can hold it.
func (r *reader) seconds(key string) time.Duration {
	n := int64(r.int(key))
	if d := time.Duration(n) * time.Second; r.err == nil && int64(d/time.Second) != n {
		r.err = invalid(r.path+key, n, "must be between 0 and 31622400 seconds")
	}
	return time.Duration(n) * time.Second
}

// rawObject returns the compact text of a member that is an object, or nil.
func (r *reader) rawObject(key string) json.RawMessage {
	var text json.RawMessage
	r.read(key, &text, "an object")
	if text == nil || r.err != nil {
		return nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil || text[0] != '{' {
		r.err = invalid(r.path+key, text, "must be an object")
	}
	return compact.Bytes()
}
