package memory_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// The tests of this file are about what the store says beyond the contract.

func newStore(t *testing.T, nodes ...string) (*memory.Store, orchestrator.Job) {
	t.Helper()
	s := memory.New()
	job, err := s.CreateJob(t.Context(), orchestrator.Job{Progress: orchestrator.Progress{State: orchestrator.JobNew}}, nodes)
	if err != nil {
		t.Fatal(err)
	}
	return s, job
}

func TestJobsRefusesQuery(t *testing.T) {
	s, _ := newStore(t, "a")
	for _, q := range []orchestrator.JobQuery{{Offset: -1}, {Limit: -1}, {OrderBy: "colour"}} {
		_, err := s.Jobs(t.Context(), q)
		var invalid *orchestrator.InvalidError
		if !errors.Is(err, orchestrator.ErrInvalid) || !errors.As(err, &invalid) {
			t.Errorf("Jobs(%+v): got the error %v, want an InvalidError", q, err)
		}
	}
}

func TestJobsRefusesAfter(t *testing.T) {
	s, job := newStore(t, "a")
	for _, after := range []orchestrator.JobID{-1, job.ID + 1} {
		q := orchestrator.JobQuery{OrderBy: orchestrator.OrderByOwner, After: after}
		if _, err := s.Jobs(t.Context(), q); !errors.Is(err, orchestrator.ErrNotFound) {
			t.Errorf("Jobs(%+v): got the error %v, want %v", q, err, orchestrator.ErrNotFound)
		}
	}
}

func TestNodesRefusesLimit(t *testing.T) {
	s, job := newStore(t, "a")
	for _, err := range s.Nodes(t.Context(), job.ID, orchestrator.NodeQuery{Limit: -1}) {
		if !errors.Is(err, orchestrator.ErrInvalid) {
			t.Errorf("got the error %v, want %v", err, orchestrator.ErrInvalid)
		}
	}
}

func TestCommitRefusesNode(t *testing.T) {
	s, job := newStore(t, "a", "b")
	lease, _, err := s.Claim(t.Context(), uuid.New(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []orchestrator.Node{{Index: 0, Name: "b"}, {Index: 2, Name: "c"}, {Index: -1, Name: "a"}} {
		b := orchestrator.Batch{Progress: job.Progress, Events: []orchestrator.Event{{ID: 1, Node: n}}}
		b.Progress.LastEvent = 1
		if err := s.Commit(t.Context(), lease, b); !errors.Is(err, orchestrator.ErrInvalid) {
			t.Errorf("Commit of %+v: got the error %v, want %v", n, err, orchestrator.ErrInvalid)
		}
	}
	if job, err := s.Job(t.Context(), job.ID); err != nil || job.LastEvent != 0 {
		t.Errorf("got the last event %d and the error %v, want none", job.LastEvent, err)
	}
}

func TestClaimWithoutTTLHasExpired(t *testing.T) {
	s, _ := newStore(t, "a")
	for range 3 {
		if _, _, err := s.Claim(t.Context(), uuid.New(), 0); err != nil {
			t.Errorf("got the error %v, want the job that nobody holds for long", err)
		}
	}
}

func TestCreateEndedJob(t *testing.T) {
	s := memory.New()
	job := orchestrator.Job{Progress: orchestrator.Progress{State: orchestrator.JobFailed}}
	if _, err := s.CreateJob(t.Context(), job, []string{"a"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Claim(t.Context(), uuid.New(), 0); !errors.Is(err, orchestrator.ErrNotFound) {
		t.Errorf("Claim: got the error %v, want %v", err, orchestrator.ErrNotFound)
	}
}
