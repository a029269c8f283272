package httpapi

import "time"

// listNodes answers GET /jobs/:id/nodes. The next events are counted before the nodes are read: what
// happens meanwhile may be seen in both, and is missed in neither. How long nodes have been running is
// as of the beginning of the answer.
func (h *handler) listNodes(c *call) error {
	list, err := h.nodeList(c)
	if err != nil {
		return err
	}
	job, err := h.job(c)
	if err != nil {
		return err
	}
	list.query.Borrow = true
	s := c.stream()
	s.open('{')
	s.key("next-events")
	s.nextEvents(c.links, c.id, job.LastEvent+1)
	s.key("items")
	s.open('[')
	now := time.Now()
	for node, err := range list.of(c.context(), h.o, c.id) {
		if err != nil {
			return err
		}
		s.node(&job, &node, c.links, now)
		if !s.more() {
			break
		}
	}
	s.close(']')
	s.close('}')
	return s.end()
}
