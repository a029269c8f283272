package httpapi_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// ownJobsOnly lets a principal see and stop the jobs that it owns, and those with the role of an
// operator all of them. Everybody may create jobs, but nobody may touch the databases.
func ownJobsOnly(p httpapi.Principal, action httpapi.Action) error {
	const operator = 7
	if slices.Contains(p.Owner.RoleIDs, operator) {
		return nil
	}
	switch action.Verb {
	case httpapi.VerbDeploy, httpapi.VerbTask:
		for node, err := range action.Nodes {
			if err != nil {
				return err
			}
			if strings.HasPrefix(node, "db") {
				return fmt.Errorf("%s is a database: %w", node, httpapi.ErrForbidden)
			}
		}
		return nil
	case httpapi.VerbView, httpapi.VerbStop:
		if action.Job.Owner.ID == p.Owner.ID {
			return nil
		}
	}
	return httpapi.ErrForbidden // to see all jobs at once, among others
}

// An API for people with tokens, each of whom sees their own jobs.
func ExampleTokens() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "tokens")

	// As examples/standalone does with -new-token.
	casey, line1, _ := httpapi.NewToken(orchestrator.Owner{Login: "casey"}, time.Now().Add(24*time.Hour))
	alex, line2, _ := httpapi.NewToken(orchestrator.Owner{Login: "alex", RoleIDs: []int{7}}, time.Time{})
	if err := os.WriteFile(file, []byte(line1+"\n"+line2+"\n"), 0o600); err != nil {
		panic(err)
	}

	tokens, err := httpapi.OpenTokens(file, nil)
	if err != nil {
		panic(err)
	}
	o, err := orchestrator.New(memory.New(), orchestrator.RunnerFunc(succeed), nil)
	if err != nil {
		panic(err)
	}
	api := httpapi.New(o, &httpapi.Options{Authenticate: tokens.Authenticate, Authorize: ownJobsOnly})

	ask := func(token, method, path, body string) {
		r := httptest.NewRequest(method, "https://jobs.example.com/orchestrator/v1"+path, strings.NewReader(body))
		r.Header.Set("X-Authentication", token)
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	ask(alex, "POST", "/command/deploy", `{"environment": "production", "scope": {"nodes": ["db1.example.com"]}}`)
	ask(casey, "POST", "/command/deploy", `{"environment": "production", "scope": {"nodes": ["db1.example.com"]}}`)
	ask(casey, "GET", "/jobs/1/nodes", "")
	ask(casey, "POST", "/command/stop", `{"job": "1"}`)
	ask("something else", "GET", "/jobs", "")
	ask("", "GET", "/jobs", "")
	// Output:
	// 202 {"job":{"id":"https://jobs.example.com/orchestrator/v1/jobs/1","name":"1"}}
	// 403 {"kind":"puppetlabs.orchestrator/not-permitted","msg":"You are not permitted to do this."}
	// 404 {"kind":"puppetlabs.orchestrator/unknown-job","msg":"Unknown job 1","details":{"job":"1"}}
	// 404 {"kind":"puppetlabs.orchestrator/unknown-job","msg":"Unknown job 1","details":{"job":"1"}}
	// 401 {"kind":"puppetlabs.rbac/invalid-token","msg":"The provided token is not valid."}
	// 401 {"kind":"puppetlabs.rbac/user-unauthenticated","msg":"Route requires authentication"}
}

func succeed(context.Context, orchestrator.RunRequest) (orchestrator.RunResult, error) {
	return orchestrator.RunResult{}, nil
}

// A server that lets in who has a token, and programs with a certificate.
func ExampleFirstOf() {
	serve := func(o *orchestrator.Orchestrator) error {
		config, err := httpapi.TLSFiles{Cert: "server.pem", Key: "server.key", ClientCA: "clients.pem"}.Config()
		if err != nil {
			return err
		}
		tokens, err := httpapi.OpenTokens("tokens", nil)
		if err != nil {
			return err
		}
		certs := &httpapi.ClientCerts{Owners: map[string]orchestrator.Owner{
			"dashboard.example.com": {DisplayName: "The dashboard"},
		}}
		listener, err := tls.Listen("tcp", ":8143", config)
		if err != nil {
			return err
		}
		mux := http.NewServeMux()
		mux.Handle("/orchestrator/v1/", httpapi.New(o, &httpapi.Options{
			Authenticate: httpapi.FirstOf(tokens.Authenticate, certs.Authenticate),
			Authorize:    ownJobsOnly,
		}))
		server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
		return server.Serve(listener)
	}
	fmt.Println(serve(nil) != nil) // there is no such certificate here
	// Output: true
}

// An Authenticate of one's own: here, who sends a request is known by a proxy in front.
func ExampleOptions() {
	fromProxy := func(r *http.Request) (httpapi.Principal, error) {
		login := r.Header.Get("X-Remote-User")
		if login == "" {
			return httpapi.Principal{}, httpapi.ErrUnauthenticated
		}
		return httpapi.Principal{Owner: orchestrator.Owner{ID: login, Login: login}}, nil
	}
	o, err := orchestrator.New(memory.New(), orchestrator.RunnerFunc(succeed), nil)
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(httpapi.New(o, &httpapi.Options{Authenticate: fromProxy}))
	defer server.Close()
	res, err := http.Get(server.URL + "/orchestrator/v1/jobs")
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		panic(err)
	}
	fmt.Println(res.Status, string(body))
	// Output:
	// 401 Unauthorized {"kind":"puppetlabs.rbac/user-unauthenticated","msg":"Route requires authentication"}
}
