package httpapi

import (
	"errors"
	"net/http"
	"strconv"
	"sync"
)

const (
	contentType = "application/json; charset=utf-8"

	// chunkSize is how much of a long answer is collected before it is written.
	chunkSize = 32 << 10
)

// errWrite is that the answer could not be written: the client has gone away.
var errWrite = errors.New("answer not written")

// stream is an answer that is written while it is made, item by item, so that it may be longer
// than the memory that there is. Nothing goes out before the first item is complete: until then
// an error still gets a status of its own.
type stream struct {
	encoder
	c     *call
	err   error // why nothing more is to be written; nil while all is well
	short bool  // the answer is to go out in one piece, if it is no longer than a chunk
	cut   bool  // only the headers were wanted, and some of the body was not made
}

// chunks are the buffers of streams that have ended.
var chunks = sync.Pool{New: func() any { return make([]byte, 0, chunkSize+chunkSize/4) }}

func (c *call) stream() *stream {
	return &stream{c: c, encoder: encoder{buf: chunks.Get().([]byte)}}
}

// more is called after each item. It passes on what has been collected, the first item at once,
// and reports whether there is still somebody who wants another.
func (s *stream) more() bool {
	if s.c.bodyless() && !s.short {
		s.cut = true
		return false
	}
	if s.err == nil {
		s.err = s.c.context().Err()
	}
	switch {
	case !s.c.began && !s.short:
		s.flush()
	case len(s.buf) >= chunkSize:
		s.write()
	}
	return s.err == nil
}

// end completes the answer. It returns why it could not be, if that is so.
func (s *stream) end() error {
	if !s.c.began && !s.cut {
		s.c.Header().Set("Content-Length", strconv.Itoa(len(s.buf)))
	}
	s.write()
	if cap(s.buf) <= 2*chunkSize {
		chunks.Put(s.buf[:0]) //nolint:staticcheck // a slice's header costs less than what a pointer to it would make of the code
	}
	s.buf = nil
	return s.err
}

func (s *stream) flush() {
	s.write()
	if s.err != nil {
		return
	}
	err := http.NewResponseController(s.c.ResponseWriter).Flush()
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.err = errors.Join(errWrite, err)
	}
}

func (s *stream) write() {
	if s.err != nil {
		return
	}
	if !s.c.began {
		s.c.Header().Set("Content-Type", contentType)
		s.c.WriteHeader(http.StatusOK)
	}
	if s.c.bodyless() {
		return
	}
	s.err = s.c.write(s.buf)
	s.buf = s.buf[:0]
}
