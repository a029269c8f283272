package openapitest_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator/internal/openapitest"
)

const document = `{
"openapi": "3.1.0",
"paths": {
	"/": {"get": {"responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}}},
	"/things/{id}": {
		"parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
		"get": {
			"parameters": [{"$ref": "#/components/parameters/Limit"}, {"name": "X-Key", "in": "header", "schema": {"pattern": "^k"}}],
			"responses": {
				"200": {"description": "", "headers": {"x-age": {"required": true, "schema": {"type": "integer"}}, "Content-Encoding": {"schema": {"const": "gzip"}}}, "content": {
					"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
					"application/x-ndjson": {"schema": {"type": "string"}, "x-itemSchema": {"$ref": "#/components/schemas/Thing"}},
					"text/event-stream": {"schema": {"type": "string"}, "x-itemSchema": {"$ref": "#/components/schemas/Event"}}
				}},
				"204": {"description": ""}
			}
		},
		"put": {
			"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
			"responses": {"204": {"description": ""}, "404": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}, "503": {"description": ""}}
		}
	}
},
"components": {
	"parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0}}},
	"responses": {
		"NoSuchPath": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
		"MethodNotAllowed": {"description": "", "headers": {"Allow": {"required": true, "schema": {}}}, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
		"NotPermitted": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
		"AllowedMethods": {"description": "", "headers": {"Allow": {"required": true, "schema": {}}}}
	},
	"schemas": {
		"Thing": {"type": "object", "required": ["id"], "additionalProperties": false, "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}},
		"Event": {"type": "object", "required": ["id", "type"], "properties": {"id": {"type": "string"}, "type": {"type": "string"}, "position": {"type": "string"}}},
		"Error": {"type": "object", "required": ["error"], "additionalProperties": false, "properties": {"error": {"type": "string"}}}
	}
}}`

func load(t *testing.T) *openapitest.Contract {
	t.Helper()
	c, err := openapitest.Load([]byte(document))
	require.NoError(t, err)
	return c
}

// exchange describes one in the words of a table: request and answer, with header lines, if any, that
// begin with a > or a <.
func exchange(t *testing.T, request, sent string, status int, mediaType, body string, headers ...string) *openapitest.Exchange {
	t.Helper()
	method, target, _ := strings.Cut(request, " ")
	e := &openapitest.Exchange{Request: httptest.NewRequest(method, target, nil), Sent: []byte(sent), Status: status, Header: http.Header{}, Body: []byte(body)}
	if mediaType != "" {
		e.Header.Set("Content-Type", mediaType)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h[1:], ": ")
		if h[0] == '>' {
			e.Request.Header.Set(name, value)
		} else {
			e.Header.Set(name, value)
		}
	}
	return e
}

