package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/julienschmidt/httprouter"

	"github.com/seed-54b7607b/orchestrator"
)

// call is one request and its answer. It is the ResponseWriter that goes through the router, and
// knows whether the answer has begun.
type call struct {
	http.ResponseWriter
	r      *http.Request // as it came in
	mount  string        // the part of its path before the route
	route  string        // the part of its path that says what is asked for
	params httprouter.Params
	links  links

	principal Principal
	id        orchestrator.JobID // of the job that the path names
	began     bool               // the answer's status is out
	patience  time.Duration      // how long the client may take to take what is written
}

// WriteHeader begins the answer.
func (c *call) WriteHeader(status int) {
	c.began = true
	c.ResponseWriter.WriteHeader(status)
}

func (c *call) context() context.Context { return c.r.Context() }

// bodyless reports whether the client wants the headers of an answer only.
func (c *call) bodyless() bool { return c.r.Method == http.MethodHead }

// forRouter returns the request as the router has to see it: with the route for a path.
func (c *call) forRouter() *http.Request {
	r := *c.r
	r.URL = &url.URL{Path: cmp.Or(c.route, "/")}
	return &r
}

// answer does what was asked for, and answers, aborts or logs what goes wrong with it.
func (h *handler) answer(c *call, do action) {
	c.Header().Set("Cache-Control", "no-store")
	c.Header().Set("X-Content-Type-Options", "nosniff")
	if err := contained(c, do); err != nil {
		h.fail(c, err)
	}
}

// contained turns a panic of the action into an error, save for the one that means to abort.
func contained(c *call, do action) (err error) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			panic(v)
		default:
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return do(c)
}

// fail answers an error, or aborts an answer that has begun. When the client has gone away there
// is nobody to answer and nothing to look into; the status is there for who still listens, if it
// was a middleware that cancelled the request.
func (h *handler) fail(c *call, err error) {
	a, known := answerTo(err)
	gone := c.gone(err)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		h.opts.Logger.LogAttrs(c.context(), slog.LevelInfo, "client too slow",
			slog.String("method", c.r.Method), slog.String("path", c.route), slog.Duration("patience", c.patience))
	}
	if !gone && (c.began || !known) {
		h.opts.Logger.LogAttrs(c.context(), slog.LevelError, "request failed",
			slog.String("method", c.r.Method), slog.String("path", c.route),
			slog.Bool("aborted", c.began), slog.Any("err", err))
	}
	switch {
	case c.began:
		panic(http.ErrAbortHandler)
	case gone:
		c.WriteHeader(http.StatusServiceUnavailable)
	default:
		a.kind = h.opts.kindFor(a)
		c.problem(a, err)
	}
}

// gone reports whether an error is there only because the client has gone away.
func (c *call) gone(err error) bool {
	return errors.Is(err, errWrite) || errors.Is(err, context.Canceled) && c.context().Err() != nil
}

// problem answers with an error.
func (c *call) problem(a answer, err error) {
	if a.status == http.StatusUnauthorized {
		challenge(c)
	}
	msg, details := a.described(err)
	_ = c.send(a.status, func(e *encoder) { // when the client has gone away there is nothing to do
		e.open('{')
		e.key("kind")
		e.string(a.kind)
		e.key("msg")
		e.string(msg)
		if details != nil {
			e.key("details")
			e.raw(marshal(details))
		}
		e.close('}')
	})
}

// send answers with a status and a body that fits in memory.
func (c *call) send(status int, body func(*encoder)) error {
	var e encoder
	body(&e)
	return c.sendText(status, e.buf)
}

// sendText answers with a status and a JSON text.
func (c *call) sendText(status int, text []byte) error {
	c.Header().Set("Content-Type", contentType)
	c.Header().Set("Content-Length", strconv.Itoa(len(text)))
	c.WriteHeader(status)
	if c.bodyless() {
		return nil
	}
	return c.write(text)
}
