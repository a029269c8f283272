package httpapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

func TestNodesListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, setup{runner: &orchestratortest.Runner{Nodes: map[string]orchestratortest.Step{
			"e": {Takes: 4 * time.Second},
			"b": {Takes: 2 * time.Second, Failed: true},
			"d": {Takes: time.Second},
			"a": {Takes: 3 * time.Second, Err: errors.New("unreachable")},
			"c": {Takes: time.Hour},
		}}})
		// One after the other, until the last but one runs: f has not started then.
		job, err := a.o.Deploy(t.Context(), orchestrator.DeployRequest{
			Environment: "production", Scope: orchestrator.Scope{Nodes: []string{"e", "b", "d", "a", "c", "f"}}, Concurrency: 1,
		})
		require.NoError(t, err)
		require.EqualValues(t, 1, job.ID)
		later(11 * time.Second)
		for query, want := range map[string]string{
			"":                           "e b d a c f",
			"order=asc":                  "e b d a c f",
			"order=desc":                 "f c a d b e",
			"limit=2":                    "e b",
			"limit=2&offset=3":           "a c",
			"limit=200000":               "e b d a c f",
			"limit=0":                    "",
			"offset=5":                   "f",
			"offset=6":                   "",
			"offset=9223372036854775807": "",
			"order_by=name":              "a b c d e f",
			"order_by=name&order=desc&limit=3&offset=1": "e d c",
			"order_by=duration":                         "c f d b a e",
			"order_by=duration&order=desc":              "e a b d f c",
			"order_by=state":                            "a b e d f c",
			"order_by=start_timestamp":                  "f e b d a c",
			"order_by=finish_timestamp&limit=4":         "c f e b",
			"order_by=finish_timestamp&order=desc":      "a d b e f c",
			"state=finished":                            "e d",
			"state=finished&order_by=name":              "d e",
			"state=finished&limit=1&offset=1":           "d",
			"state=failed":                              "b",
			"state=errored":                             "a",
			"state=running":                             "c",
			"state=new":                                 "f",
			"state=skipped":                             "",
			"state=ready":                               "",
			"state=stopping&order_by=name":              "",
			"state=stopped&limit=1":                     "",
		} {
			list := a.get("/jobs/1/nodes?" + query)
			assert.Equal(t, want, names(t, list), query)
			assert.Equal(t, "10", at(t, list, "next-events", "event"), query)
		}
		a.golden("nodes-page", http.MethodGet, "/jobs/1/nodes?state=finished&order_by=duration&limit=1", "", http.StatusOK)
	})
}

// An empty list of nodes is one of a job that exists.
func TestNodesOfNoJob(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	for _, query := range []string{"", "limit=0", "state=stopped", "state=new", "order_by=name"} {
		get("/jobs/1/nodes?"+query, http.StatusNotFound, unknownJob, "Unknown job 1").run(t, a)
	}
}

func TestNodesOfManyPages(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	nodes := strings.Split(strings.ReplaceAll(sequence(1000, 1999, 1), " ", " n"), " ")
	nodes[0] = "n1000"
	a.deploy(nodes...)
	assert.Equal(t, strings.Join(nodes, " "), names(t, a.get("/jobs/1/nodes?order_by=name")))
	assert.Equal(t, strings.Join(nodes[990:], " "), names(t, a.get("/jobs/1/nodes?offset=990&limit=500")))
}
