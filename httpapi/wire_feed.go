package httpapi

import (
	"strconv"

	"github.com/seed-54b7607b/orchestrator"
)

// feedEvent appends an event of the feed: what it is among the events of its job, whose job it is,
// and its place among the events of all. Links begin with base, the text of a JSON string without
// its quotes; where that belongs in the buffer is returned.
func (e *encoder) feedEvent(r *record, base []byte) (link int) {
	e.open('{')
	e.eventMembers(r.job, &r.event)
	e.key("job")
	e.open('{')
	e.key("id")
	e.buf = append(e.buf, '"')
	link = len(e.buf)
	e.buf = append(e.buf, base...)
	e.buf = append(e.buf, "/jobs/"...)
	e.buf = strconv.AppendInt(e.buf, int64(r.job.ID), 10)
	e.buf = append(e.buf, '"')
	e.comma = true
	e.key("name")
	e.intString(int64(r.job.ID))
	e.close('}')
	e.key("position")
	e.intString(r.position)
	e.close('}')
	return link
}

// nextFeed appends where the events that a client does not know yet begin.
func (e *encoder) nextFeed(l links, next orchestrator.Position) {
	e.open('{')
	e.key("id")
	e.string(l.feedFrom(next))
	e.key("event")
	e.intString(int64(next))
	e.close('}')
}

// feedFrom returns the URL of the events of all jobs from a position on.
func (l links) feedFrom(start orchestrator.Position) string {
	return l.base + "/events?start=" + strconv.FormatInt(int64(start), 10)
}

// quotedBase returns the URL of the API as it stands inside a JSON string.
func (l links) quotedBase() []byte {
	quoted := appendQuoted(nil, l.base)
	return quoted[1 : len(quoted)-1]
}
