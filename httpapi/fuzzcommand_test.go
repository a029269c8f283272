package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// fuzzSecret is long and strange enough to be nowhere by chance.
const fuzzSecret = "qVx7~kZw9"

// Whatever a task's body is made of, a secret in its sensitive parameters or its targets is in no answer.
func FuzzTaskBody(f *testing.F) {
	for _, body := range []string{
		taskBody, tasked(`"task":"t"`), `{"task":"t","scope":{"query":["from"]}}`, `{"task":"a::b","scope":{"node_group":"g"}}`, "{}", "null", "[",
		tasked(`"task":"t","timeout":-9223372036854775808,"concurrency":0.5`), tasked(`"task":"t","plan_job":{},"noop":null,"environment":""`),
		tasked(`"task":"t","params":{"a":"\ud800"},"targets":[]`),
	} {
		f.Add(body, `"`+fuzzSecret+`"`, "key")
	}
	f.Add(`{"task":"t"}`, `{"hostnames":["a"],"password":"`+fuzzSecret+`"}`, "")
	f.Add(`{"task":"t"}`, `[{"hostnames":["`+fuzzSecret+`"]}]`, " ")
	f.Fuzz(func(t *testing.T, body, value, key string) {
		a := newAPI(t, setup{idle: true})
		a.fuzzBody(t, "/command/task", body)
		var members map[string]json.RawMessage
		if !strings.Contains(value, fuzzSecret) || json.Unmarshal([]byte(body), &members) != nil || members == nil || strings.Contains(body, fuzzSecret) {
			return
		}
		var request bytes.Buffer
		delete(members, "sensitive")
		delete(members, "params")
		delete(members, "targets")
		request.WriteString(`{"sensitive":["p"],"params":{"p":` + value + `},"targets":` + value)
		for name, text := range members {
			quoted, err := json.Marshal(name)
			if err != nil {
				t.Fatal(err)
			}
			request.WriteString("," + string(quoted) + ":" + string(text))
		}
		request.WriteString("}")
		for _, r := range []*http.Request{
			httptest.NewRequest(http.MethodPost, "/orchestrator/v1/command/task", &request),
			httptest.NewRequest(http.MethodGet, "/orchestrator/v1/jobs", nil),
			httptest.NewRequest(http.MethodGet, "/orchestrator/v1/jobs/1/nodes", nil),
		} {
			r.Header["Idempotency-Key"] = []string{key}
			w := httptest.NewRecorder()
			a.h.ServeHTTP(w, r)
			if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s: %d %s", r.URL, w.Code, w.Body)
			}
			if strings.Contains(w.Body.String(), fuzzSecret) {
				t.Errorf("%s: %d shows the secret: %s", r.URL, w.Code, w.Body)
			}
		}
	})
}

func FuzzInventoryBody(f *testing.F) {
	for _, body := range []string{"", "{}", "null", `{"nodes":["a","b","a"]}`, `{"nodes":[]}`, `{"nodes":null}`, `{"nodes":["` + "\xff" + `"]}`} {
		f.Add(body)
	}
	a := newAPI(f, setup{runner: new(broker), idle: true})
	f.Fuzz(func(t *testing.T, body string) {
		a.fuzzBody(t, "/inventory", body)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = "/orchestrator/v1/inventory/" + body
		a.fuzzed(t, r)
	})
}
