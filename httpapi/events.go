package httpapi

import "github.com/seed-54b7607b/orchestrator"

// listEvents answers GET /jobs/:id/events. The next events begin behind the last one of the answer;
// without one, where the client asked, and never earlier, so that it can go on from there for ever.
func (h *handler) listEvents(c *call) error {
	next, err := c.start()
	if err != nil {
		return err
	}
	job, err := h.o.Job(c.context(), c.id)
	if err != nil {
		return err
	}
	s := c.stream()
	s.open('{')
	s.key("items")
	s.open('[')
	for event, err := range h.o.Events(c.context(), c.id, next) {
		if err != nil {
			return err
		}
		s.event(&job, &event)
		next = event.ID + 1
		if !s.more() {
			break
		}
	}
	s.close(']')
	s.key("next-events")
	s.nextEvents(c.links, c.id, next)
	s.close('}')
	return s.end()
}

// start returns the id of the first event that the client asks for, at least 1.
func (c *call) start() (orchestrator.EventID, error) {
	query, err := c.query()
	if err != nil {
		return 0, err
	}
	text, given, err := query.get("start")
	if !given || err != nil {
		return 1, err
	}
	n, err := parseInt("start", text, 64)
	return orchestrator.EventID(max(n, 1)), err
}
