package orchestrator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/internal/faulty"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

const password = "correct horse battery staple"

// secretTask asks for a task with a parameter that is said to be sensitive in the request, one
// that the options say is, and targets.
func secretTask(nodes ...string) orchestrator.TaskRequest {
	return orchestrator.TaskRequest{
		Task:      "mysql::user",
		Params:    []byte(`{"user": "a<b", "password": "` + password + `", "pin": 123456789}`),
		Sensitive: []string{"password", "absent"},
		Targets:   []byte(`[{"hostnames": ["db-1"], "password": "` + password + `"}]`),
		Scope:     orchestrator.Scope{Nodes: nodes},
	}
}

func TestTaskGetsItsParametersAndKeepsTheSensitiveOnesToItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		runner := &orchestratortest.Runner{Nodes: map[string]orchestratortest.Step{"db-2": {Panic: "it is " + password}}}
		o := started(t, nil, runner, &orchestrator.Options{
			Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			SensitiveParams: func(task string) []string {
				if task == "mysql::user" {
					return []string{"pin"}
				}
				return nil
			},
		})
		job, err := o.Task(t.Context(), secretTask("db-1", "db-2"))
		if err != nil {
			t.Fatal(err)
		}
		if job.State != orchestrator.JobReady || job.Command != orchestrator.CommandTask || job.Environment != "production" ||
			string(job.Task.Params) != `{"user":"a<b"}` || fmt.Sprint(job.Task.Sensitive) != "[password pin]" {
			t.Errorf("the job is %+v", job)
		}
		job = orchestratortest.Await(t, o, job.ID)
		wantEnd(t, job, orchestrator.JobFailed, orchestrator.NodeCounts{Finished: 1, Errored: 1})
		run := runner.Runs()[0]
		if string(run.Spec.Task.Params) != string(secretTask().Params) || string(run.Targets) != string(secretTask().Targets) {
			t.Errorf("the runner got %s, %s", run.Spec.Task.Params, run.Targets)
		}
		synctest.Wait()
		kept := fmt.Sprintf("%+v %+v %+v %s", job, nodesOf(t, o, job.ID), eventsOf(t, o, job.ID), log.String())
		for _, secret := range []string{password, "123456789"} {
			if strings.Contains(kept, secret) {
				t.Errorf("%s is in what was kept or logged", secret)
			}
		}
	})
}

func TestTaskWithLostSecretsIsNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memory.New()
		dying := faulty.New(below)
		runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Minute}}
		first := started(t, dying, runner, nil)
		req := secretTask(names(3000)...)
		req.Concurrency = 2
		job, err := first.Task(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(90 * time.Second)
		dying.Kill()
		second := started(t, below, runner, nil)
		job = orchestratortest.Await(t, second, job.ID)
		wantEnd(t, job, orchestrator.JobFailed, orchestrator.NodeCounts{Finished: 2, Errored: 2998})
		nodes := nodesOf(t, second, job.ID)
		if n := nodes[2]; !strings.Contains(n.Message, "restarted") || n.Started.IsZero() {
			t.Errorf("a node that was running: %+v", n)
		}
		if n := nodes[2999]; !strings.Contains(n.Message, "sensitive parameters") || !n.Started.IsZero() {
			t.Errorf("a node that was not started: %+v", n)
		}
		if got := len(runner.Runs()); got != 4 {
			t.Errorf("%d runs", got)
		}
	})
}

