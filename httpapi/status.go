package httpapi

import (
	"net/http"

	"github.com/seed-54b7607b/orchestrator"
)

// showStatus answers GET /status, which the root document leads to: that jobs can be read. What the
// original has there is not known. An error of the store is answered as it is elsewhere.
func (h *handler) showStatus(c *call) error {
	if _, err := h.o.Jobs(c.context(), orchestrator.JobQuery{Limit: 1}); err != nil {
		return err
	}
	return c.send(http.StatusOK, func(e *encoder) {
		e.open('{')
		e.key("state")
		e.string("running")
		e.close('}')
	})
}
