package httpapi

import (
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// maxKept is how long the text of a list may be that is kept to be written again.
const maxKept = 256 << 10

// showReport answers GET /jobs/:id/report. Real servers have the nodes under report, the
// documentation has them under items, and there are clients of either: the answer has both. What is too
// long to be kept is read twice, so that the second list of such a job may be a little newer than the
// first while the job is running.
func (h *handler) showReport(c *call) error {
	if _, err := h.job(c); err != nil {
		return err
	}
	s := c.stream()
	s.open('{')
	s.key("report")
	text, all, err := h.reportList(c, s)
	if err != nil {
		return err
	}
	s.key("items")
	if all {
		s.again(text)
	} else if _, _, err := h.reportList(c, s); err != nil {
		return err
	}
	s.close('}')
	return s.end()
}

// reportList appends the list of nodes, and returns its text, and whether that is all of it.
func (h *handler) reportList(c *call, s *stream) (text []byte, all bool, err error) {
	all = true
	s.open('[')
	for line, err := range h.o.Report(c.context(), c.id) {
		if err != nil {
			return nil, false, err
		}
		before := len(s.buf)
		s.reportLine(&line)
		if all = all && len(text)+len(s.buf)-before <= maxKept; all {
			text = append(text, s.buf[before:]...)
		} else {
			text = nil
		}
		if !s.more() {
			all = false
			break
		}
	}
	s.close(']')
	return text, all, nil
}

// again appends a list that has the given text.
func (s *stream) again(text []byte) {
	s.open('[')
	for part := range slices.Chunk(text, chunkSize) {
		s.buf = append(s.buf, part...)
		if !s.more() {
			break
		}
	}
	s.close(']')
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
