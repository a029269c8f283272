package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// The instances that hold leases in the checks.
var (
	alice = uuid.MustParse("a11ce000-0000-4000-8000-000000000001")
	bob   = uuid.MustParse("b0b00000-0000-4000-8000-000000000002")
	carol = uuid.MustParse("ca401000-0000-4000-8000-000000000003")
)

// large is how many nodes a large job has: more than a store can be expected to write, or to
// read, in one piece.
const large = 20_000

// unknown is the ID of a job that no check gets to create.
const unknown orchestrator.JobID = 1 << 40

// at returns the n-th of the points in time that the checks use.
func at(n int) time.Time {
	return time.Date(2026, time.March, 4, 5, 6, 7, 89_000_000, time.UTC).Add(time.Duration(n) * 1001 * time.Millisecond)
}

// nodeName returns the name of the i-th node of a job made by create.
func nodeName(i int) string { return fmt.Sprintf("node-%05d.example.com", i) }

func nodeNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = nodeName(i)
	}
	return names
}

// plainJob returns a job with nothing but what every job has.
func plainJob() orchestrator.Job {
	return orchestrator.Job{
		JobSpec: orchestrator.JobSpec{
			Command: orchestrator.CommandDeploy,
			Owner:   orchestrator.Owner{ID: "42", Login: "ada"},
		},
		Progress: progressTo(orchestrator.JobNew),
	}
}

// progressTo returns the progress of a job without events that has gone through the states.
func progressTo(states ...orchestrator.JobState) orchestrator.Progress {
	p := orchestrator.Progress{State: states[len(states)-1]}
	for i, state := range states {
		p.Status = append(p.Status, orchestrator.StateChange{State: state, At: at(i)})
	}
	return p
}

// fullJob returns a job whose fields all have values of their own, those included that the
// store is to set.
func fullJob() orchestrator.Job {
	return orchestrator.Job{
		ID:        4711,
		NodeCount: 4712,
		Stop:      orchestrator.StopForce,
		JobSpec: orchestrator.JobSpec{
			Command:     orchestrator.CommandTask,
			Environment: "production",
			Scope:       fullScope(),
			Description: "Grüße, 世界 🎉 <b>&\"quoted\"</b>\nand a second line",
			Noop:        true,
			Concurrency: 17,
			Timeout:     90*time.Minute + 1,
			Userdata:    json.RawMessage(`{ "html": "<&>", "big": 12345678901234567890, "ü": [1.50, null] }`),
			Owner:       fullOwner(),
			Agent:       fullAgent(),
			Task:        fullTask(),
			Key:         "af94921f-bd76-4b58-b5ce-e17c029a2790/<&>\"ü",
			Digest:      "5feceb66ffc86f38d952786c6d696c79",
		},
		Progress: orchestrator.Progress{
			State:     orchestrator.JobReady,
			Status:    progressTo(orchestrator.JobNew, orchestrator.JobReady).Status,
			Counts:    orchestrator.NodeCounts{New: 7, Running: 2, Finished: 3, Failed: 4, Errored: 5, Skipped: 6},
			LastEvent: 4713,
		},
	}
}

// fullJobNo is fullJob for the n-th of several jobs, each with a key of its own.
func fullJobNo(n int) orchestrator.Job {
	job := fullJob()
	job.Key = fmt.Sprintf("%s %d", job.Key, n)
	return job
}

// fullScope has more than one job has: what it was asked by is one of these.
func fullScope() orchestrator.Scope {
	return orchestrator.Scope{
		Nodes:     []string{"a", "b.example.com"},
		Omitted:   3,
		Query:     json.RawMessage(`["from", "nodes", ["=", "certname", "<ü>"]]`),
		NodeGroup: "fe0039d7-7a1b-4d2a-9c7e-5f1c1e8a0f3b",
	}
}

func fullTask() orchestrator.TaskOptions {
	return orchestrator.TaskOptions{
		Name:      "package::install",
		Params:    json.RawMessage(`{"name": "nginx"}`),
		Sensitive: []string{"password", "token"},
		Secret:    "0b1f4a57-8e1c-4b6c-8a0b-6f8f0a1d2c3e",
	}
}

func fullOwner() orchestrator.Owner {
	return orchestrator.Owner{
		ID:               "af94921f-bd76-4b58-b5ce-e17c029a2790",
		Login:            "ada",
		DisplayName:      "Ada Løvelace",
		Email:            "ada@example.com",
		LastLogin:        at(99),
		IsSuperuser:      true,
		IsRemote:         true,
		IsRevoked:        true,
		IsGroup:          true,
		RoleIDs:          []int{1, -2},
		InheritedRoleIDs: []int{3},
		GroupIDs:         []string{"g1", "g2"},
	}
}

func fullAgent() orchestrator.AgentOptions {
	return orchestrator.AgentOptions{
		NoNoop:               true,
		EnforceEnvironment:   true,
		Debug:                true,
		Trace:                true,
		Evaltrace:            true,
		FileTimeout:          new(15),
		HTTPConnectTimeout:   new(16),
		HTTPKeepaliveTimeout: new(17),
		HTTPReadTimeout:      new(18),
		Ordering:             "manifest",
		SkipTags:             "slow,flaky",
		Tags:                 "web,db",
		UseCachedCatalog:     new(true),
		UseCacheOnFailure:    new(true),
	}
}

// fullNode returns the i-th node of a job as it is after a run, with a value in every field
// that a batch leaves to it.
func fullNode(i int) orchestrator.Node {
	return orchestrator.Node{
		Index:    i,
		Name:     nodeName(i),
		State:    orchestrator.NodeFailed,
		Started:  at(1000 + i),
		Finished: at(2000 + i),
		Message:  "dæmon says <no> & \"exits\"\n世界",
		Result:   json.RawMessage(`{ "status": "failed",  "log": "<a>&\u2028ü" }`),
	}
}

// busyNode returns the i-th node of a job as it is while it runs, with something to say.
func busyNode(i int) orchestrator.Node {
	n := fullNode(i)
	n.State, n.Finished = orchestrator.NodeRunning, time.Time{}
	return n
}

// create stores a plain job with n nodes.
func create(ctx context.Context, s orchestrator.Store, n int) (orchestrator.Job, error) {
	return s.CreateJob(ctx, plainJob(), nodeNames(n))
}

// createMany stores n plain jobs of one node each, several at once, and returns the oldest.
func createMany(ctx context.Context, s orchestrator.Store, n int) (first orchestrator.JobID, err error) {
	const atOnce = 8
	ids := make([]orchestrator.JobID, n)
	err = together(atOnce, func(worker int) error {
		for i := worker; i < n; i += atOnce {
			job, err := create(ctx, s, 1)
			if err != nil {
				return err
			}
			ids[i] = job.ID
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	first = ids[0]
	for _, id := range ids {
		first = min(first, id)
	}
	return first, nil
}

// openWith opens a store and creates a plain job with n nodes in it.
func openWith(ctx context.Context, open Opener, n int) (orchestrator.Store, orchestrator.Job, error) {
	s, err := open(ctx)
	if err != nil {
		return nil, orchestrator.Job{}, err
	}
	job, err := create(ctx, s, n)
	return s, job, err
}
