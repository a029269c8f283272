package orchestrator_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

func TestOutcomeOfARunDecidesTheStateOfItsNode(t *testing.T) {
	tests := map[string]struct {
		step    orchestratortest.Step
		state   orchestrator.NodeState
		message string
		result  string
	}{
		"success":             {orchestratortest.Step{Result: `{"a": 1}`, Message: "fine"}, orchestrator.NodeFinished, "fine", `{"a":1}`},
		"no result":           {orchestratortest.Step{}, orchestrator.NodeFinished, "", ""},
		"text result":         {orchestratortest.Step{Result: "hello\n"}, orchestrator.NodeFinished, "", `{"_output":"hello\n"}`},
		"failure":             {orchestratortest.Step{Failed: true, Result: `{"b":2}`}, orchestrator.NodeFailed, "", `{"b":2}`},
		"error":               {orchestratortest.Step{Err: errors.New("no route to host")}, orchestrator.NodeErrored, "no route to host", ""},
		"error and failure":   {orchestratortest.Step{Err: errors.New("x"), Failed: true}, orchestrator.NodeErrored, "x", ""},
		"message of one line": {orchestratortest.Step{Message: " a\nb\t\x00c "}, orchestrator.NodeFinished, "a b  c", ""},
		"panic":               {orchestratortest.Step{Panic: "boom"}, orchestrator.NodeErrored, "the runner panicked", ""},
		"timeout":             {orchestratortest.Step{Hang: true}, orchestrator.NodeErrored, "timed out after 1m0s", ""},
		"deaf to a timeout": {orchestratortest.Step{Deaf: true}, orchestrator.NodeErrored,
			"timed out after 1m0s; the run was given up because it did not end within 10s", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				runner := &orchestratortest.Runner{Default: test.step}
				defer runner.Release()
				o := started(t, nil, runner, &orchestrator.Options{NodeTimeout: time.Minute})
				job := orchestratortest.Await(t, o, deploy(t, o, "one").ID)
				n := nodesOf(t, o, job.ID)[0]
				if n.State != test.state || n.Message != test.message || string(n.Result) != test.result {
					t.Errorf("node is %s, message %q, result %q", n.State, n.Message, n.Result)
				}
				want := orchestrator.JobFailed
				if test.state == orchestrator.NodeFinished {
					want = orchestrator.JobFinished
				}
				if job.State != want {
					t.Errorf("job is %s, want %s", job.State, want)
				}
				runner.Release()
			})
		})
	}
}

func TestJobPassesThroughItsStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := started(t, nil, &orchestratortest.Runner{Default: orchestratortest.Step{Takes: 90 * time.Second}}, nil)
		job := deploy(t, o, "a", "b")
		if job.State != orchestrator.JobNew || job.Counts.New != 2 {
			t.Errorf("a new job is %s with %+v", job.State, job.Counts)
		}
		begin := job.Created()
		job = orchestratortest.Await(t, o, job.ID)
		want := []orchestrator.StateChange{
			{State: orchestrator.JobNew, At: begin},
			{State: orchestrator.JobReady, At: begin},
			{State: orchestrator.JobRunning, At: begin},
			{State: orchestrator.JobFinished, At: begin.Add(90 * time.Second)},
		}
		if !slices.Equal(job.Status, want) {
			t.Errorf("status is %v, want %v", job.Status, want)
		}
		var types []orchestrator.EventType
		for i, e := range eventsOf(t, o, job.ID) {
			types = append(types, e.Type)
			if e.ID != orchestrator.EventID(i+1) {
				t.Errorf("event %d has id %d", i, e.ID)
			}
		}
		if want := []orchestrator.EventType{
			orchestrator.EventNodeRunning, orchestrator.EventNodeRunning,
			orchestrator.EventNodeFinished, orchestrator.EventNodeFinished, orchestrator.EventJobFinished,
		}; !slices.Equal(types, want) {
			t.Errorf("events are %v, want %v", types, want)
		}
	})
}

