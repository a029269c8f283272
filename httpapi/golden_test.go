package httpapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// The result of a run of the agent, as a runner gives it.
const runResult = `{"hash":"c01241a705186428975ef9cb731e4b3ecf3cb428","noop":false,"status":"changed",` +
	`"metrics":{"corrective_change":1,"out_of_sync":2,"restarted":0,"skipped":3,"total":208,"changed":2,"scheduled":0,"failed_to_restart":0,"failed":0},` +
	`"report-url":"https://console.example.com/#/cm/report/c01241a705186428975ef9cb731e4b3ecf3cb428","environment":"production",` +
	`"configuration_version":"1471296883","transaction_uuid":"9ffbbbfe-0337-4610-a9d7-e17c11813cdd"}`

const deployBody = `{"environment":"production","scope":{"nodes":["web1.example.com","web2.example.com","db1.example.com","gone.example.com","last.example.com"]},` +
	`"concurrency":4,"description":"weekly <run>","userdata":{"ticket": "OPS-7"},"timeout":3600,"tags":"base,web","use_cached_catalog":false}`

// golden compares an answer with testdata/golden/NAME.json.
func (a *api) golden(name, method, path, body string, status int) {
	a.t.Helper()
	a.goldenAnswer(name, a.do(method, path, body), status)
}

// goldenAnswer compares an answer that was asked for in a way of its own.
func (a *api) goldenAnswer(name string, w *httptest.ResponseRecorder, status int) {
	a.t.Helper()
	assert.Equal(a.t, status, w.Code, name)
	assert.Equal(a.t, "application/json; charset=utf-8", w.Header().Get("Content-Type"), name)
	var got bytes.Buffer
	require.NoError(a.t, json.Indent(&got, w.Body.Bytes(), "", "  "), name)
	got.WriteByte('\n')
	file := filepath.Join("testdata", "golden", name+".json")
	if *update {
		require.NoError(a.t, os.WriteFile(file, got.Bytes(), 0o644))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(a.t, err)
	assert.Equal(a.t, string(want), got.String(), name)
}

func (a *api) goldenJob(prefix, job string) {
	a.t.Helper()
	a.golden(prefix+"-job", http.MethodGet, "/jobs/"+job, "", http.StatusOK)
	a.golden(prefix+"-nodes", http.MethodGet, "/jobs/"+job+"/nodes", "", http.StatusOK)
	a.golden(prefix+"-report", http.MethodGet, "/jobs/"+job+"/report", "", http.StatusOK)
	a.golden(prefix+"-events", http.MethodGet, "/jobs/"+job+"/events", "", http.StatusOK)
}

func script() *orchestratortest.Runner {
	return &orchestratortest.Runner{Nodes: map[string]orchestratortest.Step{
		"web1.example.com": {Takes: 7767 * time.Millisecond, Result: runResult},
		"web2.example.com": {Takes: 99 * time.Millisecond, Result: `{"_output":"no agent \u003chere\u003e"}`, Message: "nothing to do"},
		"db1.example.com":  {Takes: 3 * time.Second, Failed: true, Result: runResult, Message: "2 resources failed"},
		"gone.example.com": {Takes: time.Second, Err: errors.New("gone.example.com is not connected to the PCP broker")},
		"last.example.com": {Takes: 2 * time.Second},
	}}
}

// later lets time pass, and everything happen that is due by then.
func later(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestGoldenDeploy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{runner: script(), opts: httpapi.Options{Owner: fullOwner}})
		a.golden("deploy-accepted", http.MethodPost, "/command/deploy", deployBody, http.StatusAccepted)
		later(1500 * time.Millisecond)
		a.goldenJob("deploy-running", "1")
		orchestratortest.Await(t, a.o, 1)
		later(time.Minute)
		a.goldenJob("deploy-failed", "1")
		a.golden("deploy-failed-later-events", http.MethodGet, "/jobs/1/events?start=11", "", http.StatusOK)
		a.golden("deploy-failed-no-more-events", http.MethodGet, "/jobs/1/events?start=12", "", http.StatusOK)
	})
}

func TestGoldenNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{idle: true})
		a.deploy("web1.example.com", "web2.example.com")
		later(2 * time.Second)
		a.goldenJob("deploy-new", "1")
	})
}

func TestGoldenStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{runner: &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Minute}}})
		for range 2 {
			_, err := a.o.Deploy(t.Context(), orchestrator.DeployRequest{
				Environment: "staging", Scope: orchestrator.Scope{Nodes: []string{"a", "b", "c"}}, Concurrency: 1,
			})
			require.NoError(t, err)
		}
		later(time.Second)
		a.golden("stop-accepted", http.MethodPost, "/command/stop", `{"job":"1"}`, http.StatusAccepted)
		a.golden("stop-forced", http.MethodPost, "/command/stop", `{"job":2,"force":true}`, http.StatusAccepted)
		later(time.Second)
		a.goldenJob("stopping", "1")
		orchestratortest.Await(t, a.o, 1)
		orchestratortest.Await(t, a.o, 2)
		a.goldenJob("stopped", "1")
		a.goldenJob("aborted", "2")
		a.golden("stop-again", http.MethodPost, "/command/stop", `{"job":"1"}`, http.StatusAccepted)
	})
}

func TestGoldenTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{runner: script(), idle: true})
		a.createTask("web2.example.com", "gone.example.com", "last.example.com")
		a.start()
		later(1500 * time.Millisecond)
		a.goldenJob("task-running", "1")
		orchestratortest.Await(t, a.o, 1)
		a.goldenJob("task-failed", "1")
	})
}

// createTask stores a job that runs a task, as the orchestrator does.
func (a *api) createTask(nodes ...string) {
	a.t.Helper()
	_, err := a.store.CreateJob(a.t.Context(), orchestrator.Job{
		JobSpec: orchestrator.JobSpec{
			Command:     orchestrator.CommandTask,
			Environment: "production",
			Description: "task run",
			Scope:       orchestrator.Scope{Nodes: nodes},
			Owner:       fullOwner(nil),
			Task:        orchestrator.TaskOptions{Name: "package", Params: json.RawMessage(`{"action":"status","name":"openssl"}`)},
		},
		Progress: orchestrator.Progress{
			State:  orchestrator.JobReady,
			Status: []orchestrator.StateChange{{State: orchestrator.JobReady, At: time.Now().UTC()}},
		},
	}, nodes)
	require.NoError(a.t, err)
}

func TestGoldenJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{})
		a.golden("jobs-none", http.MethodGet, "/jobs", "", http.StatusOK)
		for _, node := range []string{"a", "b", "c"} {
			orchestratortest.Await(t, a.o, a.deploy(node))
			later(time.Hour)
		}
		a.golden("jobs", http.MethodGet, "/jobs", "", http.StatusOK)
		a.golden("jobs-page", http.MethodGet, "/jobs?limit=1&offset=1&order_by=timestamp", "", http.StatusOK)
	})
}

// fullOwner is a subject as it was recorded.
func fullOwner(*http.Request) orchestrator.Owner {
	return orchestrator.Owner{
		ID: "885c5177-1ea5-416f-bf09-2858bef5c46b", Login: "casey", DisplayName: "Casey London", Email: "casey@test.com",
		LastLogin: time.Date(2016, 11, 30, 4, 55, 3, 625e6, time.UTC), IsRemote: true,
		RoleIDs: []int{3, 1}, InheritedRoleIDs: []int{3, 2}, GroupIDs: []string{"76fa0087-980f-49c4-915a-b20de7405b31"},
	}
}
