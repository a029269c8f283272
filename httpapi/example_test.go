package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// The API beside the other handlers of a server, under the path that its clients expect.
func ExampleNew() {
	run := func(_ context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
		return orchestrator.RunResult{Message: "hello, " + req.Node}, nil
	}
	o, err := orchestrator.New(memory.New(), orchestrator.RunnerFunc(run), nil)
	if err != nil {
		panic(err)
	}

	mux := http.NewServeMux()
	mux.Handle("/orchestrator/v1/", httpapi.New(o, nil))
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })

	server := httptest.NewServer(mux)
	defer server.Close()
	res, err := http.Post(server.URL+"/orchestrator/v1/command/deploy", "application/json",
		strings.NewReader(`{"environment": "production", "scope": {"nodes": ["web1.example.com"]}}`))
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		panic(err)
	}
	fmt.Println(res.StatusCode, strings.ReplaceAll(string(body), server.URL, "http://HOST"))
	// Output:
	// 202 {"job":{"id":"http://HOST/orchestrator/v1/jobs/1","name":"1"}}
}