// zipped returns a text in gzip.
func zipped(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

const (
	asJSON   = "application/json; charset=utf-8"
	asStream = "text/event-stream"
	asLines  = "application/x-ndjson"
	age      = "<X-Age: 1"
)

func TestWhatIsDescribed(t *testing.T) {
	c := load(t)
	for i, e := range []*openapitest.Exchange{
		exchange(t, "GET /", "", 200, asJSON, `{"id":1}`),
		exchange(t, "GET /orchestrator/v1", "", 200, asJSON, `{"id":1,"name":"a"}`, "<Cache-Control: no-store"),
		exchange(t, "HEAD /a/orchestrator/v1/", "", 200, asJSON, ``),
		exchange(t, "GET /things/1?limit=2&other=x", "", 200, asJSON, `{"id":1}`, age, ">X-Key: k1"),
		exchange(t, "GET /things/1", "", 200, asJSON, zipped(t, `{"id":1}`), age, "<Content-Encoding: gzip"),
		exchange(t, "GET /things/%31", "", 200, asLines, "{\"id\":1}\n\n{\"id\":2}\n", age),
		exchange(t, "GET /things/1", "", 200, asStream, "id: 7\n\n:\n\nretry: 1\n\nid: 1\nevent: a\ndata: {\"id\":\"1\",\"type\":\"a\"}\n\n", age),
		exchange(t, "GET /things/1", "", 200, asStream, "id: 5\nevent: a\ndata: {\"id\":\"1\",\"type\":\"a\",\"position\":\"5\"}\n\n", age),
		exchange(t, "GET /things/1", "", 204, "", ""),
		exchange(t, "PUT /things/1", `{"id":1}`, 204, "", ""),
		exchange(t, "PUT /things/x", `nothing`, 404, asJSON, `{"id":1}`),
		exchange(t, "OPTIONS /things/1", "", 204, "", "", "<Allow: GET, PUT"),
		exchange(t, "POST /things/1", "", 405, asJSON, `{"error":"no"}`, "<Allow: GET, PUT"),
		exchange(t, "GET /nothing", "", 404, asJSON, `{"error":"no"}`),
		exchange(t, "GET /nothing", "", 403, asJSON, `{"error":"no"}`),
		exchange(t, "POST /things/1", "", 403, asJSON, `{"error":"no"}`),
		exchange(t, "GET /things/1%2F2", "", 404, asJSON, `{"error":"no"}`),
		exchange(t, "GET /things/", "", 404, asJSON, `{"error":"no"}`),
		exchange(t, "GET //orchestrator/v1/things/1", "", 404, asJSON, `{"error":"no"}`),
	} {
		require.NoError(t, c.Check(e), i)
	}
	assert.Equal(t, []string{"GET /", "GET /things/{id}", "PUT /things/{id}"}, c.Operations())
	want := []string{
		"GET / 200 application/json", "GET /things/{id} 200 application/json", "GET /things/{id} 200 application/x-ndjson",
		"GET /things/{id} 200 text/event-stream", "GET /things/{id} 204", "PUT /things/{id} 204", "PUT /things/{id} 404 application/json",
	}
	assert.Equal(t, want, c.Seen())
	assert.Equal(t, append(want, "PUT /things/{id} 503"), c.Answers())
}

func TestWhatIsNotDescribed(t *testing.T) {
	c := load(t)
	for says, e := range map[string]*openapitest.Exchange{
		"missing property 'id'":                     exchange(t, "GET /", "", 200, asJSON, `{}`),
		"additional properties 'extra'":             exchange(t, "GET /", "", 200, asJSON, `{"id":1,"extra":2}`),
		"got string, want integer":                  exchange(t, "GET /", "", 200, asJSON, `{"id":"1"}`),
		"unexpected EOF":                            exchange(t, "GET /", "", 200, asJSON, `{"id":1`),
		"invalid character":                         exchange(t, "GET /", "", 200, asJSON, `{"id":1}{}`),
		"500: there is no such answer":              exchange(t, "GET /", "", 500, asJSON, `{"error":"no"}`),
		"405: there is no such answer":              exchange(t, "GET /", "", 405, asJSON, `{"error":"no"}`, "<Allow: GET"),
		"/nothing: 200: there is no such answer":    exchange(t, "GET /nothing", "", 200, asJSON, `{"id":1}`),
		"POST /: 200: there is no such answer":      exchange(t, "POST /", "", 200, asJSON, `{"id":1}`),
		"GET /: 403: there is no such answer":       exchange(t, "GET /", "", 403, asJSON, `{"error":"no"}`),
		"missing property 'error'":                  exchange(t, "GET /nothing", "", 404, asJSON, `{}`),
		"Content-Type \"text/html\" is not":         exchange(t, "GET /", "", 200, "text/html", `{"id":1}`),
		"Content-Type \"\" is not":                  exchange(t, "GET /", "", 200, "", `{"id":1}`),
		"HEAD /: 200: it has a body":                exchange(t, "HEAD /", "", 200, asJSON, `{"id":1}`),
		"204: it has a body":                        exchange(t, "GET /things/1", "", 204, "", `x`),
		"x-age is missing":                          exchange(t, "GET /things/1", "", 200, asJSON, `{"id":1}`),
		"x-age \"old\"":                             exchange(t, "GET /things/1", "", 200, asJSON, `{"id":1}`, "<X-Age: old"),
		"the header Set-Cookie is not described":    exchange(t, "GET /", "", 200, asJSON, `{"id":1}`, "<Set-Cookie: a"),
		"Allow is missing":                          exchange(t, "POST /", "", 405, asJSON, `{"error":"no"}`),
		"accepted, though limit \"x\"":              exchange(t, "GET /things/1?limit=x", "", 200, asJSON, `{"id":1}`, age),
		"accepted, though limit \"-1\"":             exchange(t, "GET /things/1?limit=-1", "", 204, "", ""),
		"accepted, though id \"x\"":                 exchange(t, "GET /things/x", "", 204, "", ""),
		"accepted, though X-Key \"x\"":              exchange(t, "GET /things/1", "", 204, "", "", ">X-Key: x"),
		"accepted, though the body {}: json":        exchange(t, "PUT /things/1", `{}`, 204, "", ""),
		"accepted, though the body x: invalid":      exchange(t, "PUT /things/1", `x`, 204, "", ""),
		"body: unexpected EOF":                      exchange(t, "GET /things/1", "", 200, asJSON, zipped(t, `{"id":1}`)[:20], age, "<Content-Encoding: gzip"),
		"gzip: invalid header":                      exchange(t, "GET /things/1", "", 200, asJSON, `{"id":1,"name":"b"}`, age, "<Content-Encoding: gzip"),
		"Content-Encoding \"br\"":                   exchange(t, "GET /things/1", "", 200, asJSON, `{"id":1}`, age, "<Content-Encoding: br"),
		"it ends within {\"id\":1}":                 exchange(t, "GET /things/1", "", 200, asLines, `{"id":1}`, age),
		"{\"id\":true}: json":                       exchange(t, "GET /things/1", "", 200, asLines, "{\"id\":1}\n{\"id\":true}\n", age),
		"it ends within id: 1":                      exchange(t, "GET /things/1", "", 200, asStream, "id: 1\n", age),
		"\"ID: 1\" is no field":                     exchange(t, "GET /things/1", "", 200, asStream, "ID: 1\n\n", age),
		"\"id: 2\" is no field":                     exchange(t, "GET /things/1", "", 200, asStream, "id: 1\nid: 2\n\n", age),
		"an event without data":                     exchange(t, "GET /things/1", "", 200, asStream, "event: a\n\n", age),
		"missing property 'type'":                   exchange(t, "GET /things/1", "", 200, asStream, "id: 1\nevent: a\ndata: {\"id\":\"1\"}\n\n", age),
		"not those of its data: id: 2\nevent: a":    exchange(t, "GET /things/1", "", 200, asStream, "id: 2\nevent: a\ndata: {\"id\":\"1\",\"type\":\"a\"}\n\n", age),
		"not those of its data: id: 1\nevent: b":    exchange(t, "GET /things/1", "", 200, asStream, "id: 1\nevent: b\ndata: {\"id\":\"1\",\"type\":\"a\"}\n\n", age),
		"not those of its data: id: 1\nevent: a\nd": exchange(t, "GET /things/1", "", 200, asStream, "id: 1\nevent: a\ndata: {\"id\":\"1\",\"type\":\"a\",\"position\":\"5\"}\n\n", age),
	} {
		require.ErrorContains(t, c.Check(e), says)
	}
	for _, seen := range c.Seen() {
		assert.NotContains(t, seen, "GET / ", "what is wrong does not count as seen")
	}
}

// What was not written to its end is checked as far as it goes.
func TestAnswersThatAreCut(t *testing.T) {
	c := load(t)
	for _, e := range []*openapitest.Exchange{
		exchange(t, "GET /", "", 200, asJSON, `{"id":`),
		exchange(t, "GET /things/1", "", 200, asLines, "{\"id\":1}\n{", age),
	} {
		e.Cut = true
		require.NoError(t, c.Check(e))
	}
	assert.Empty(t, c.Seen())
	bad := exchange(t, "GET /things/1", "", 200, asLines, "{\"id\":true}\n{", age)
	bad.Cut = true
	require.Error(t, c.Check(bad))

	gone := exchange(t, "GET /", "", 503, "", "")
	require.Error(t, c.Check(gone))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	gone.Request = gone.Request.WithContext(ctx)
	assert.NoError(t, c.Check(gone))
}

func TestBadDocuments(t *testing.T) {
	for text, says := range map[string]string{
		`{`: "unexpected EOF",
		`{"paths":{"/":{"get":{"responses":{"default":{}}}}}}`:                                                                                                    "no status",
		`{"paths":{"/":{"get":{"responses":{"200":{"$ref":"#/components/responses/None"}}}}}}`:                                                                    "leads nowhere",
		`{"paths":{"/":{"get":{"responses":{"200":{"content":{"a/b":{"schema":{"type":"thing"}}}}}}}}}`:                                                           "not valid against metaschema",
		`{"paths":{"/":{"get":{"responses":{"200":{"content":{"a/b":{"schema":{"$ref":"#/components/schemas/None"}}}}}}}},"components":{"schemas":{"Other":{}}}}`: "None",
	} {
		_, err := openapitest.Load([]byte(text))
		assert.ErrorContains(t, err, says)
	}
}

// reports keeps what is reported.
type reports []string

func (r *reports) Errorf(format string, args ...any) { *r = append(*r, fmt.Sprintf(format, args...)) }

func TestHandlerReports(t *testing.T) {
	c := load(t)
	var got reports
	answer := func(method, body string, h http.HandlerFunc) {
		c.Handler(&got, h).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "/things/1", strings.NewReader(body)))
	}
	answer("PUT", `{"id":1}`, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		w.WriteHeader(http.StatusNoContent)
	})
	require.Len(t, got, 1, "the body was not read")
	assert.Contains(t, got[0], "PUT /things/1: 204: accepted, though the body")
	answer("GET", "", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) })
	require.Len(t, got, 2)
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
		answer("GET", "", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	})
	assert.Len(t, got, 2)
}
