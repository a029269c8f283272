package httpapi

import (
	"strconv"

	"github.com/seed-54b7607b/orchestrator"
)

// links makes the absolute URLs of an answer. Some clients follow them as they are.
type links struct {
	base string // the URL of the API, without a slash at its end
}

// job returns the URL of a job.
func (l links) job(id orchestrator.JobID) string {
	return l.base + "/jobs/" + id.String()
}

// nodes returns the URL of a job's nodes.
func (l links) nodes(id orchestrator.JobID) string { return l.job(id) + "/nodes" }

// report returns the URL of a job's report.
func (l links) report(id orchestrator.JobID) string { return l.job(id) + "/report" }

// events returns the URL of a job's events.
func (l links) events(id orchestrator.JobID) string { return l.job(id) + "/events" }

// eventsFrom returns the URL of a job's events from one on.
func (l links) eventsFrom(id orchestrator.JobID, start orchestrator.EventID) string {
	return l.events(id) + "?start=" + strconv.FormatInt(int64(start), 10)
}