func TestNodesRunAtOnceOnlyAsManyAsAllowed(t *testing.T) {
	for name, test := range map[string]struct{ overall, ofJob, want int }{
		"overall":        {5, 0, 5},
		"of the job":     {50, 3, 3},
		"the lesser one": {2, 3, 2},
		"one by one":     {50, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Second}}
				o := started(t, nil, runner, &orchestrator.Options{MaxConcurrency: test.overall})
				begin := time.Now()
				job := deployRequest(t, o, orchestrator.DeployRequest{Scope: orchestrator.Scope{Nodes: names(30)}, Concurrency: test.ofJob})
				wantEnd(t, orchestratortest.Await(t, o, job.ID), orchestrator.JobFinished, orchestrator.NodeCounts{Finished: 30})
				if runner.Peak() != test.want {
					t.Errorf("%d nodes ran at once, want %d", runner.Peak(), test.want)
				}
				if took, want := time.Since(begin), time.Duration(30/test.want)*time.Second; took != want {
					t.Errorf("took %v, want %v: slots were left free", took, want)
				}
			})
		})
	}
}

func TestLargeJobDoesNotStarveASmallOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{Default: orchestratortest.Step{Takes: time.Second}}
		o := started(t, nil, runner, &orchestrator.Options{MaxConcurrency: 100})
		large := deploy(t, o, names(20_000)...)
		<-time.After(10 * time.Second)
		small := deploy(t, o, "small")
		begin := time.Now()
		orchestratortest.Await(t, o, small.ID)
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("the small job took %v: one run of the large job and one of its own are 2s", took)
		}
		orchestratortest.Await(t, o, large.ID)
	})
}

func TestHangingNodesDelayNoOtherJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{Nodes: map[string]orchestratortest.Step{"hangs": {Hang: true}}}
		o := started(t, nil, runner, &orchestrator.Options{MaxConcurrency: 2})
		slow := deploy(t, o, "hangs", "a", "b")
		synctest.Wait()
		begin := time.Now()
		wantEnd(t, orchestratortest.Await(t, o, deploy(t, o, names(1000)...).ID), orchestrator.JobFinished, orchestrator.NodeCounts{Finished: 1000})
		if took := time.Since(begin); took != 0 {
			t.Errorf("the other job took %v", took)
		}
		wantEnd(t, orchestratortest.Await(t, o, slow.ID), orchestrator.JobFailed, orchestrator.NodeCounts{Finished: 2, Errored: 1})
	})
}

func TestOutputIsBoundedAndMarkedWhenCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := &orchestratortest.Runner{Nodes: map[string]orchestratortest.Step{
			"text":   {Result: strings.Repeat("x", 2000)},
			"object": {Result: `{"a": "` + strings.Repeat("y", 2000) + `"}`},
			"fits":   {Result: `{"a":"` + strings.Repeat("z", 900) + `"}`},
		}}
		o := started(t, nil, runner, &orchestrator.Options{MaxOutput: 1000})
		job := orchestratortest.Await(t, o, deploy(t, o, "text", "object", "fits").ID)
		nodes := nodesOf(t, o, job.ID)
		for _, n := range nodes[:2] {
			if len(n.Result) > 1050 || !strings.HasSuffix(string(n.Result), `,"_truncated":true}`) {
				t.Errorf("%s: result of %d bytes is not cut or not marked: %s", n.Name, len(n.Result), n.Result)
			}
		}
		if strings.Contains(string(nodes[2].Result), "_truncated") {
			t.Errorf("%s", nodes[2].Result)
		}
	})
}

func TestRunSeesWhatWasAskedAndItsValues(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		var got orchestrator.RunRequest
		var value any
		runner := orchestrator.RunnerFunc(func(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
			got, value = req, ctx.Value(key{})
			return orchestrator.RunResult{}, nil
		})
		o := created(t, nil, runner, nil)
		if err := o.Start(context.WithValue(context.Background(), key{}, "v")); err != nil {
			t.Fatal(err)
		}
		job := deployRequest(t, o, orchestrator.DeployRequest{
			Environment: "staging", Noop: true, Scope: orchestrator.Scope{Nodes: []string{"a"}},
			Agent: orchestrator.AgentOptions{Tags: "web", UseCachedCatalog: new(true)},
		})
		orchestratortest.Await(t, o, job.ID)
		if err := o.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got.Job != job.ID || got.Node != "a" || got.Spec.Environment != "staging" || !got.Spec.Noop ||
			got.Spec.Agent.Tags != "web" || !*got.Spec.Agent.UseCachedCatalog || value != "v" {
			t.Errorf("the runner got %+v with %+v and value %v", got, got.Spec, value)
		}
	})
}
