package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// Everyone may see and stop jobs of their own, and run tasks on the nodes of their team.
func ExampleOptions_authorize() {
	authorize := func(p httpapi.Principal, a httpapi.Action) error {
		switch a.Verb {
		case httpapi.VerbView, httpapi.VerbStop:
			if a.Job.Owner.ID == p.Owner.ID {
				return nil
			}
		case httpapi.VerbTask:
			for name, err := range a.Nodes {
				if err != nil {
					return err
				}
				if !strings.HasPrefix(name, p.Owner.Login+"-") {
					return httpapi.ErrForbidden
				}
			}
			return nil
		}
		return httpapi.ErrForbidden
	}

	o, err := orchestrator.New(memory.New(), new(orchestratortest.Runner), nil)
	if err != nil {
		panic(err)
	}
	h := httpapi.New(o, &httpapi.Options{
		Authenticate: func(r *http.Request) (httpapi.Principal, error) {
			user, _, _ := r.BasicAuth() // a program of your own would look at the password
			return httpapi.Principal{Owner: orchestrator.Owner{ID: user, Login: user}}, nil
		},
		Authorize: authorize,
	})
	send := func(user, method, path, body string) {
		r := httptest.NewRequest(method, "/orchestrator/v1"+path, strings.NewReader(body))
		r.SetBasicAuth(user, "")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		text, _ := io.ReadAll(w.Body)
		fmt.Println(user, w.Code, string(text))
	}
	send("web", "POST", "/command/task", `{"task": "restart", "scope": {"nodes": ["web-1", "web-2"]}}`)
	send("web", "POST", "/command/task", `{"task": "restart", "scope": {"nodes": ["web-1", "db-1"]}}`)
	send("db", "GET", "/jobs/1", "")
	send("db", "GET", "/jobs", "")
	// Output:
	// web 202 {"job":{"id":"http://example.com/orchestrator/v1/jobs/1","name":"1"}}
	// web 403 {"kind":"puppetlabs.orchestrator/not-permitted","msg":"You are not permitted to do this."}
	// db 404 {"kind":"puppetlabs.orchestrator/unknown-job","msg":"Unknown job 1","details":{"job":"1"}}
	// db 200 {"items":[],"pagination":{"limit":null,"offset":0,"order":"desc","order_by":"name","total":0,"type":"","next":null}}
}
