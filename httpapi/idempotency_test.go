package httpapi_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
)

// send sends a request with headers, given as names and values in turn.
func (a *api) send(method, path, body string, header ...string) *httptest.ResponseRecorder {
	a.t.Helper()
	r := httptest.NewRequestWithContext(a.t.Context(), method, "/orchestrator/v1"+path, strings.NewReader(body))
	r.Host = "orchestrator.example.com:8143"
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	return w
}

var commandBodies = map[string]string{
	"/command/deploy": with(`"noop":true`),
	"/command/task":   tasked(`"task":"t","params":{"a":1}`),
}

func TestIdempotencyKey(t *testing.T) {
	for path, body := range commandBodies {
		t.Run(path, func(t *testing.T) {
			a := newAPI(t, setup{idle: true})
			first := a.send(http.MethodPost, path, body, "Idempotency-Key", "one")
			require.Equal(t, http.StatusAccepted, first.Code, first.Body)
			again := a.send(http.MethodPost, path, " "+body, "idempotency-key", "one")
			assert.Equal(t, http.StatusAccepted, again.Code)
			assert.Equal(t, first.Body.String(), again.Body.String())

			other := a.send(http.MethodPost, path, strings.Replace(body, `"a"`, `"b"`, 1), "Idempotency-Key", "one")
			assert.Equal(t, http.StatusConflict, other.Code)
			answer := parsed(t, other.Body)
			assert.Equal(t, validation, at(t, answer, "kind"))
			assert.Equal(t, "The Idempotency-Key was used before, for another request.", at(t, answer, "msg"))

			for _, header := range [][]string{{"Idempotency-Key", "two"}, nil, nil} {
				assert.Equal(t, http.StatusAccepted, a.send(http.MethodPost, path, body, header...).Code)
			}
			assert.Equal(t, "4 3 2 1", names(t, a.get("/jobs")))
		})
	}
}

// The same key cannot be used for a deploy and a task.
func TestIdempotencyKeyOfAnotherCommand(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	require.Equal(t, http.StatusAccepted, a.send(http.MethodPost, "/command/deploy", with(`"noop":true`), "Idempotency-Key", "k").Code)
	a.goldenAnswer("key-reused", a.send(http.MethodPost, "/command/task", tasked(`"task":"t"`), "Idempotency-Key", "k"), http.StatusConflict)
}

func TestBadIdempotencyKeys(t *testing.T) {
	for path, body := range commandBodies {
		a := newAPI(t, setup{idle: true})
		for says, header := range map[string][]string{
			`idempotency-key must not be empty (given: "")`:                           {"Idempotency-Key", ""},
			"idempotency-key must not be given more than once":                        {"Idempotency-Key", "a", "Idempotency-Key", "a"},
			`idempotency-key must consist of visible ASCII characters (given: "a b")`: {"Idempotency-Key", "a b"},
			"idempotency-key must consist of visible ASCII characters (given: \"ü":    {"Idempotency-Key", "ü"},
			"idempotency-key must not be longer than 255 bytes":                       {"Idempotency-Key", strings.Repeat("k", 256)},
		} {
			w := a.send(http.MethodPost, path, body, header...)
			assert.Equal(t, http.StatusBadRequest, w.Code, says)
			answer := parsed(t, w.Body)
			assert.Contains(t, at(t, answer, "msg"), says)
			assert.Equal(t, "idempotency-key", at(t, answer, "details", "field"))
		}
		assert.Equal(t, http.StatusAccepted, a.send(http.MethodPost, path, body, "Idempotency-Key", strings.Repeat("~", 255)).Code)
	}
}

// A stop is idempotent without a key.
func TestIdempotencyKeyOfAStop(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	a.deploy("a")
	a.deploy("a")
	for _, body := range []string{`{"job":"1"}`, `{"job":"1"}`, `{"job":"2"}`} {
		assert.Equal(t, http.StatusAccepted, a.send(http.MethodPost, "/command/stop", body, "Idempotency-Key", "one").Code)
	}
}

// Keys belong to who has sent them, also where principals have no id.
func TestIdempotencyKeysOfPrincipalsWithoutAnID(t *testing.T) {
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Authenticate: func(r *http.Request) (httpapi.Principal, error) {
		return httpapi.Principal{Owner: orchestrator.Owner{Login: r.Header.Get("X-Authentication")}}, nil
	}}})
	for _, who := range []string{"alice", "bob", "alice"} {
		w := a.send(http.MethodPost, "/command/deploy", with(`"noop":true`), "Idempotency-Key", "k", "X-Authentication", who)
		require.Equal(t, http.StatusAccepted, w.Code, w.Body)
	}
	assert.Equal(t, "2 1", names(t, parsed(t, a.send(http.MethodGet, "/jobs", "", "X-Authentication", "alice").Body)))
}

// A request that is repeated does not depend on what its scope has become.
func TestIdempotencyKeyOfAScopeThatIsNotThereAnyMore(t *testing.T) {
	r := &resolver{nodes: []string{"a"}}
	a := newAPI(t, setup{idle: true, core: orchestrator.Options{Resolver: r}})
	ask := func(query string) *httptest.ResponseRecorder {
		return a.send(http.MethodPost, "/command/deploy", scoped(`{"query":"`+query+`"}`), "Idempotency-Key", "k")
	}
	first := ask("nodes{}")
	require.Equal(t, http.StatusAccepted, first.Code, first.Body)
	for _, err := range []error{nil, orchestrator.ErrUnresolved, errors.New("down")} {
		r.nodes, r.err = nil, err
		again := ask("nodes{}")
		assert.Equal(t, http.StatusAccepted, again.Code)
		assert.Equal(t, first.Body.String(), again.Body.String())
		assert.Equal(t, http.StatusConflict, ask("other{}").Code)
	}
}
