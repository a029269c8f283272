package httpapi

import (
	"net/http"

	"github.com/seed-54b7607b/orchestrator"
)

// created answers that there is a job that does what was asked for. It runs later.
func (c *call) created(job *orchestrator.Job) error {
	return c.send(http.StatusAccepted, func(e *encoder) {
		e.open('{')
		e.key("job")
		e.open('{')
		e.jobName(c.links, job.ID)
		e.close('}')
		e.close('}')
	})
}

// idempotencyKey returns the key that the client gave to the command, so that it may send it again
// without having it done twice; "" if it gave none. The API itself has no such thing; the header is
// that of the IETF draft of its name.
func (c *call) idempotencyKey() (string, error) {
	const field = "idempotency-key"
	keys := c.r.Header.Values("Idempotency-Key")
	switch {
	case len(keys) == 0:
		return "", nil
	case keys[0] == "":
		return "", invalid(field, "", "must not be empty")
	case len(keys) > 1:
		return "", invalid(field, nil, "must not be given more than once")
	}
	return keys[0], nil
}
