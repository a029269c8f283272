package httpapi

import (
	"strconv"

	"github.com/seed-54b7607b/orchestrator"
)

// links makes the absolute URLs of an answer. Some clients follow them as they are.
type links struct {
	base string // the URL of the API, without a slash at its end
}

// url appends the URL of a job, or of what is under it.
func (e *encoder) url(l links, id orchestrator.JobID, under string) {
	e.separate()
	e.buf = appendQuoted(e.buf, l.base)
	e.buf = append(e.buf[:len(e.buf)-1], "/jobs/"...)
	e.buf = strconv.AppendInt(e.buf, int64(id), 10)
	e.buf = append(e.buf, under...)
	e.buf = append(e.buf, '"')
	e.comma = true
}

// link appends an object whose id is the URL of what is under a job.
func (e *encoder) link(l links, id orchestrator.JobID, under string) {
	e.open('{')
	e.key("id")
	e.url(l, id, under)
	e.close('}')
}

// eventsFrom returns the URL of a job's events from one on.
func (l links) eventsFrom(id orchestrator.JobID, start orchestrator.EventID) string {
	return l.base + "/jobs/" + id.String() + "/events?start=" + strconv.FormatInt(int64(start), 10)
}
