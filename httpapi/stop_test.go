package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
)

func TestStopRefused(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	a.deploy("a")
	for _, test := range []struct {
		body   string
		status int
		kind   string
		says   string
	}{
		{``, 400, validation, "body must be a JSON object, and is empty"},
		{`[]`, 400, validation, "body must be a JSON object"},
		{`job=1`, 400, validation, "body must be a JSON object: invalid character"},
		{`{}`, 400, validation, "job must be given"},
		{`{"job":null}`, 400, validation, "job must be given"},
		{`{"Job":"1"}`, 400, validation, "job must be given"},
		{`{"job":true}`, 400, validation, "job must be a job's id, as a string or an integer (given: true)"},
		{`{"job":{}}`, 400, validation, "job must be a job's id, as a string or an integer (given: {})"},
		{`{"job":["1"]}`, 400, validation, "job must be a job's id"},
		{`{"job":""}`, 400, validation, `job must be an integer (given: "")`},
		{`{"job":"one"}`, 400, validation, `job must be an integer (given: "one")`},
		{`{"job":1.5}`, 400, validation, `job must be an integer (given: "1.5")`},
		{`{"job":1e3}`, 400, validation, `job must be an integer`},
		{`{"job":"99999999999999999999"}`, 400, validation, "job must fit in 64 bits"},
		{`{"job":99999999999999999999}`, 400, validation, "job must fit in 64 bits"},
		{`{"job":"1","force":"yes"}`, 400, validation, `force must be a boolean (given: "yes")`},
		{`{"job":"99"}`, 404, unknownJob, "Unknown job 99"},
		{`{"job":0}`, 404, unknownJob, "Unknown job 0"},
		{`{"job":"-1"}`, 404, unknownJob, "Unknown job -1"},
	} {
		httpTest{http.MethodPost, "/command/stop", test.body, test.status, test.kind, test.says}.run(t, a)
	}
	job, err := a.o.Job(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, orchestrator.StopNone, job.Stop)
}

func TestStop(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	a.deploy("a", "b")
	for _, test := range []struct {
		body string
		stop orchestrator.StopMode
	}{
		{`{"job":"1","force":null,"other":1}`, orchestrator.StopSoft},
		{`{"job":1,"force":true}`, orchestrator.StopForce},
		{`{"job":"1","force":false}`, orchestrator.StopForce},
	} {
		w := a.do(http.MethodPost, "/command/stop", test.body)
		assert.Equal(t, http.StatusAccepted, w.Code, test.body)
		assert.JSONEq(t, `{"job":{"id":"http://orchestrator.example.com:8143/orchestrator/v1/jobs/1","name":"1",
			"nodes":{"new":2,"running":0,"finished":0,"failed":0,"errored":0,"skipped":0}}}`, w.Body.String())
		job, err := a.o.Job(t.Context(), 1)
		require.NoError(t, err)
		assert.Equal(t, test.stop, job.Stop, test.body)
	}
}
