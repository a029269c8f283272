package httpapi_test

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// task creates a job that runs a task on the nodes.
func (a *api) task(name string, nodes ...string) orchestrator.JobID {
	a.t.Helper()
	job, err := a.o.Task(a.t.Context(), orchestrator.TaskRequest{
		Task: name, Scope: orchestrator.Scope{Nodes: nodes}, Owner: orchestrator.Owner{ID: "42", Login: "casey"},
	})
	require.NoError(a.t, err)
	return job.ID
}

func TestJobsFiltered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{Nodes: map[string]orchestratortest.Step{
			"bad": {Failed: true}, "slow": {Takes: 50 * time.Minute},
		}}
		a := newAPI(t, setup{runner: runner})
		for _, id := range []orchestrator.JobID{
			a.deploy("a", "b"), a.deploy("bad"), a.task("package", "a"), a.task("facts::pack", "bad", "c"), a.task("facts", "b"),
		} {
			orchestratortest.Await(t, a.o, id)
		}
		a.deploy("slow")
		a.task("package", "slow", "a")
		synctest.Wait()
		for _, test := range []struct {
			query string
			want  string
			total json.Number
		}{
			{"", "7 6 5 4 3 2 1", "7"},
			{"type=deploy", "6 2 1", "3"},
			{"type=task", "7 5 4 3", "4"},
			{"type=plan_task", "", "0"},
			{"type=plan_task&task=p&limit=3&after=2", "", "0"},
			{"task=pack", "7 4 3", "3"},
			{"task=pack&type=task&limit=1", "7", "3"},
			{"task=facts%3A%3A", "4", "1"},
			{"task=Pack", "", "0"},
			{"task=nothing", "", "0"},
			{"state=running", "7 6", "2"},
			{"state=failed", "4 2", "2"},
			{"state=finished&type=deploy", "1", "1"},
			{"state=stopped", "", "0"},
			{"node=a", "7 3 1", "3"},
			{"node=A", "", "0"},
			{"node=a&state=finished&order=asc", "1 3", "2"},
			{"node=a&limit=1&offset=1", "3", "3"},
			{"node=bad&type=task&state=failed&task=fact&order_by=timestamp", "4", "1"},
			{"order_by=owner&type=task&order=desc&limit=2", "7 5", "4"},
		} {
			list := a.get("/jobs?" + test.query)
			assert.Equal(t, test.want, names(t, list), test.query)
			assert.Equal(t, test.total, at(t, list, "pagination", "total"), test.query)
			query, err := url.ParseQuery(test.query)
			require.NoError(t, err)
			assert.Equal(t, query.Get("type"), at(t, list, "pagination", "type"), test.query)
		}
	})
}

// What is compared is what a job shows as the time of its end, which has no part of a second.
func TestJobsFilteredByFinishTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{runner: &orchestratortest.Runner{
			Default: orchestratortest.Step{Takes: 2*time.Second + 700*time.Millisecond},
			Nodes:   map[string]orchestratortest.Step{"slow": {Takes: 50 * time.Minute}},
		}})
		orchestratortest.Await(t, a.o, a.deploy("a"))
		orchestratortest.Await(t, a.o, a.deploy("a"))
		a.deploy("slow")
		synctest.Wait()
		shown := func(id string) string { return at(t, a.get("/jobs/"+id), "finished_timestamp").(string) }
		require.Equal(t, "2000-01-01T00:00:02Z", shown("1")) // and 700 ms
		require.Equal(t, "2000-01-01T00:00:05Z", shown("2")) // and 400 ms
		for query, want := range map[string]string{
			"":                         "3 2 1",
			"min=2000-01-01T00:00:02Z": "2 1",
			"min=2000-01-01T00:00:03Z": "2",
			"min=2000-01-01T00:00:05Z": "2",
			"min=2000-01-01T00:00:06Z": "",
			"max=2000-01-01T00:00:05Z": "2 1",
			"max=2000-01-01T00:00:04Z": "1",
			"max=2000-01-01T00:00:02Z": "1",
			"max=2000-01-01T00:00:01Z": "",
			"min=2000-01-01T00:00:02Z&max=2000-01-01T00:00:02Z": "1",
			"min=2000-01-01T00:00:06Z&max=2000-01-01T00:00:01Z": "",

			"max=2000-01-01T00:00:05.000Z":      "2 1",
			"max=2000-01-01T00:00:04.999Z":      "1",
			"min=2000-01-01T00:00:04.999Z":      "2",
			"min=2000-01-01T00:00:05.000Z":      "2",
			"min=2000-01-01T00:00:05.001Z":      "",
			"min=2000-01-01T00:00:05%2B00:00":   "2",
			"min=2000-01-01T00:00:05+00:00":     "2",
			"min=2000-01-01T01:00:05%2B01:00":   "2",
			"min=1999-12-31T19:00:05-05:00":     "2",
			"min=0000-01-01T00:00:00Z":          "2 1",
			"min=0001-01-01T00:00:00Z":          "2 1",
			"max=0001-01-01T00:00:00Z":          "",
			"max=9999-12-31T23:59:59Z":          "2 1",
			"max=9999-12-31T23:59:59-23:59":     "2 1",
			"min=9999-12-31T23:59:59.999-23:59": "",
		} {
			for short, long := range map[string]string{"min=": "min_finish_timestamp=", "max=": "max_finish_timestamp="} {
				query = strings.ReplaceAll(query, short, long)
			}
			list := a.get("/jobs?" + query)
			assert.Equal(t, want, names(t, list), query)
			assert.Equal(t, json.Number(strconv.Itoa(len(items(t, list)))), at(t, list, "pagination", "total"), query)
		}
	})
}
