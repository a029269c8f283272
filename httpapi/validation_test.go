package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator/httpapi"
)

func TestValidationKinds(t *testing.T) {
	for kind, opts := range map[string]httpapi.Options{
		"puppetlabs.orchestrator/validation-error": {},
		"puppetlabs.validators/validation-error":   {ValidationKind: httpapi.RubyValidationKind},
		"ours/invalid":                             {ValidationKind: "ours/invalid"},
	} {
		opts.MaxBody = 1000
		a := newAPI(t, setup{idle: true, opts: opts})
		if kind == "ours/invalid" {
			a.h = httpapi.New(a.o, &opts) // the description has only the two of the original's clients
		}
		for _, test := range []httpTest{
			get("/jobs/x", http.StatusBadRequest, kind, "job-id must be an integer"),
			get("/jobs?limit=x", http.StatusBadRequest, kind, "limit must be an integer"),
			{http.MethodPost, "/command/deploy", `{}`, http.StatusBadRequest, kind, "environment must be given"},
			{http.MethodPost, "/command/task", tasked(`"task":"T"`), http.StatusBadRequest, kind, `"T" is not a valid task name.`},
			{http.MethodPost, "/command/stop", `{"job":"x"}`, http.StatusBadRequest, kind, "job must be an integer"},
			get("/jobs/9", http.StatusNotFound, unknownJob, "Unknown job 9"),
			get("/job", http.StatusNotFound, noPath, ""),
		} {
			test.run(t, a)
		}
		require.Equal(t, http.StatusAccepted, a.send(http.MethodPost, "/command/task", tasked(`"task":"t"`), "Idempotency-Key", "k").Code)
	}
}

func TestGreatestLimit(t *testing.T) {
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{MaxLimit: 2}})
	a.deploy("a", "b", "c")
	a.deploy("a")
	a.deploy("a")
	for _, path := range []string{"/jobs", "/jobs/1/nodes"} {
		get(path+"?limit=3", http.StatusBadRequest, validation, `limit must not be greater than 2 (given: "3")`).run(t, a)
		require.Len(t, items(t, a.get(path+"?limit=2")), 2)
		require.Len(t, items(t, a.get(path)), 3, "a list without a limit is whole")
	}
}
