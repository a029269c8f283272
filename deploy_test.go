package orchestrator_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

func TestDeployRefusesWhatItCannotDo(t *testing.T) {
	one := orchestrator.Scope{Nodes: []string{"a"}}
	many := orchestrator.Scope{Nodes: names(11)}
	for field, req := range map[string]orchestrator.DeployRequest{
		"environment":            {Scope: one, Environment: "pro duction"},
		"environment ":           {Scope: one, Agent: orchestrator.AgentOptions{EnforceEnvironment: true}},
		"environment  ":          {Scope: one, Environment: strings.Repeat("e", 256)},
		"no_noop":                {Scope: one, Noop: true, Agent: orchestrator.AgentOptions{NoNoop: true}},
		"concurrency":            {Scope: one, Concurrency: -1},
		"timeout":                {Scope: one, Timeout: -time.Second},
		"userdata":               {Scope: one, Userdata: []byte(`[1]`)},
		"userdata ":              {Scope: one, Userdata: []byte(`{"a":`)},
		"userdata  ":             {Scope: one, Userdata: []byte(strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65))},
		"userdata   ":            {Scope: one, Userdata: []byte(`{"a":1e999}`)},
		"description":            {Scope: one, Description: strings.Repeat("d", 10_001)},
		"tags":                   {Scope: one, Agent: orchestrator.AgentOptions{Tags: strings.Repeat("t", 1001)}},
		"http_read_timeout":      {Scope: one, Agent: orchestrator.AgentOptions{HTTPReadTimeout: new(-1)}},
		"scope.nodes":            {Scope: many},
		"scope.nodes[1]":         {Scope: orchestrator.Scope{Nodes: []string{"a", "-rf"}}},
		"scope.nodes[0]":         {Scope: orchestrator.Scope{Nodes: []string{""}}},
		"scope.nodes[0] ":        {Scope: orchestrator.Scope{Nodes: []string{"a/b"}}},
		"scope.nodes[0]  ":       {Scope: orchestrator.Scope{Nodes: []string{strings.Repeat("n", 256)}}},
		"scope.nodes[0]   ":      {Scope: orchestrator.Scope{Nodes: []string{"$(reboot)"}}},
		"scope.nodes[0]    ":     {Scope: orchestrator.Scope{Nodes: []string{"nœud"}}},
		"filetimeout":            {Scope: one, Agent: orchestrator.AgentOptions{FileTimeout: new(-3)}},
		"http_connect_timeout":   {Scope: one, Agent: orchestrator.AgentOptions{HTTPConnectTimeout: new(1 << 40)}},
		"http_keepalive_timeout": {Scope: one, Agent: orchestrator.AgentOptions{HTTPKeepaliveTimeout: new(-1)}},
	} {
		t.Run(field, func(t *testing.T) {
			o := created(t, nil, &orchestratortest.Runner{}, &orchestrator.Options{MaxNodes: 10})
			_, err := o.Deploy(t.Context(), req)
			var invalid *orchestrator.InvalidError
			if !errors.Is(err, orchestrator.ErrInvalid) || !errors.As(err, &invalid) || invalid.Field != strings.TrimSpace(field) {
				t.Fatalf("%v", err)
			}
			if len(err.Error()) > 400 {
				t.Errorf("a message of %d bytes", len(err.Error()))
			}
			if page, err := o.Jobs(t.Context(), orchestrator.JobQuery{}); err != nil || page.Total != 0 {
				t.Errorf("%d jobs, %v", page.Total, err)
			}
		})
	}
}

func TestDeployWithoutNodes(t *testing.T) {
	_, err := created(t, nil, &orchestratortest.Runner{}, nil).Deploy(t.Context(), orchestrator.DeployRequest{})
	if !errors.Is(err, orchestrator.ErrNoNodes) || err.Error() != "deploy: no nodes in scope" {
		t.Errorf("%v", err)
	}
}

func TestDeployTakesEachNodeOnce(t *testing.T) {
	o := created(t, nil, &orchestratortest.Runner{}, nil)
	job := deploy(t, o, "b", "a", "b", "a.b", "ab", "a")
	var got []string
	for i, n := range nodesOf(t, o, job.ID) {
		got = append(got, n.Name)
		if n.Index != i || n.State != orchestrator.NodeNew || !n.Updated.IsZero() {
			t.Errorf("%+v", n)
		}
	}
	want := []string{"b", "a", "a.b", "ab"}
	if !slices.Equal(got, want) || !slices.Equal(job.Scope.Nodes, want) || job.NodeCount != 4 {
		t.Errorf("nodes %v, scope %v, %d", got, job.Scope.Nodes, job.NodeCount)
	}
}

func TestScopeOfALargeJobIsCut(t *testing.T) {
	o := created(t, nil, &orchestratortest.Runner{}, nil)
	job := deploy(t, o, names(orchestrator.ScopeShown+5)...)
	if len(job.Scope.Nodes) != orchestrator.ScopeShown || job.Scope.Omitted != 5 || job.NodeCount != orchestrator.ScopeShown+5 {
		t.Errorf("%d shown, %d omitted, %d in all", len(job.Scope.Nodes), job.Scope.Omitted, job.NodeCount)
	}
}

func TestJobsRefusesWhatDoesNotExist(t *testing.T) {
	o := created(t, nil, &orchestratortest.Runner{}, nil)
	for _, q := range []orchestrator.JobQuery{{OrderBy: "colour"}, {Limit: -1}, {Offset: -1}, {After: -1}} {
		if _, err := o.Jobs(t.Context(), q); !errors.Is(err, orchestrator.ErrInvalid) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func TestReportHasALineForEachNode(t *testing.T) {
	o := created(t, nil, &orchestratortest.Runner{}, nil)
	job := deploy(t, o, "a", "b")
	var got []string
	for r, err := range o.Report(t.Context(), job.ID) {
		got = append(got, fmt.Sprint(r.Node, r.State, r.Started.IsZero(), err))
	}
	if want := []string{"anewtrue <nil>", "bnewtrue <nil>"}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	for _, err := range o.Report(t.Context(), 99) {
		if !errors.Is(err, orchestrator.ErrNotFound) {
			t.Errorf("%v", err)
		}
	}
}
