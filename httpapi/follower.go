package httpapi

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// accessCheck is how often the client of a stream is asked again who it is, and whether it may still
// see what it sees.
const accessCheck = time.Minute

// follower is a client's place in a log.
type follower struct {
	h     *handler
	c     *call
	log   *joined
	next  int64                                  // the position to go on from
	known int64                                  // what is before this position had happened when the request came in
	base  []byte                                 // what links begin with
	sees  func(orchestrator.JobID) (bool, error) // whether the client may see a job; nil if it may see all that is in the log
	may   func() error                           // whether the client may go on at all
	sent  time.Time                              // when the client was last sent something
}

// stream sends events in one form until the log or the orchestrator ends, or the client goes away or
// may see them no longer. All that is there goes out at once; the connection is flushed when there
// is no more.
func (f *follower) stream(as form) error {
	silence := time.NewTimer(f.h.opts.Heartbeat)
	defer silence.Stop()
	checked := time.Now()
	f.sent = checked
	for {
		p := f.log.progress()
		if p.stopped() || f.c.context().Err() != nil {
			return nil
		}
		if time.Since(checked) >= accessCheck {
			checked = time.Now()
			if f.may() != nil {
				return nil
			}
		}
		if f.next < p.live {
			if err := f.pass(as); err != nil {
				return err
			}
			continue
		}
		if p.over {
			return p.err
		}
		if err := f.c.flush(); err != nil {
			return err
		}
		silence.Reset(f.h.opts.Heartbeat - time.Since(f.sent))
		select {
		case <-p.news:
		case <-f.c.context().Done():
		case <-silence.C:
			if err := f.send(heartbeats[as]); err != nil {
				return err
			}
		}
	}
}

// heartbeats are what is sent when there is nothing to send, so that nobody on the way takes the
// connection for dead: a comment, and an empty line.
var heartbeats = [...][]byte{asStream: []byte(":\n\n"), asLines: []byte("\n")}

// buffers are where events are put together that cannot be sent as they are kept.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// pass sends what is in one page.
func (f *follower) pass(as form) error {
	v, err := f.turn()
	if err != nil {
		return unlessCancelled(err)
	}
	f.next = v.to
	if as == asStream && f.sees == nil && !f.log.src.linked() {
		return f.send(v.events())
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	*buf = (*buf)[:0]
	for i := range v.blocks {
		b := &v.blocks[i]
		ok, err := f.shows(b)
		switch {
		case err != nil:
			return unlessCancelled(err)
		case !ok:
		case as == asStream:
			*buf = v.appendEvent(*buf, b, f.base)
		default:
			*buf = append(v.appendObject(*buf, b, f.base), '\n')
		}
	}
	return f.send(*buf)
}

// turn returns what there is from the follower's place on, when it is its turn to be sent that.
func (f *follower) turn() (view, error) {
	v, err := f.log.view(f.c.context(), f.next)
	if err == nil && f.h.hub.pace.await(f.c.context(), v.size()) && !v.full() {
		v, err = f.log.view(f.c.context(), f.next) // there may be more by now
	}
	return v, err
}

// shows reports whether the client may see an event.
func (f *follower) shows(b *block) (bool, error) {
	if f.sees == nil {
		return true, nil
	}
	return f.sees(b.job)
}

func (f *follower) send(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	f.sent = time.Now()
	return f.c.write(text)
}

// unlessCancelled returns the error, or nil if it is only that the request has been cancelled: then
// the stream ends as if there were no more, and the client goes on another time.
func unlessCancelled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// begin sends the headers of a stream, and what comes before its events.
func (c *call) begin(as form, prelude []byte) error {
	c.Header().Set("Content-Type", mediaTypes[as])
	c.Header().Set("X-Accel-Buffering", "no") // nginx collects what it passes on, unless it is told not to
	c.endures()
	c.WriteHeader(http.StatusOK)
	if c.bodyless() {
		return nil
	}
	if len(prelude) > 0 {
		if err := c.write(prelude); err != nil {
			return err
		}
	}
	return c.flush()
}

// endures lets the request take longer than the server's limit for reading one, which would
// otherwise count as the client having gone away.
func (c *call) endures() {
	_ = http.NewResponseController(c.ResponseWriter).SetReadDeadline(time.Time{}) // what cannot be set does not end it
	c.relax()
}
