package httpapi

import (
	"net/http"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// showJob answers GET /jobs/:id.
func (h *handler) showJob(c *call) error {
	look, err := h.looks.at(c)
	if err != nil {
		return err
	}
	job := look.job
	if err := h.mayView(c, &job); err != nil {
		return err
	}
	return c.sendText(http.StatusOK, look.body)
}

// listJobs answers GET /jobs.
func (h *handler) listJobs(c *call) error {
	list, err := h.jobList(c)
	if err != nil {
		return err
	}
	view := jobView{h: h, c: c, list: &list}
	s := c.stream()
	s.short = list.limit != nil
	again := s.short && *list.limit <= pageSize // a longer list is not one that is shown often
	s.open('{')
	s.key("items")
	s.open('[')
	for job, err := range view.jobs(c.context()) {
		if err != nil {
			return err
		}
		if again {
			h.texts.append(&s.encoder, &job, c.links)
		} else {
			s.job(&job, c.links, time.Now())
		}
		if !s.more() {
			break
		}
	}
	s.close(']')
	s.key("pagination")
	s.pagination(&list, view.total, view.next)
	s.close('}')
	return s.end()
}

// pagination appends which part of how many jobs was asked for. The order is the one that was
// applied, so that it can be sent back; there is no limit where none was given. Next, which is this
// server's own, is what to ask for the following part with, as after.
func (e *encoder) pagination(l *jobList, total int, next orchestrator.JobID) {
	e.open('{')
	e.key("limit")
	if l.limit == nil {
		e.null()
	} else {
		e.int(int64(*l.limit))
	}
	e.key("offset")
	e.int(int64(l.offset))
	e.key("order")
	e.string(l.order)
	e.key("order_by")
	e.string(l.orderBy)
	e.key("total")
	e.int(int64(total))
	e.key("type")
	e.string(l.kind)
	e.key("next")
	if next == 0 {
		e.null()
	} else {
		e.intString(int64(next))
	}
	e.close('}')
}
