package httpapi

import (
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// listNodes answers GET /jobs/:id/nodes. The next events are counted before the nodes are read: what
// happens meanwhile may be seen in both, and is missed in neither.
func (h *handler) listNodes(c *call) error {
	query, err := c.query()
	if err != nil {
		return err
	}
	if err := query.refuse("limit", "offset", "order_by", "order", "state"); err != nil {
		return err
	}
	job, err := h.o.Job(c.context(), c.id)
	if err != nil {
		return err
	}
	s := c.stream()
	s.open('{')
	s.key("next-events")
	s.nextEvents(c.links, c.id, job.LastEvent+1)
	s.key("items")
	s.open('[')
	for node, err := range h.o.Nodes(c.context(), c.id, orchestrator.NodeQuery{}) {
		if err != nil {
			return err
		}
		s.node(&job, &node, time.Now())
		if !s.more() {
			break
		}
	}
	s.close(']')
	s.close('}')
	return s.end()
}
