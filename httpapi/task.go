package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/seed-54b7607b/orchestrator"
)

// runTask answers POST /command/task: it creates a job and answers before the job runs.
func (h *handler) runTask(c *call) error {
	text, err := h.bodyText(c)
	if err != nil {
		return err
	}
	req, err := taskRequest(text)
	if err != nil {
		return err
	}
	req.Owner = c.principal.Owner
	req.Approve = h.approval(c, VerbTask)
	if req.IdempotencyKey, err = c.idempotencyKey(); err != nil {
		return err
	}
	job, err := h.o.Task(c.context(), req)
	if wrong, ok := errors.AsType[*orchestrator.InvalidError](err); ok && wrong.Field == "task" {
		return noTaskName(req.Task)
	}
	if err != nil {
		return notCreated(err, req.Environment, req.Scope)
	}
	return c.created(&job)
}

// taskRequest reads what a task is asked to do. The orchestrator checks the values; what is checked
// here is what it cannot see. A plan_job, which some clients send along, is ignored: there are no
// plans here that the job could belong to.
func taskRequest(text []byte) (orchestrator.TaskRequest, error) {
	var req orchestrator.TaskRequest
	body, err := secretObject(text)
	if err != nil {
		return req, err
	}
	r := &reader{object: body}
	req.Task = r.string("task")
	req.Params = r.params()
	req.Sensitive = r.sensitive()
	req.Targets = r.targets()
	req.Environment = r.string("environment")
	req.Description = r.string("description")
	req.Noop = r.bool("noop")
	req.Concurrency = r.int("concurrency")
	req.Timeout = r.seconds("timeout")
	req.Userdata = r.rawObject("userdata")
	if req.Environment == "" {
		req.Environment = "production"
	}
	if r.err == nil && !r.has("task") {
		r.err = invalid("task", nil, "must be given")
	}
	if r.err == nil {
		req.Scope, r.err = taskScope(body)
	}
	return req, r.err
}

// secretObject reads an object that holds secrets: an error shows none of it, and says instead
// where it goes wrong.
func secretObject(text []byte) (object, error) {
	o, err := parseObject("body", "", text)
	if err == nil {
		return o, nil
	}
	reason := "must be a JSON object"
	if syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(text, &o.members)); ok {
		reason = fmt.Sprintf("must be a JSON object, and is wrong at byte %d", syntax.Offset)
	}
	return object{}, invalid("body", nil, reason)
}

// params returns the parameters of a task. An error about them does not show them, because nobody
// can tell which of them are sensitive.
func (r *reader) params() json.RawMessage {
	if r.err != nil {
		return nil
	}
	params := r.rawObject("params")
	if r.err != nil {
		r.err = invalid("params", nil, "must be an object")
	}
	return params
}

// sensitive returns the names of the parameters that the task's metadata says are sensitive. What
// stands there instead of names may well be the parameters themselves.
func (r *reader) sensitive() []string {
	if r.err != nil {
		return nil
	}
	names, err := r.strings("sensitive")
	if err != nil {
		r.err = invalid("sensitive", nil, "must be an array of names of parameters")
	}
	return names
}

// noTaskName returns the error, as it was recorded, for a name that no task can have.
func noTaskName(name string) error {
	return &failure{
		err:     orchestrator.ErrInvalid,
		msg:     fmt.Sprintf(`"%s" is not a valid task name.`, cut(name)),
		details: map[string]any{"field": "task", "reason": "is not a valid task name", "value": cut(name)},
	}
}
