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

	live   bool    // it waits for what is to come: it is never compressed
	zip    *zipper // nil if the answer goes out as it is
	zipped []byte  // where it is compressed
}

// chunks are the buffers of streams that have ended.
var chunks = sync.Pool{New: func() any { return make([]byte, 0, chunkSize+chunkSize/4) }}

// stream begins an answer that is compressed if the client takes that, and if it is not short.
func (c *call) stream() *stream {
	s := c.liveStream()
	s.live = false
	if c.takesGzip() && c.Header().Get("Content-Encoding") == "" {
		s.zip = new(zipper)
	}
	return s
}

// liveStream begins an answer that waits for what is to come. It goes out as it is.
func (c *call) liveStream() *stream {
	return &stream{c: c, encoder: encoder{buf: chunks.Get().([]byte)}, live: true}
}

// more is called after each item. It passes on what has been collected, the first item at once,
// and reports whether there is still somebody who wants another.
func (s *stream) more() bool {
	if s.c.bodyless() && (!s.short || s.c.began) {
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
	s.pass(true)
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

func (s *stream) write() { s.pass(false) }

// pass passes on what has been collected. Last says that nothing comes behind it. An answer that goes
// out in one piece has its length.
func (s *stream) pass(last bool) {
	if s.err != nil {
		return
	}
	whole := last && !s.c.began && !s.cut
	if whole && len(s.buf) < zipFrom {
		s.zip = nil
	}
	text := s.buf
	if s.zip != nil && !s.c.bodyless() {
		text = s.compressed(last)
	}
	if !s.c.began {
		s.begin()
		if whole && (s.zip == nil || !s.c.bodyless()) {
			s.c.Header().Set("Content-Length", strconv.Itoa(len(text)))
		}
		s.c.WriteHeader(http.StatusOK)
	}
	if s.c.bodyless() {
		return
	}
	s.err = s.c.write(text)
	s.buf = s.buf[:0]
}

// compressed returns what has been collected, compressed.
func (s *stream) compressed(last bool) []byte {
	s.zipped = s.zip.part(s.zipped[:0], s.buf)
	if last {
		s.zipped = s.zip.end(s.zipped)
	}
	return s.zipped
}

// begin sets the headers. The client may send others with the next request, so that even an answer
// which is not compressed says what that depends on.
func (s *stream) begin() {
	header := s.c.Header()
	header.Set("Content-Type", contentType)
	if !s.live {
		header.Add("Vary", "Accept-Encoding")
	}
	if s.zip != nil {
		header.Set("Content-Encoding", "gzip")
	}
}
