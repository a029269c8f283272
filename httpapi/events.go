package httpapi

import (
	"math"
	"net/http"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// listEvents answers GET /jobs/:id/events: with what there is from start on, as it always has, or as
// the client asks, with what is to come too.
func (h *handler) listEvents(c *call) error {
	next, err := c.start()
	if err != nil {
		return err
	}
	wait, err := c.wait(h.opts.MaxWait)
	if err != nil {
		return err
	}
	as := c.form()
	last, resumed, err := c.resumed()
	switch {
	case as == asList:
	case err != nil:
		return err
	case resumed:
		next = orchestrator.EventID(last)
	}
	job, err := h.job(c)
	switch {
	case err != nil:
		return err
	case as != asList:
		return h.streamEvents(c, &job, as, next)
	case wait > 0:
		return h.pollEvents(c, &job, wait, next)
	default:
		return h.eventsFrom(c, &job, next)
	}
}

// eventsFrom answers with the events there are. The next ones begin behind the last of the answer;
// without one, where the client asked, and never earlier, so that it can go on from there for ever.
func (h *handler) eventsFrom(c *call, job *orchestrator.Job, next orchestrator.EventID) error {
	s := c.stream()
	s.open('{')
	s.key("items")
	s.open('[')
	for event, err := range h.o.Events(c.context(), c.id, next) {
		if err != nil {
			return err
		}
		s.event(job, &event)
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

// pollEvents answers as eventsFrom does, but waits if there is nothing yet.
func (h *handler) pollEvents(c *call, job *orchestrator.Job, wait time.Duration, next orchestrator.EventID) error {
	f, err := h.follow(c, job, int64(next))
	if err != nil {
		return err
	}
	defer h.unfollow(f, job.ID)
	return f.poll(wait, math.MaxInt, func(e *encoder) {
		e.nextEvents(c.links, job.ID, orchestrator.EventID(f.next))
	})
}

// streamEvents sends the events of a job until its last. A browser connects again whenever a stream
// ends, and would do so for ever; it stops when it is told that there is nothing more.
func (h *handler) streamEvents(c *call, job *orchestrator.Job, as form, next orchestrator.EventID) error {
	if as == asStream && job.State.Terminal() && next > job.LastEvent {
		c.WriteHeader(http.StatusNoContent)
		return nil
	}
	f, err := h.follow(c, job, int64(next))
	if err != nil {
		return err
	}
	defer h.unfollow(f, job.ID)
	f.may = func() error {
		if err := h.same(c); err != nil {
			return err
		}
		_, err := h.job(c)
		return err
	}
	if err := c.begin(as, prelude(as)); err != nil || c.bodyless() {
		return err
	}
	return f.stream(as)
}

// follow begins to follow the events of a job, and counts as a stream. Every call that succeeds needs
// one of unfollow.
func (h *handler) follow(c *call, job *orchestrator.Job, next int64) (*follower, error) {
	if err := h.streams.enter(c); err != nil {
		return nil, err
	}
	log := h.hub.join(job.ID, &jobSource{o: h.o, job: specOf(job)}, int64(job.LastEvent)+1)
	return &follower{h: h, c: c, log: log, next: next, known: int64(job.LastEvent) + 1}, nil
}

func (h *handler) unfollow(f *follower, id orchestrator.JobID) {
	h.hub.leave(id, f.log)
	h.streams.leave(f.c)
}

// same asks once more who sent the call, and returns an error if nobody vouches any longer for the
// one who did.
func (h *handler) same(c *call) error {
	now := *c
	if err := h.authenticate(&now); err != nil {
		return err
	}
	if now.principal.key() != c.principal.key() {
		return ErrUnauthenticated
	}
	c.principal = now.principal
	return nil
}

// prelude returns what a stream begins with: for browsers, how many milliseconds to wait before they
// connect again.
func prelude(as form) []byte {
	if as == asStream {
		return []byte("retry: 2000\n\n")
	}
	return nil
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
	n, err := parseInt("start", text)
	return orchestrator.EventID(max(n, 1)), err
}

// wait returns how long the client wants to wait for events, at most limit: 0 if it does not.
func (c *call) wait(limit time.Duration) (time.Duration, error) {
	query, err := c.query()
	if err != nil {
		return 0, err
	}
	return query.wait(limit)
}
