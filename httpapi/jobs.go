package httpapi

import (
	"net/http"
	"time"
)

// showJob answers GET /jobs/:id.
func (h *handler) showJob(c *call) error {
	job, err := h.o.Job(c.context(), c.id)
	if err != nil {
		return err
	}
	return c.send(http.StatusOK, func(e *encoder) { e.job(&job, c.links, time.Now()) })
}

// listJobs answers GET /jobs.
func (h *handler) listJobs(c *call) error {
	list, err := c.jobList()
	if err != nil {
		return err
	}
	pages := jobPages{o: h.o, list: list}
	s := c.stream()
	s.open('{')
	s.key("items")
	s.open('[')
	for job, err := range pages.all(c.context()) {
		if err != nil {
			return err
		}
		s.job(&job, c.links, time.Now())
		if !s.more() {
			break
		}
	}
	s.close(']')
	s.key("pagination")
	s.pagination(&list, pages.total)
	s.close('}')
	return s.end()
}

// jobList is the part of all jobs that a client asks for.
type jobList struct {
	limit   *int // nil if none was given
	offset  int
	orderBy string // as on the wire
	order   string // as on the wire
}

// jobList reads which jobs the client asks for. When it says nothing about the order, the newest
// come first; when it only says by what or only which way, the rest is as documented: ascending,
// and by id.
func (c *call) jobList() (jobList, error) {
	var list jobList
	query, err := c.query()
	if err != nil {
		return list, err
	}
	if err := query.refuse("type", "task", "min_finish_timestamp", "max_finish_timestamp"); err != nil {
		return list, err
	}
	if list.limit, err = query.count("limit"); err != nil {
		return list, err
	}
	offset, err := query.count("offset")
	if err != nil {
		return list, err
	}
	if offset != nil {
		list.offset = *offset
	}
	if list.orderBy, err = query.oneOf("order_by", "owner", "timestamp", "environment", "name", "state"); err != nil {
		return list, err
	}
	if list.order, err = query.oneOf("order", "asc", "desc"); err != nil {
		return list, err
	}
	switch {
	case list.orderBy == "" && list.order == "":
		list.orderBy, list.order = "name", "desc"
	case list.orderBy == "":
		list.orderBy = "name"
	case list.order == "":
		list.order = "asc"
	}
	return list, nil
}

// pagination appends which part of how many jobs was asked for. The order is the one that was
// applied, so that it can be sent back. There is no limit where none was given, and no type because
// there is no choice of types.
func (e *encoder) pagination(l *jobList, total int) {
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
	e.string("")
	e.close('}')
}
