package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// chunk is how much of a long answer is collected before it is written.
const chunk = 32 << 10

// asGzip are the headers of a client that takes gzip.
var asGzip = []string{"Accept-Encoding", "br;q=1.0, gzip;q=0.8, *;q=0.1"}

// unzipped reads a text to its end. Not every client reads more than one member, so there must be one.
func unzipped(t *testing.T, r io.Reader) string {
	t.Helper()
	z, err := gzip.NewReader(r)
	require.NoError(t, err)
	z.Multistream(false)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Empty(t, rest)
	return string(text)
}

// manyNodes returns an api on which a job of many nodes has ended, and some small ones.
func manyNodes(t *testing.T) *api {
	t.Helper()
	a := newAPI(t, setup{})
	nodes := make([]string, 2000)
	for i := range nodes {
		nodes[i] = fmt.Sprintf("node%04d.example.com", i)
	}
	for i := range 10 {
		await(t, a, a.deploy(nodes[:i+1]...))
	}
	await(t, a, a.deploy(nodes...))
	return a
}

// zippable are the paths below that of the big job, or of the jobs, whose answers are compressed.
var zippable = []string{"/jobs", "/jobs?limit=5", "/jobs/11/nodes", "/jobs/11/nodes?limit=3", "/jobs/11/report", "/jobs/11/events", "/events", "/events?limit=20"}

// Compressed or not, an answer is the same text.
func TestGzip(t *testing.T) {
	a := manyNodes(t)
	for _, path := range zippable {
		t.Run(path, func(t *testing.T) {
			a.t = t
			plain := a.send(http.MethodGet, path, "")
			assert.Empty(t, plain.Header().Values("Content-Encoding"))
			assert.Equal(t, "Accept-Encoding", plain.Header().Get("Vary"))

			small := a.send(http.MethodGet, path, "", asGzip...)
			assert.Equal(t, http.StatusOK, small.Code)
			assert.Equal(t, "gzip", small.Header().Get("Content-Encoding"))
			assert.Equal(t, "Accept-Encoding", small.Header().Get("Vary"))
			assert.Equal(t, plain.Header().Get("Content-Type"), small.Header().Get("Content-Type"))
			assert.Less(t, small.Body.Len(), plain.Body.Len()/2)
			if length := small.Header().Get("Content-Length"); length != "" {
				assert.Equal(t, strconv.Itoa(small.Body.Len()), length)
			}
			assert.Equal(t, plain.Header().Get("Content-Length") == "", small.Header().Get("Content-Length") == "")
			assert.Equal(t, plain.Body.String(), unzipped(t, small.Body))
		})
	}
}

// HEAD has the headers of GET, save for a length that is not known before the answer is made.
func TestGzipHead(t *testing.T) {
	a := manyNodes(t)
	for _, path := range append([]string{"/jobs?limit=0", "/jobs?limit=1&after=1&order=asc"}, zippable...) {
		get := a.send(http.MethodGet, path, "", asGzip...)
		head := a.send(http.MethodHead, path, "", asGzip...)
		assert.Equal(t, get.Code, head.Code, path)
		assert.Empty(t, head.Body.Bytes(), path)
		if get.Header().Get("Content-Encoding") != "" {
			get.Header().Del("Content-Length")
		}
		assert.Equal(t, get.Header(), head.Header(), path)
	}
}

// What is short is not worth it.
func TestShortAnswersAreNotCompressed(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	a.deploy("a")
	for _, path := range []string{"/jobs?limit=0", "/jobs?offset=5", "/jobs/1/nodes?limit=0", "/jobs/1", "/jobs/9", "/jobs/9/nodes", "/status"} {
		w := a.send(http.MethodGet, path, "", asGzip...)
		assert.Empty(t, w.Header().Get("Content-Encoding"), path)
		assert.True(t, strings.HasPrefix(w.Body.String(), "{"), path)
		assert.Equal(t, strconv.Itoa(w.Body.Len()), w.Header().Get("Content-Length"), path)
	}
}

// What is live is not compressed: what compresses it might hold it back.
func TestLiveAnswersAreNotCompressed(t *testing.T) {
	a := manyNodes(t)
	for _, path := range []string{"/jobs/11/events", "/jobs/11/events?wait=1", "/events?wait=1"} {
		for _, accept := range []string{"application/json", "text/event-stream", "application/x-ndjson"} {
			if strings.HasPrefix(path, "/events") && accept != "application/json" || !strings.Contains(path, "wait") && accept == "application/json" {
				continue
			}
			w := a.send(http.MethodGet, path, "", append([]string{"Accept", accept}, asGzip...)...)
			assert.Equal(t, http.StatusOK, w.Code, path)
			assert.Empty(t, w.Header().Get("Content-Encoding"), "%s %s", path, accept)
			assert.Empty(t, w.Header().Get("Vary"), "%s %s", path, accept)
			assert.Contains(t, w.Body.String(), `"node0000.example.com"`)
		}
	}
}

// A compressed list that fails half way must not look complete, neither as a body nor as a text in
// gzip, and what has come of it can be read.
func TestGzipHalfWay(t *testing.T) {
	for _, path := range streamed {
		t.Run(path, func(t *testing.T) {
			store := &endlessStore{Store: memory.New(), before: func(_ context.Context, i int) error {
				if i >= 1000 {
					return errors.New("disk on fire")
				}
				return nil
			}}
			server := serve(t, store, new(logged))
			res := server.get(t, path, asGzip...)
			defer res.Body.Close()
			require.Equal(t, "gzip", res.Header.Get("Content-Encoding"))
			body, err := io.ReadAll(res.Body)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			z, err := gzip.NewReader(bytes.NewReader(body))
			require.NoError(t, err)
			text, err := io.ReadAll(z)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.True(t, strings.HasPrefix(string(text), `{"`), "what came of it")
			assert.Greater(t, len(text), chunk, "more than the first item")
			<-server.returned
		})
	}
}

// get asks for a path as a client that unpacks nothing by itself.
func (s *streaming) get(t *testing.T, path string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+path, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	transport := s.Client().Transport.(*http.Transport).Clone()
	transport.DisableCompression = true
	t.Cleanup(transport.CloseIdleConnections)
	res, err := transport.RoundTrip(r)
	require.NoError(t, err)
	return res
}

// Many answers at once do not get into each other.
func TestGzipAtOnce(t *testing.T) {
	a := manyNodes(t)
	want := a.send(http.MethodGet, "/jobs/11/nodes", "").Body.String()
	var all sync.WaitGroup
	var answers [24]*httptest.ResponseRecorder
	for i := range answers {
		answers[i] = httptest.NewRecorder()
		all.Go(func() {
			r := httptest.NewRequest(http.MethodGet, "http://orchestrator.example.com:8143/orchestrator/v1/jobs/11/nodes", nil)
			r.Header.Set("Accept-Encoding", "gzip")
			a.h.ServeHTTP(answers[i], r)
		})
	}
	all.Wait()
	for _, w := range answers {
		assert.Equal(t, want, unzipped(t, w.Body))
	}
}
