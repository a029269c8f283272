package httpapi

import (
	"github.com/seed-54b7607b/orchestrator"
)

// showReport answers GET /jobs/:id/report. Real servers have the nodes under report, the
// documentation has them under items, and there are clients of either: the answer has both. They are
// read twice, since they may be too many to keep, so that the second list of a job that is running
// may be a little newer than the first.
func (h *handler) showReport(c *call) error {
	if _, err := h.job(c); err != nil {
		return err
	}
	s := c.stream()
	s.open('{')
	for _, key := range []string{"report", "items"} {
		s.key(key)
		s.open('[')
		for line, err := range h.o.Report(c.context(), c.id) {
			if err != nil {
				return err
			}
			s.reportLine(&line)
			if !s.more() {
				break
			}
		}
		s.close(']')
	}
	s.close('}')
	return s.end()
}

// reportLine appends what has become of a node. Its events would be changes of resources, which
// this server knows nothing of; an empty list is what was recorded.
func (e *encoder) reportLine(r *orchestrator.NodeReport) {
	e.open('{')
	e.literal(`"node":`)
	e.string(r.Node)
	e.literal(`,"state":`)
	e.string(string(r.State))
	e.literal(`,"timestamp":`)
	e.time(r.Updated)
	e.literal(`,"start_timestamp":`)
	e.time(r.Started)
	e.literal(`,"finish_timestamp":`)
	e.time(r.Finished)
	e.literal(`,"events":[]`)
	e.close('}')
}
