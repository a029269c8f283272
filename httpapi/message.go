package httpapi

import (
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// sentence is a sentence for people, in parts. Nothing of a character is in another part than the rest.
type sentence [7]string

func (s *sentence) String() string { return strings.Join(s[:], "") }

// nodeMessage returns one sentence about a node for people: "" while nothing has happened to it.
func nodeMessage(j *orchestrator.Job, n *orchestrator.Node) string {
	s := nodeSentence(j, n)
	return s.String()
}

// nodeSentence returns the message of a node. What was recorded is kept to the letter, with the blank
// after Success, to which the runner's own words are added if there are any. The sentences for failed
// and skipped nodes, which were not recorded, are made alike.
func nodeSentence(j *orchestrator.Job, n *orchestrator.Node) sentence {
	work, task := "puppet run", ""
	if j.Command == orchestrator.CommandTask {
		work, task = "task ", j.Task.Name
	}
	switch n.State {
	case orchestrator.NodeRunning:
		return sentence{"Started ", work, task, " on ", n.Name, " ..."}
	case orchestrator.NodeFinished:
		return sentence{"Finished ", work, task, " on ", n.Name, " - Success! ", n.Message}
	case orchestrator.NodeFailed:
		return sentence{"Finished ", work, task, " on ", n.Name, " - Failure! ", n.Message}
	case orchestrator.NodeErrored:
		if j.Command == orchestrator.CommandDeploy {
			work = "puppet"
		}
		return sentence{"Error running ", work, task, " on ", n.Name, ": ", n.Message}
	case orchestrator.NodeSkipped:
		return sentence{"Skipped ", work, task, " on ", n.Name, ": ", n.Message}
	default:
		return sentence{}
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
