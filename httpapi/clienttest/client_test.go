package clienttest

import (
	"compress/gzip"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// client sends requests as a client of the API does.
type client struct {
	t       *testing.T
	s       *server
	base    string // what paths are put behind
	headers http.Header
	http    *http.Client
}

// habits are what a client does the same way in every request.
type habits struct {
	headers    map[string]string
	tls        uint16 // the only version of TLS that it speaks; 0 for any
	persistent bool   // it keeps connections open
	cert       string // the common name of the certificate that it shows; "" for none
}

// newClient returns a client that knows the server's authority. It follows no redirect, since most
// clients do not and the API has none.
func newClient(s *server, h habits) *client {
	config := &tls.Config{RootCAs: s.authorities.pool, MinVersion: max(h.tls, tls.VersionTLS12), MaxVersion: h.tls}
	if h.cert != "" {
		config.Certificates = []tls.Certificate{s.authorities.issue(s.t, h.cert)}
	}
	transport := &http.Transport{
		TLSClientConfig:     config,
		DisableKeepAlives:   !h.persistent,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 5,
		// A client that asks for it waits for leave to send a body; it may not be kept waiting.
		ExpectContinueTimeout: patience,
	}
	s.t.Cleanup(transport.CloseIdleConnections)
	c := &client{t: s.t, s: s, base: s.url + "/orchestrator/v1", headers: make(http.Header)}
	for name, value := range h.headers {
		c.headers.Set(name, value)
	}
	c.http = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// get reads a path below the API's root.
func (c *client) get(path string) *reply {
	c.t.Helper()
	return c.send(http.MethodGet, c.base+path, "")
}

// post sends a body to a path below the API's root.
func (c *client) post(path, body string) *reply {
	c.t.Helper()
	return c.send(http.MethodPost, c.base+path, body)
}

// follow reads a URL as it is.
func (c *client) follow(url string) *reply {
	c.t.Helper()
	return c.send(http.MethodGet, url, "")
}

func (c *client) send(method, url, body string) *reply {
	c.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(c.s.ctx, method, url, reader)
	require.NoError(c.t, err)
	for name, values := range c.headers {
		if body != "" || name != "Expect" {
			r.Header[name] = values
		}
	}
	answer, err := c.http.Do(r)
	require.NoError(c.t, err, "%s %s", method, url)
	defer answer.Body.Close()
	text, err := io.ReadAll(unpacked(c.t, answer))
	require.NoError(c.t, err, "%s %s", method, url)
	return &reply{t: c.t, s: c.s, call: method + " " + url, status: answer.StatusCode, header: answer.Header, text: text}
}

// unpacked returns the body of an answer as the libraries of the clients do that send Accept-Encoding:
// where it says that it is in gzip, what it was before. They know nothing else that may come.
func unpacked(t *testing.T, answer *http.Response) io.Reader {
	t.Helper()
	encoding := answer.Header.Get("Content-Encoding")
	if encoding == "" {
		return answer.Body
	}
	require.Equal(t, "gzip", encoding)
	require.Contains(t, answer.Request.Header.Get("Accept-Encoding"), "gzip", "the client did not ask for it")
	r, err := gzip.NewReader(answer.Body)
	require.NoError(t, err)
	r.Multistream(false) // the library of Ruby reads one
	return r
}

// reply is the answer to a request.
type reply struct {
	t      *testing.T
	s      *server
	call   string
	status int
	header http.Header
	text   []byte
}

// ok reads the body of an answer whose status must be 200 exactly.
func (r *reply) ok() value {
	r.t.Helper()
	return r.with(http.StatusOK)
}

// accepted reads the body of an answer whose status must be 202 exactly.
func (r *reply) accepted() value {
	r.t.Helper()
	return r.with(http.StatusAccepted)
}

// with reads the body of an answer that must have a status and be JSON, and say so.
func (r *reply) with(status int) value {
	r.t.Helper()
	require.Equal(r.t, status, r.status, "%s: %s", r.call, r.text)
	require.Regexp(r.t, `^application/json(;|$)`, r.header.Get("Content-Type"), r.call)
	return value{t: r.t, s: r.s, path: r.call, v: parse(r.t, r.call, r.text)}
}

// problem reads an error, which must be one of a status and a kind, have a message for people, and
// details that are an object if there are any.
func (r *reply) problem(status int, kind string) value {
	r.t.Helper()
	v := r.with(status)
	require.Equal(r.t, kind, v.field("kind").text(), r.call)
	require.NotEmpty(r.t, v.field("msg").text(), r.call)
	if v.has("details") {
		v.field("details").keys()
	}
	return v
}
