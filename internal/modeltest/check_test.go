package modeltest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// The paths that a job and a node may take, written down apart from the library's own tables.
var (
	jobPaths = [][]orchestrator.JobState{
		{"new", "ready", "running", "finished"},
		{"new", "ready", "running", "failed"},
		{"new", "ready", "running", "stopping", "stopped"},
		{"new", "stopping", "stopped"},
		// Tasks.
		{"ready", "running", "finished"},
		{"ready", "running", "failed"},
		{"ready", "running", "stopping", "stopped"},
		{"ready", "stopping", "stopped"},
	}
	nodePaths = map[orchestrator.NodeState][]orchestrator.EventType{
		"finished": {"node_running", "node_finished"},
		"failed":   {"node_running", "node_failed"},
		"errored":  {"node_running", "node_errored"},
		"skipped":  {"node_skipped"},
	}
)

// withoutSecret is the message of a node that could not be run without what was lost in a restart.
const withoutSecret = "not started: the sensitive parameters or targets, which are never stored, are not here: they were lost in a restart, or another orchestrator has them"

// givenUp are messages of nodes whose runs nobody watches any more.
var givenUp = []string{
	"outcome unknown: the orchestrator was restarted",
	"outcome unknown: the orchestrator was stopped while the node was running",
}

// check says what is wrong with the jobs after everything has had time to end.
func (st *stage) check(ctx context.Context) error {
	runs := make(map[string]int)
	for _, r := range st.runner.Runs() {
		runs[fmt.Sprint(r.Job, " ", r.Node)]++
	}
	for _, id := range st.jobs {
		if err := st.checkJob(ctx, id, runs); err != nil {
			return fmt.Errorf("job %d: %w", id, err)
		}
	}
	return nil
}

func (st *stage) checkJob(ctx context.Context, id orchestrator.JobID, runs map[string]int) error {
	job, err := st.store.Job(ctx, id)
	if err != nil {
		return err
	}
	var path []orchestrator.JobState
	for _, s := range job.Status {
		path = append(path, s.State)
	}
	if !slices.ContainsFunc(jobPaths, func(p []orchestrator.JobState) bool { return slices.Equal(p, path) }) {
		return fmt.Errorf("went through %v", path)
	}
	events, err := collect(st.store.Events(ctx, id, 1))
	if err != nil {
		return err
	}
	nodes, err := collect(st.store.Nodes(ctx, id, orchestrator.NodeQuery{}))
	if err != nil {
		return err
	}
	if err := checkEvents(job, events); err != nil {
		return err
	}
	for _, n := range nodes {
		if st.lasting != nil && runs[fmt.Sprint(id, " ", n.Name)] > 0 && slices.Contains(givenUp, n.Message) {
			return fmt.Errorf("node %s was not picked up: %q", n.Name, n.Message)
		}
	}
	if kept := fmt.Sprint(job, events, nodes); strings.Contains(kept, secret) {
		return fmt.Errorf("keeps what is secret: %s", kept)
	}
	return checkNodes(job, nodes, events, runs)
}

// checkEvents checks that the events are in line, and that the last, and only the last, ends the job.
func checkEvents(job orchestrator.Job, events []orchestrator.Event) error {
	var latest time.Time
	for i, e := range events {
		if e.ID != orchestrator.EventID(i+1) || e.Time.Before(latest) {
			return fmt.Errorf("event %d has id %d and time %v after %v", i+1, e.ID, e.Time, latest)
		}
		if e.Last() != (i == len(events)-1) {
			return fmt.Errorf("event %d of %d is %s", i+1, len(events), e.Type)
		}
		latest = e.Time
	}
	if last := events[len(events)-1]; job.LastEvent != last.ID || last.JobState != job.State || !job.State.Terminal() {
		return fmt.Errorf("is %s after %d events, the last of which is %+v", job.State, job.LastEvent, last)
	}
	return nil
}

// checkNodes checks that each node took one of the paths there are, ran at most once, and is
// counted as what it is.
func checkNodes(job orchestrator.Job, nodes []orchestrator.Node, events []orchestrator.Event, runs map[string]int) error {
	paths := make(map[string][]orchestrator.EventType)
	latest := make(map[string]orchestrator.EventID)
	for _, e := range events {
		if e.JobState == "" {
			paths[e.Node.Name] = append(paths[e.Node.Name], e.Type)
			latest[e.Node.Name] = e.ID
		}
	}
	counts := make(map[orchestrator.NodeState]int)
	for _, n := range nodes {
		counts[n.State]++
		ran := runs[fmt.Sprint(job.ID, " ", n.Name)]
		switch {
		case job.Command == orchestrator.CommandTask && n.Message == withoutSecret:
			if n.State != orchestrator.NodeErrored || ran > 0 || len(paths[n.Name]) != 1 {
				return fmt.Errorf("node %s, whose secret is lost, is %s after %v", n.Name, n.State, paths[n.Name])
			}
		case !slices.Equal(paths[n.Name], nodePaths[n.State]):
			return fmt.Errorf("node %s is %s after %v", n.Name, n.State, paths[n.Name])
		case ran > 1 || ran == 1 && n.State == orchestrator.NodeSkipped:
			return fmt.Errorf("node %s is %s and ran %d times", n.Name, n.State, ran)
		case ran == 0 && (n.State == orchestrator.NodeFinished || n.State == orchestrator.NodeFailed):
			return fmt.Errorf("node %s is %s and never ran", n.Name, n.State)
		case n.LatestEvent != latest[n.Name]:
			return fmt.Errorf("node %s has latest event %d, want %d", n.Name, n.LatestEvent, latest[n.Name])
		case n.Finished.Before(n.Started):
			return fmt.Errorf("node %s ended before it began: %+v", n.Name, n)
		}
	}
	for _, s := range orchestrator.NodeStates() {
		if job.Counts.Of(s) != counts[s] {
			return fmt.Errorf("counts %+v, has %v", job.Counts, counts)
		}
	}
	failed := counts[orchestrator.NodeFailed]+counts[orchestrator.NodeErrored] > 0
	if job.State == orchestrator.JobFinished && failed || job.State == orchestrator.JobFailed && !failed {
		return fmt.Errorf("is %s with %v", job.State, counts)
	}
	if job.State == orchestrator.JobStopped != (job.Stop != orchestrator.StopNone) && job.State == orchestrator.JobStopped {
		return fmt.Errorf("is %s, asked %q", job.State, job.Stop)
	}
	return nil
}

func collect[T any](seq func(func(T, error) bool)) (all []T, err error) {
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}
