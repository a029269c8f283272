package orchestrator_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

func TestSameRequestWithTheSameKeyIsOneJob(t *testing.T) {
	o := created(t, nil, &orchestratortest.Runner{}, nil)
	req := orchestrator.DeployRequest{
		Environment:    "production",
		Scope:          orchestrator.Scope{Nodes: names(1100)},
		Owner:          orchestrator.Owner{ID: "1", Login: "ann"},
		IdempotencyKey: "release-7",
	}
	var wg sync.WaitGroup
	ids := make(chan orchestrator.JobID, 20)
	for range cap(ids) {
		wg.Go(func() {
			job, err := o.Deploy(t.Context(), req)
			if err != nil {
				t.Error(err)
			}
			ids <- job.ID
		})
	}
	wg.Wait()
	close(ids)
	for id := range ids {
		if id != 1 {
			t.Errorf("job %d", id)
		}
	}

	again := req
	again.Owner.DisplayName = "Ann"
	if job, err := o.Deploy(t.Context(), again); err != nil || job.ID != 1 {
		t.Errorf("with more known of the owner: %d, %v", job.ID, err)
	}
	for name, change := range map[string]func(*orchestrator.DeployRequest){
		"another environment":  func(r *orchestrator.DeployRequest) { r.Environment = "staging" },
		"another node at last": func(r *orchestrator.DeployRequest) { r.Scope.Nodes = append(names(1099), "other") },
		"noop":                 func(r *orchestrator.DeployRequest) { r.Noop = true },
	} {
		other := req
		change(&other)
		if _, err := o.Deploy(t.Context(), other); !errors.Is(err, orchestrator.ErrKeyReused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, other := range []struct{ id, key string }{{"2", "release-7"}, {"7", "release-7/1"}, {"", "release-7/7"}} {
		req.Owner, req.IdempotencyKey = orchestrator.Owner{ID: other.id, Login: "ann"}, other.key
		if job, err := o.Deploy(t.Context(), req); err != nil || job.ID == 1 {
			t.Errorf("another owner: %d, %v", job.ID, err)
		}
	}
}

func TestSameTaskWithTheSameKeyIsOneJob(t *testing.T) {
	o := created(t, nil, &orchestratortest.Runner{}, nil)
	req := secretTask("a")
	req.IdempotencyKey = "k"
	first, err := o.Task(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	req.Params = []byte(`{"user": "a<b", "password": "another", "pin": 123456789}`)
	if job, err := o.Task(t.Context(), req); err != nil || job.ID != first.ID {
		t.Errorf("with another password: %d, %v", job.ID, err)
	}
	req.Params = []byte(`{"user": "c", "password": "another"}`)
	if _, err := o.Task(t.Context(), req); !errors.Is(err, orchestrator.ErrKeyReused) {
		t.Errorf("with another parameter: %v", err)
	}
}

func TestJobIsCreatedOnlyIfItIsApproved(t *testing.T) {
	o := created(t, nil, &orchestratortest.Runner{}, &orchestrator.Options{Resolver: resolver{
		"production web": func() ([]string, error) { return []string{"w1", "w2"}, nil },
	}})
	refusal := errors.New("not those")
	var asked []string
	req := orchestrator.DeployRequest{
		Environment: "production",
		Scope:       orchestrator.Scope{NodeGroup: "web"},
		Approve: func(job *orchestrator.Job, nodes []string) error {
			if job.ID != 0 || job.NodeCount != 2 || job.Command != orchestrator.CommandDeploy {
				t.Errorf("asked about %+v", job)
			}
			asked = nodes
			return refusal
		},
	}
	if _, err := o.Deploy(t.Context(), req); !errors.Is(err, refusal) || len(asked) != 2 || asked[1] != "w2" {
		t.Errorf("%v, asked about %v", err, asked)
	}
	if page, err := o.Jobs(t.Context(), orchestrator.JobQuery{}); err != nil || page.Total != 0 {
		t.Errorf("%d jobs, %v", page.Total, err)
	}
}
