package httpapi_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// secret is what must not be seen anywhere but in the runner.
const secret = "s3cr3tHunter2"

// debugLog is a logger that leaves nothing out.
func (l *logged) debugLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug - 100}))
}

// Whatever is wrong with a request that holds secrets, the answer does not show them.
func TestSecretsAreNotInErrors(t *testing.T) {
	log := new(logged)
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Logger: log.debugLog()}, core: orchestrator.Options{Logger: log.debugLog()}})
	with := func(key, value string) string { return tasked(`"task":"t","` + key + `":` + value) }
	quoted := `"` + secret + `"`
	bodies := []string{
		quoted,
		`[` + quoted + `]`,
		`{"params":{"a":` + quoted + `}`,
		`{"params":` + secret + `}`,
		secret,
		with("params", quoted),
		with("params", `[`+quoted+`]`),
		with("sensitive", quoted),
		with("sensitive", `{"a":`+quoted+`}`),
		with("sensitive", `[{"a":`+quoted+`}]`),
		with("targets", quoted),
		with("targets", `{"password":`+quoted+`}`),
		with("targets", `[`+quoted+`]`),
		with("targets", `[null,`+quoted+`]`),
		with("targets", `[{"password":`+quoted+`}]`),
		with("targets", `[{"hostnames":`+quoted+`}]`),
		with("targets", `[{"hostnames":[`+quoted+`,""]}]`),
		with("targets", `[{"hostnames":[]}]`),
		with("targets", `"`+strings.Repeat(secret, 30_000)+`"`),
		with("targets", `[{"hostnames":["a"],"password":"`+strings.Repeat(secret, 30_000)+`"}]`),
		with("params", `{"password":"`+strings.Repeat(secret, 30_000)+`"}`),
	}
	for _, key := range []string{"transport", "port", "connect-timeout", "tty", "extensions"} {
		bodies = append(bodies, with("targets", `[{"hostnames":["a"],"`+key+`":`+quoted+`}]`))
	}
	for _, key := range []string{"user", "password", "private-key-content", "run-as", "sudo-password", "run-as-command", "tmpdir"} {
		bodies = append(bodies, with("targets", `[{"hostnames":["a"],"`+key+`":{"a":`+quoted+`}}]`))
	}
	for _, body := range bodies {
		w := a.do(http.MethodPost, "/command/task", body)
		assert.Equal(t, http.StatusBadRequest, w.Code, body[:min(len(body), 200)])
		assert.NotContains(t, w.Body.String(), secret)
		at(t, parsed(t, w.Body), "details", "field")
	}
	assert.NotContains(t, log.String(), secret)
}

func TestTargetErrorsNameTheField(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	for targets, says := range map[string]string{
		`7`:                                             "targets must be an array",
		`{}`:                                            "targets must be an array",
		`[7]`:                                           "targets[0] must be an object",
		`[{"hostnames":["a"]},null]`:                    "targets[1] must be an object",
		`[{}]`:                                          "targets[0].hostnames must be given",
		`[{"hostnames":null}]`:                          "targets[0].hostnames must be given",
		`[{"hostnames":[null]}]`:                        "targets[0].hostnames must be an array of host names, with one at least",
		`[{"hostnames":["a"],"port":0}]`:                "targets[0].port must be an integer from 1 to 65535",
		`[{"hostnames":["a"],"port":65536}]`:            "targets[0].port must be an integer from 1 to 65535",
		`[{"hostnames":["a"],"port":22.5}]`:             "targets[0].port must be an integer from 1 to 65535",
		`[{"hostnames":["a"],"tty":1}]`:                 "targets[0].tty must be a boolean",
		`[{"hostnames":["a"],"user":{}}]`:               "targets[0].user must be a string",
		`[{"hostnames":["a"],"transport":1}]`:           `targets[0].transport must be "ssh" or "winrm"`,
		`[{"hostnames":["a"],"transport":"pcp"}]`:       `targets[0].transport must be "ssh" or "winrm"`,
		`[{"hostnames":["a"],"connect-timeout":-1}]`:    "targets[0].connect-timeout must be an integer, 0 or greater",
		`[{"hostnames":["a"],"run-as-command":[7]}]`:    "targets[0].run-as-command must be a string or an array of strings",
		`[{"hostnames":["a"],"extensions":"ps1"}]`:      "targets[0].extensions must be an array of strings",
		`[{"hostnames":["a"]},{"hostnames":"gone"}]`:    "targets[1].hostnames must be an array of host names",
		`[{"hostnames":["a"],"private-key-content":1}]`: "targets[0].private-key-content must be a string",
	} {
		httpTest{http.MethodPost, "/command/task", tasked(`"task":"t","targets":` + targets), http.StatusBadRequest, validation, says}.run(t, a)
	}
	all := `[{"hostnames":["a","b"],"user":"u","transport":"winrm","password":"p","private-key-content":"k","port":5986,"run-as":"r","sudo-password":"s",` +
		`"run-as-command":["sudo","-n"],"connect-timeout":0,"tty":true,"tmpdir":"/t","extensions":[".ps1"],"unknown":{}},` +
		`{"hostnames":["c"],"transport":"ssh","run-as-command":"sudo","port":null}]`
	assert.Equal(t, http.StatusAccepted, a.do(http.MethodPost, "/command/task", tasked(`"task":"t","targets":`+all)).Code)
}

// A sensitive parameter and the targets reach the runner. They are in no answer, in no log and not
// in what is stored.
func TestSecretsAreNowhereButInTheRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, runner := new(logged), new(orchestratortest.Runner)
		a := newAPI(t, setup{
			runner: runner, opts: httpapi.Options{Logger: log.debugLog()},
			core: orchestrator.Options{Logger: log.debugLog(), SensitiveParams: func(task string) []string { return []string{"of_" + task} }},
		})
		body := tasked(`"task":"t","params":{"open":"yes","pass\u0077ord":"` + secret + `","of_t":{"deep":["` + secret + `"]}},"sensitive":["password"],` +
			`"targets":[{"hostnames":["a"],"sudo-password":"` + secret + `"}]`)
		require.Equal(t, http.StatusAccepted, a.do(http.MethodPost, "/command/task", body).Code)
		job := orchestratortest.Await(t, a.o, 1)
		require.Len(t, runner.Runs(), 1)
		run := runner.Runs()[0]
		assert.Equal(t, 2, strings.Count(string(run.Spec.Task.Params), secret))
		assert.Equal(t, 1, strings.Count(string(run.Targets), secret))

		assert.Equal(t, []string{"of_t", "password"}, job.Task.Sensitive)
		assert.JSONEq(t, `{"open":"yes"}`, string(job.Task.Params))
		for _, path := range slices.Concat(readPaths, []string{"/jobs?task=t&type=task", "/jobs?node=a"}) {
			assert.NotContains(t, a.do(http.MethodGet, path, "").Body.String(), secret, path)
		}
		assert.Equal(t, []any{"of_t", "password"}, at(t, a.get("/jobs/1"), "options", "sensitive"))
		assert.NotContains(t, log.String(), secret)
		assert.NotContains(t, fmt.Sprintf("%s %+v", job.Task.Params, job), secret)
	})
}