func TestTaskRefusesWhatItCannotDo(t *testing.T) {
	scope := orchestrator.Scope{Nodes: []string{"a"}}
	long := []byte(`{"a": "` + strings.Repeat("x", 256<<10) + `"}`)
	for field, req := range map[string]orchestrator.TaskRequest{
		"task":             {Scope: scope},
		"task ":            {Scope: scope, Task: "Package"},
		"task  ":           {Scope: scope, Task: "a::"},
		"task   ":          {Scope: scope, Task: "::a"},
		"task    ":         {Scope: scope, Task: "a:b"},
		"task     ":        {Scope: scope, Task: "a/../b"},
		"task      ":       {Scope: scope, Task: strings.Repeat("a", 256)},
		"params":           {Scope: scope, Task: "a", Params: []byte(`"` + password + `"`)},
		"params ":          {Scope: scope, Task: "a", Params: []byte(`{"a":` + password)},
		"params  ":         {Scope: scope, Task: "a", Params: long},
		"targets":          {Scope: scope, Task: "a", Targets: []byte(`{"password": "` + password + `"}`)},
		"environment":      {Scope: scope, Task: "a", Environment: "a b"},
		"scope":            {Scope: orchestrator.Scope{Nodes: []string{"a"}, NodeGroup: "g"}, Task: "a"},
		"scope.query":      {Scope: orchestrator.Scope{Query: []byte("{}")}, Task: "a"},
		"scope.query ":     {Scope: orchestrator.Scope{Query: []byte(`"`)}, Task: "a"},
		"idempotency-key":  {Scope: scope, Task: "a", IdempotencyKey: "a b"},
		"idempotency-key ": {Scope: scope, Task: "a", IdempotencyKey: strings.Repeat("k", 256)},
	} {
		t.Run(field, func(t *testing.T) {
			_, err := created(t, nil, &orchestratortest.Runner{}, nil).Task(t.Context(), req)
			var invalid *orchestrator.InvalidError
			if !errors.As(err, &invalid) || invalid.Field != strings.TrimSpace(field) {
				t.Fatalf("%v", err)
			}
			if strings.Contains(err.Error(), password) {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
	for _, name := range []string{"a", "package", "facts::collect", "a_1::b2::c"} {
		if _, err := created(t, nil, &orchestratortest.Runner{}, nil).Task(t.Context(), orchestrator.TaskRequest{Task: name, Scope: scope}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// resolver resolves what it has an answer for.
type resolver map[string]func() ([]string, error)

func (r resolver) Resolve(_ context.Context, environment string, s orchestrator.Scope) ([]string, error) {
	return r[environment+" "+string(s.Query)+s.NodeGroup]()
}

func TestScopesAreResolved(t *testing.T) {
	failure := &orchestrator.ScopeError{Msg: "PuppetDB query failed: parse error", Err: orchestrator.ErrInvalidQuery}
	o := created(t, nil, &orchestratortest.Runner{}, &orchestrator.Options{Resolver: resolver{
		`production "nodes{}"`: func() ([]string, error) { return []string{"b", "a", "b"}, nil },
		`production web`:       func() ([]string, error) { return nil, nil },
		`production bad`:       func() ([]string, error) { return []string{"--rm"}, nil },
		`production "x"`:       func() ([]string, error) { return nil, failure },
		`nowhere web`:          func() ([]string, error) { return nil, orchestrator.ErrUnknownEnvironment },
	}})
	deploy := func(environment string, s orchestrator.Scope) (orchestrator.Job, error) {
		return o.Deploy(t.Context(), orchestrator.DeployRequest{Environment: environment, Scope: s})
	}
	job, err := deploy("production", orchestrator.Scope{Query: []byte(`"nodes{}"`)})
	if err != nil || job.NodeCount != 2 || len(job.Scope.Nodes) != 0 || string(job.Scope.Query) != `"nodes{}"` {
		t.Errorf("%+v, %v", job, err)
	}
	if nodes := nodesOf(t, o, job.ID); nodes[0].Name != "b" || nodes[1].Name != "a" {
		t.Errorf("%+v", nodes)
	}
	for want, asked := range map[error]struct {
		environment string
		scope       orchestrator.Scope
	}{
		orchestrator.ErrNoNodes:            {"production", orchestrator.Scope{NodeGroup: "web"}},
		orchestrator.ErrInvalidQuery:       {"production", orchestrator.Scope{Query: []byte(`"x"`)}},
		orchestrator.ErrUnknownEnvironment: {"nowhere", orchestrator.Scope{NodeGroup: "web"}},
	} {
		if _, err := deploy(asked.environment, asked.scope); !errors.Is(err, want) {
			t.Errorf("%v: got %v", want, err)
		}
	}
	if _, err := deploy("production", orchestrator.Scope{NodeGroup: "bad"}); err == nil || errors.Is(err, orchestrator.ErrInvalid) {
		t.Errorf("a resolver that returns what is no name: %v, which blames the client", err)
	}
	plain := created(t, nil, &orchestratortest.Runner{}, nil)
	if _, err := plain.Deploy(t.Context(), orchestrator.DeployRequest{Scope: orchestrator.Scope{NodeGroup: "web"}}); !errors.Is(err, orchestrator.ErrUnresolved) {
		t.Errorf("without a resolver: %v", err)
	}
}

// inventoryRunner knows the nodes that can be reached.
type inventoryRunner struct{ orchestratortest.Runner }

func (*inventoryRunner) Inventory(_ context.Context, nodes []string) ([]orchestrator.NodeStatus, error) {
	if nodes == nil {
		return []orchestrator.NodeStatus{{Name: "a", Connected: true}}, nil
	}
	return nil, errors.New("no answer")
}

func TestInventory(t *testing.T) {
	plain := created(t, nil, &orchestratortest.Runner{}, nil)
	if all, err := plain.Inventory(t.Context(), nil); len(all) != 0 || err != nil {
		t.Errorf("%v, %v", all, err)
	}
	if all, err := plain.Inventory(t.Context(), []string{"b"}); err != nil || len(all) != 1 || !all[0].Connected || all[0].Name != "b" {
		t.Errorf("%v, %v", all, err)
	}
	able := created(t, nil, &inventoryRunner{}, nil)
	if all, err := able.Inventory(t.Context(), nil); len(all) != 1 || err != nil {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := able.Inventory(t.Context(), []string{"b"}); err == nil || err.Error() != "inventory: no answer" {
		t.Errorf("%v", err)
	}
}
