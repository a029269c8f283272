package httpapi

import (
	"errors"
	"math"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// listFeed answers GET /events: the events of all jobs that the client may see, in the order in
// which they were committed. The path is this server's own.
func (h *handler) listFeed(c *call) error {
	q, err := h.feedQuery(c)
	if err != nil {
		return err
	}
	end, err := h.o.FeedEnd(c.context())
	if errors.Is(err, errors.ErrUnsupported) {
		return &failure{err: errNoRoute, msg: "This server has no feed of the events of all jobs: its store does not keep one."}
	}
	if err != nil {
		return err
	}
	sight, err := h.sight(c)
	if err != nil {
		return err
	}
	if q.now {
		q.start = int64(end) + 1
	}
	if q.as == asList && q.wait == 0 {
		return h.feedFrom(c, sight, &q)
	}
	f, err := h.followFeed(c, end, q.start)
	if err != nil {
		return err
	}
	defer h.unfollow(f, allJobs)
	f.base, f.sees, f.may = c.links.quotedBase(), sight.sees, sight.renew
	if q.as == asList {
		return f.poll(q.wait, q.limit, func(e *encoder) { e.nextFeed(c.links, orchestrator.Position(f.next)) })
	}
	if err := c.begin(q.as, feedPrelude(q.as, q.start)); err != nil || c.bodyless() {
		return err
	}
	return f.stream(q.as)
}

// followFeed begins to follow the events of all jobs, and counts as a stream. Every call that
// succeeds needs one of unfollow.
func (h *handler) followFeed(c *call, end orchestrator.Position, next int64) (*follower, error) {
	if err := h.streams.enter(c); err != nil {
		return nil, err
	}
	log := h.hub.join(allJobs, &feedSource{o: h.o, jobs: &h.jobs}, int64(end)+1)
	return &follower{h: h, c: c, log: log, next: next, known: int64(end) + 1}, nil
}

// feedPrelude returns what a stream of the feed begins with. A browser is told where it begins, so
// that it goes on from there even if the connection breaks before the first event.
func feedPrelude(as form, start int64) []byte {
	text := prelude(as)
	if as == asStream {
		var e encoder
		e.int(start - 1)
		text = append(append(append([]byte("id: "), e.buf...), '\n'), text...)
	}
	return text
}

// feedFrom answers with the events there are, at most as many as the client asks for. The next ones
// begin behind those that were looked at, whether the client may see them or not.
func (h *handler) feedFrom(c *call, sight *sight, q *feedQuery) error {
	s := c.stream()
	s.open('{')
	s.key("items")
	s.open('[')
	base, next, left := c.links.quotedBase(), q.start, q.limit
	source := &feedSource{o: h.o, jobs: &h.jobs}
	for r, err := range source.past(c.context(), next) {
		if left == 0 {
			break
		}
		show := false
		if err == nil {
			show, err = sight.sees(r.job.ID)
		}
		if err != nil {
			return err
		}
		next = r.position + 1
		if !show {
			continue
		}
		s.feedEvent(&r, base)
		left--
		if !s.more() {
			break
		}
	}
	s.close(']')
	s.key("next-events")
	s.nextFeed(c.links, orchestrator.Position(next))
	s.close('}')
	return s.end()
}

// feedQuery is what a client asks of the feed.
type feedQuery struct {
	as    form
	start int64 // the first position, at least 1
	now   bool  // start behind the newest event
	limit int   // of a list
	wait  time.Duration
}

// feedQuery reads what the client asks for. If it does not say where to begin, a list begins with
// the first event, and a stream with the next.
func (h *handler) feedQuery(c *call) (feedQuery, error) {
	q := feedQuery{as: c.form(), start: 1, limit: math.MaxInt}
	query, err := c.query()
	if err != nil {
		return q, err
	}
	text, given, err := query.get("start")
	if err != nil {
		return q, err
	}
	q.now = text == "now" || !given && q.as != asList
	if given && !q.now {
		if q.start, err = parseInt("start", text); err != nil {
			return q, invalid("start", text, "must be an integer of 64 bits, or now")
		}
		q.start = max(q.start, 1)
	}
	if q.wait, err = query.wait(h.opts.MaxWait); err != nil {
		return q, err
	}
	limit, err := query.limit(h.opts.MaxLimit)
	if err != nil {
		return q, err
	}
	if limit != nil {
		q.limit = *limit
	}
	if q.as == asList {
		return q, nil
	}
	next, resumed, err := c.resumed()
	if resumed {
		q.start, q.now = next, false
	}
	return q, err
}
