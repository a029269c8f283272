package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

const taskBody = `{"environment":"staging","task":"package::install","params":{"name":"openssl","version":{"at_least": 3},"repo_key":"` + secret + `"},` +
	`"sensitive":["repo_key","not_given"],"scope":{"nodes":["web1.example.com","gone.example.com"]},"description":"patch day","noop":null,` +
	`"targets":[{"hostnames":["web1.example.com"],"transport":"ssh","user":"root","password":"` + secret + `"}],"timeout":90,"concurrency":3,` +
	`"userdata":{"ticket":"OPS-8"},"plan_job":"77"}`

func TestGoldenTaskRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{runner: script(), idle: true, opts: httpapi.Options{Owner: fullOwner}})
		a.golden("task-accepted", http.MethodPost, "/command/task", taskBody, http.StatusAccepted)
		later(time.Second)
		a.golden("task-ready-job", http.MethodGet, "/jobs/1", "", http.StatusOK)
		a.start()
		orchestratortest.Await(t, a.o, 1)
		a.golden("task-sensitive-job", http.MethodGet, "/jobs/1", "", http.StatusOK)
		a.golden("task-name-refused", http.MethodPost, "/command/task", tasked(`"task":"No Task"`), http.StatusBadRequest)
		a.golden("task-targets-refused", http.MethodPost, "/command/task",
			tasked(`"task":"t","targets":[{"hostnames":["a"],"port":"`+secret+`"}]`), http.StatusBadRequest)
	})
}

// tasked returns the body of a task on one node, with some members more.
func tasked(members string) string { return `{"scope":{"nodes":["a"]},` + members + `}` }

func TestTaskRefused(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	for body, want := range map[string]struct{ kind, says string }{
		``:                                  {validation, "body must be a JSON object, and is empty"},
		`null`:                              {validation, "body must be a JSON object"},
		tasked(`"task":"t","noop":tru}`):    {validation, "body must be a JSON object, and is wrong at byte 47"},
		`{}`:                                {validation, "task must be given"},
		tasked(`"task":null`):               {validation, "task must be given"},
		tasked(`"task":7`):                  {validation, "task must be a string (given: 7)"},
		tasked(`"task":""`):                 {validation, `"" is not a valid task name.`},
		tasked(`"task":"Pkg"`):              {validation, `"Pkg" is not a valid task name.`},
		tasked(`"task":"a:b"`):              {validation, `"a:b" is not a valid task name.`},
		tasked(`"task":"a\"b"`):             {validation, `"a"b" is not a valid task name.`},
		`{"task":"t"}`:                      {validation, "scope must be given, with one of nodes, query, node_group"},
		`{"task":"t","scope":{}}`:           {validation, "scope must be given"},
		`{"task":"t","target":"App"}`:       {validation, "scope must be given"},
		`{"task":"t","scope":{"nodes":[]}}`: {emptyTarget, "No nodes were found for the specified target. Nothing to do."},
		`{"task":"t","scope":{"application":"App"}}`:                               {validation, "scope.application is not a scope of tasks, which must have one of nodes, query, node_group"},
		`{"task":"t","scope":{"whole_environment":true}}`:                          {validation, "scope.whole_environment is not a scope of tasks"},
		`{"task":"t","scope":{"query":"nodes{}"}}`:                                 {noResolver, "cannot find out which nodes are in the scope"},
		`{"task":"t","scope":{"nodes":["a"],"node_group":"g"}}`:                    {validation, "scope must have only one of nodes, query, node_group, and has both nodes and node_group"},
		tasked(`"task":"t","environment":"a b"`):                                   {validation, "environment must consist of letters"},
		tasked(`"task":"t","environment":1`):                                       {validation, "environment must be a string (given: 1)"},
		tasked(`"task":"t","noop":"yes"`):                                          {validation, `noop must be a boolean (given: "yes")`},
		tasked(`"task":"t","timeout":-1`):                                          {validation, "timeout must be between 0 and 31622400 seconds"},
		tasked(`"task":"t","timeout":"1h"`):                                        {validation, "timeout must be an integer"},
		tasked(`"task":"t","concurrency":-1`):                                      {validation, "concurrency must not be negative"},
		tasked(`"task":"t","description":[]`):                                      {validation, "description must be a string"},
		tasked(`"task":"t","userdata":[]`):                                         {validation, "userdata must be an object (given: [])"},
		tasked(`"task":"t","params":{"a":"` + strings.Repeat("x", 256<<10) + `"}`): {validation, "params must not be longer than 256 KiB"},
	} {
		httpTest{http.MethodPost, "/command/task", body, http.StatusBadRequest, want.kind, want.says}.run(t, a)
	}
	assert.Equal(t, json.Number("0"), at(t, a.get("/jobs"), "pagination", "total"), "nothing was created")
}

func TestTaskAllOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := new(orchestratortest.Runner)
		a := newAPI(t, setup{runner: runner})
		w := a.do(http.MethodPost, "/command/task", taskBody)
		require.Equal(t, http.StatusAccepted, w.Code, w.Body)
		require.JSONEq(t, `{"job":{"id":"http://orchestrator.example.com:8143/orchestrator/v1/jobs/1","name":"1"}}`, w.Body.String())
		job := orchestratortest.Await(t, a.o, 1)

		assert.Equal(t, orchestrator.CommandTask, job.Command)
		assert.Equal(t, "staging", job.Environment)
		assert.Equal(t, "patch day", job.Description)
		assert.False(t, job.Noop)
		assert.Equal(t, 3, job.Concurrency)
		assert.Equal(t, 90*time.Second, job.Timeout)
		assert.JSONEq(t, `{"ticket":"OPS-8"}`, string(job.Userdata))
		assert.Equal(t, "package::install", job.Task.Name)
		assert.JSONEq(t, `{"name":"openssl","version":{"at_least":3}}`, string(job.Task.Params))
		assert.Equal(t, []string{"repo_key"}, job.Task.Sensitive)
		assert.Equal(t, orchestrator.JobReady, job.Status[0].State)

		require.NotEmpty(t, runner.Runs())
		run := runner.Runs()[0]
		assert.JSONEq(t, `{"name":"openssl","version":{"at_least":3},"repo_key":"`+secret+`"}`, string(run.Spec.Task.Params))
		assert.JSONEq(t, `[{"hostnames":["web1.example.com"],"transport":"ssh","user":"root","password":"`+secret+`"}]`, string(run.Targets))
	})
}

func TestTaskDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := new(orchestratortest.Runner)
		a := newAPI(t, setup{runner: runner})
		nulls := `"task":"t","environment":null,"params":null,"sensitive":null,"targets":null,"noop":null,"timeout":null,"concurrency":null,"userdata":null,"description":null,"plan_job":null`
		for i, body := range []string{tasked(nulls), tasked(`"task":"t","params":{},"sensitive":[],"targets":[],"timeout":0,"environment":""`), tasked(`"task":"t"`)} {
			require.Equal(t, http.StatusAccepted, a.do(http.MethodPost, "/command/task", body).Code, body)
			id := orchestrator.JobID(i + 1)
			job := orchestratortest.Await(t, a.o, id)
			assert.Empty(t, job.Task.Secret, "there is nothing to be lost by a restart")
			assert.Nil(t, runner.Runs()[i].Targets)
			assert.Equal(t, parsed(t, strings.NewReader(`{
				"description": "", "environment": "production", "noop": false, "scope": {"nodes": ["a"]}, "task": "t", "params": {},
				"sensitive": [], "transport": "pxp", "scheduled-job-id": null
			}`)), at(t, a.get("/jobs/"+id.String()), "options"))
		}
	})
}
