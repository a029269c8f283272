package httpapi

import (
	"github.com/seed-54b7607b/orchestrator"
)

// work returns what a job does on a node, for people.
func work(j *orchestrator.Job) string {
	if j.Command == orchestrator.CommandTask {
		return "task " + j.Task.Name
	}
	return "puppet run"
}

// nodeMessage returns one sentence about a node for people: "" while nothing has happened to it.
// What was recorded is kept to the letter, with the blank after Success, to which the runner's own
// words are added if there are any. The sentences for failed and skipped nodes, which were not
// recorded, are made alike.
func nodeMessage(j *orchestrator.Job, n *orchestrator.Node) string {
	what := work(j)
	switch n.State {
	case orchestrator.NodeRunning:
		return "Started " + what + " on " + n.Name + " ..."
	case orchestrator.NodeFinished:
		return "Finished " + what + " on " + n.Name + " - Success! " + n.Message
	case orchestrator.NodeFailed:
		return "Finished " + what + " on " + n.Name + " - Failure! " + n.Message
	case orchestrator.NodeErrored:
		if j.Command == orchestrator.CommandDeploy {
			what = "puppet"
		}
		return "Error running " + what + " on " + n.Name + ": " + n.Message
	case orchestrator.NodeSkipped:
		return "Skipped " + what + " on " + n.Name + ": " + n.Message
	default:
		return ""
	}
}

// jobMessage returns one sentence about an event of a job.
func jobMessage(j *orchestrator.Job, e *orchestrator.Event) string {
	name := "Job " + j.ID.String()
	switch e.Type {
	case orchestrator.EventJobStopping:
		return name + " is stopping"
	case orchestrator.EventJobAborted:
		return name + " was stopped by force"
	default:
		return name + " ended: " + string(e.JobState)
	}
}
