package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/seed-54b7607b/orchestrator"
)

// stopJob answers POST /command/stop. It does not wait for the job to stop; for a job that has ended
// the answer is the same.
func (h *handler) stopJob(c *call) error {
	body, err := h.body(c)
	if err != nil {
		return err
	}
	id, force, err := stopRequest(body)
	if err != nil {
		return err
	}
	if err := h.mayStop(c, id); err != nil {
		return err
	}
	job, err := h.o.StopJob(c.context(), id, &orchestrator.StopOptions{Force: force})
	if err != nil {
		return err
	}
	return c.send(http.StatusAccepted, func(e *encoder) {
		e.open('{')
		e.key("job")
		e.open('{')
		e.jobName(c.links, job.ID)
		e.key("nodes")
		e.open('{')
		for _, state := range orchestrator.NodeStates() {
			e.key(string(state))
			e.int(int64(job.Counts.Of(state)))
		}
		e.close('}')
		e.close('}')
		e.close('}')
	})
}

// mayStop asks whether the principal may stop a job. One who may not even see it is told that
// there is no such job.
func (h *handler) mayStop(c *call, id orchestrator.JobID) error {
	job, err := h.o.Job(c.context(), id)
	if err != nil {
		return err
	}
	if err := h.mayView(c, &job); err != nil {
		return err
	}
	return h.may(c, Action{Verb: VerbStop, Job: &job, Nodes: h.nodeNames(c, id)})
}

// stopRequest reads which job is to be stopped. The documented form of its id is a string; an
// integer means the same.
func stopRequest(body object) (id orchestrator.JobID, force bool, err error) {
	r := &reader{object: body}
	force = r.bool("force")
	var text json.RawMessage
	r.read("job", &text, "a job's id")
	if r.err != nil {
		return 0, false, r.err
	}
	if text == nil {
		return 0, false, invalid("job", nil, "must be given")
	}
	var name string
	if json.Unmarshal(text, &name) != nil {
		var number json.Number
		if json.Unmarshal(text, &number) != nil {
			return 0, false, invalid("job", text, "must be a job's id, as a string or an integer")
		}
		name = number.String()
	}
	id, err = parseJobID("job", name)
	return id, force, err
}
