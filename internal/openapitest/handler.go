package openapitest

import (
	"bytes"
	"io"
	"net/http"
)

// A Reporter is told what is wrong; a [testing.TB] is one.
type Reporter interface {
	Errorf(format string, args ...any)
}

// Handler returns a handler that answers as next does, and reports each answer that is not as the
// document says once it is complete.
func (c *Contract) Handler(t Reporter, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w}
		cut := true
		asked := *r
		sent := new(bytes.Buffer)
		if r.Body != nil {
			asked.Body = tee{io.TeeReader(r.Body, sent), r.Body}
		}
		defer func() {
			if rec.status == 0 && cut {
				return
			}
			rec.begin(http.StatusOK)
			err := c.Check(&Exchange{Request: r, Sent: sent.Bytes(), Status: rec.status, Header: rec.header, Body: rec.body.Bytes(), Cut: cut})
			if err != nil {
				t.Errorf("not as described: %v", err)
			}
		}()
		next.ServeHTTP(rec, &asked)
		cut = false
	})
}

// tee is a body that is read, and kept.
type tee struct {
	io.Reader
	io.Closer
}

// recorder keeps what is answered.
type recorder struct {
	http.ResponseWriter
	status int
	header http.Header
	body   bytes.Buffer
}

// Unwrap is for [http.ResponseController].
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) begin(status int) {
	if r.status == 0 {
		r.status, r.header = status, r.Header().Clone()
	}
}

// WriteHeader begins the answer.
func (r *recorder) WriteHeader(status int) {
	r.begin(status)
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	r.begin(http.StatusOK)
	n, err := r.ResponseWriter.Write(p)
	r.body.Write(p[:n])
	return n, err
}
