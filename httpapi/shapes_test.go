package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// shape checks that what others have seen on the wire is in our answers too: every key of a
// recorded object, with a value of the same JSON type, unless one of the two is null.
type shape struct {
	t testing.TB

	// absent are the paths of keys that our answers lack for a reason.
	absent []string
}

func (s shape) check(path string, recorded, ours any) {
	s.t.Helper()
	switch recorded := recorded.(type) {
	case map[string]any:
		got, ok := ours.(map[string]any)
		if !assert.True(s.t, ok, "%s is no object", path) {
			return
		}
		for key, value := range recorded {
			below := path + "." + key
			if slices.Contains(s.absent, below) {
				continue
			}
			if assert.Contains(s.t, got, key, path) && value != nil && got[key] != nil {
				s.check(below, value, got[key])
			}
		}
	case []any:
		got, ok := ours.([]any)
		if assert.True(s.t, ok, "%s is no array", path) && len(recorded) > 0 {
			require.NotEmpty(s.t, got, path)
			for i, value := range recorded {
				s.check(fmt.Sprintf("%s[%d]", path, i), value, got[min(i, len(got)-1)])
			}
		}
	case string:
		got, ok := ours.(string)
		if assert.True(s.t, ok, "%s is no string", path) && timestamp.MatchString(recorded) {
			assert.Regexp(s.t, timestamp, got, path)
			assert.Len(s.t, got, len(recorded), path)
		}
	default:
		assert.IsType(s.t, recorded, ours, path)
	}
}

var timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$`)

// recorded reads a sample.
func recorded(t testing.TB, file string) any {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", file))
	require.NoError(t, err)
	defer f.Close()
	return parsed(t, f)
}

func TestShapesRecorded2016(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Second, Result: runResult}, Nodes: script().Nodes}
		a := newAPI(t, setup{runner: runner, opts: httpapi.Options{Owner: fullOwner}})
		deployed := a.do(http.MethodPost, "/command/deploy", `{"environment":"production","scope":{"nodes":["a","b"]}}`)
		orchestratortest.Await(t, a.o, 1)
		orchestratortest.Await(t, a.o, a.deploy("gone.example.com"))

		s := shape{t: t, absent: []string{"job.options.scope.whole_environment"}}
		s.check("deploy", recorded(t, "recorded-2016/job_deploy.json"), parsed(t, deployed.Body))
		s.check("job", recorded(t, "recorded-2016/job_details.json"), a.get("/jobs/1"))
		s.check("job", recorded(t, "recorded-2016/job_node_does_not_exist.json"), a.get("/jobs/2"))
		s.check("nodes", recorded(t, "recorded-2016/job_node_results.json"), a.get("/jobs/1/nodes"))
		s.check("nodes", recorded(t, "recorded-2016/nodes_does_not_exist.json"), a.get("/jobs/2/nodes"))
		s.check("report", recorded(t, "recorded-2016/job_report.json"), a.get("/jobs/1/report"))
	})
}

func TestShapesFixtures2020(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Second, Result: `{"latest":"1","status":"2","version":"3"}`}}
		a := newAPI(t, setup{runner: runner, idle: true})
		a.createTask("a", "b")
		a.start()
		orchestratortest.Await(t, a.o, 1)
		stopped := a.do(http.MethodPost, "/command/stop", `{"job":"1"}`)
		deployed := a.do(http.MethodPost, "/command/deploy", `{"environment":"production","scope":{"nodes":["a"]}}`)

		s := shape{t: t, absent: []string{"nodes.items[1].details.message", "error.details.environment"}}
		for _, job := range []string{"job", "jobs.items[0]", "jobs.items[1]"} {
			for _, state := range []string{"errored", "failed", "running"} {
				s.absent = append(s.absent, job+".node_states."+state)
			}
		}
		s.check("deploy", recorded(t, "fixtures-2020/command-deploy-response.json"), parsed(t, deployed.Body))
		s.check("stop", recorded(t, "fixtures-2020/command-stop-response.json"), parsed(t, stopped.Body))
		s.check("job", recorded(t, "fixtures-2020/job-response.json"), a.get("/jobs/1"))
		s.check("nodes", recorded(t, "fixtures-2020/jobs-nodes-response.json"), a.get("/jobs/1/nodes"))
		s.check("report", recorded(t, "fixtures-2020/job-report-response.json"), a.get("/jobs/1/report"))
		s.check("jobs", recorded(t, "fixtures-2020/jobs-response.json"), a.get("/jobs?order=asc&limit=1"))
		s.check("error", recorded(t, "fixtures-2020/error-response.json"),
			parsed(t, a.do(http.MethodGet, "/jobs/99", "").Body))
	})
}

func TestShapesOfRefusals(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	for file, body := range map[string]string{
		"job_failure_no_nodes_defined.json":       `{"environment":"production","scope":{"nodes":[]}}`,
		"job_failure_no_application_defined.json": `{"environment":"production","scope":{},"target":""}`,
	} {
		w := a.do(http.MethodPost, "/command/deploy", body)
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Equal(t, recorded(t, "recorded-2016/"+file), parsed(t, w.Body), "to the letter")
	}
}

// A client decodes some numbers into integers and others into floats, and ids into strings.
func TestTypesOfNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{})
		orchestratortest.Await(t, a.o, a.deploy("a"))
		node := items(t, a.get("/jobs/1/nodes"))[0]
		assert.Equal(t, json.Number("2"), node["latest-event-id"])
		assert.Equal(t, json.Number("0.0"), node["duration"])
		event := items(t, a.get("/jobs/1/events"))[0]
		assert.Equal(t, "1", event["id"])
		assert.Equal(t, "4", at(t, a.get("/jobs/1/events"), "next-events", "event"))
	})
}
