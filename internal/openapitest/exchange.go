package openapitest

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
)

// Exchange is a request and its answer.
type Exchange struct {
	Request *http.Request // its body is not read
	Sent    []byte        // the body of the request, as far as it was read

	Status int
	Header http.Header
	Body   []byte
	Cut    bool // the answer was not written to its end
}

// gone reports whether there was nobody left to answer.
func (e *Exchange) gone() bool { return e.Request.Context().Err() != nil }

// Check returns what in an answer is not as the document says; nil if all is. Of a request that was
// accepted it checks that the document allows it, too.
func (c *Contract) Check(e *Exchange) error {
	if err := c.check(e); err != nil {
		return fmt.Errorf("%s %s: %d: %w", e.Request.Method, e.Request.URL, e.Status, err)
	}
	return nil
}

func (c *Contract) check(e *Exchange) error {
	if e.gone() && e.Status == http.StatusServiceUnavailable && len(e.Body) == 0 {
		return nil
	}
	route := routeOf(e.Request.URL)
	op, known := c.find(e.Request.Method, route)
	var r *response
	switch {
	case !known && e.Status == http.StatusNotFound:
		r = c.noPath
	case known && op == nil && e.Request.Method == http.MethodOptions && e.Status == http.StatusNoContent:
		r = c.options
	case known && op == nil && e.Status == http.StatusMethodNotAllowed:
		r = c.noMethod
	case op == nil && e.Status == http.StatusForbidden:
		r = c.refused
	case op != nil:
		r = op.responses[e.Status]
	}
	if r == nil {
		return errors.New("there is no such answer")
	}
	mediaType, err := r.check(e)
	if err != nil || op == nil {
		return err
	}
	if e.Request.Method != http.MethodHead && !e.Cut {
		c.see(op.answer(e.Status, mediaType))
	}
	if e.Status < 300 {
		return op.allows(e, route)
	}
	return nil
}

// commonHeaders are those that any answer may have.
var commonHeaders = map[string]bool{
	"Cache-Control": true, "Content-Length": true, "Content-Type": true, "Date": true, "X-Content-Type-Options": true,
}

// check checks headers and body, and returns the media type.
func (r *response) check(e *Exchange) (mediaType string, err error) {
	for name := range e.Header {
		if _, ok := r.headers[name]; !ok && !commonHeaders[name] {
			return "", fmt.Errorf("the header %s is not described", name)
		}
	}
	for name, h := range r.headers {
		if err := h.check(e.Header.Values(name)); err != nil {
			return "", err
		}
	}
	text := e.Header.Get("Content-Type")
	if r.content == nil {
		if text != "" || len(e.Body) > 0 {
			return "", fmt.Errorf("it has a body: %s %.200s", text, e.Body)
		}
		return "", nil
	}
	mediaType, _, _ = mime.ParseMediaType(text)
	m, ok := r.content[mediaType]
	switch {
	case !ok:
		return mediaType, fmt.Errorf("the Content-Type %q is not described", text)
	case e.Request.Method == http.MethodHead:
		if len(e.Body) > 0 {
			return mediaType, fmt.Errorf("it has a body: %.200s", e.Body)
		}
		return mediaType, nil
	default:
		return mediaType, m.check(mediaType, e)
	}
}
