package httpapi

import (
	"bytes"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// node appends a node of a job. The message is under details, where it was recorded, and at the
// top, where the first documentation has it.
func (e *encoder) node(j *orchestrator.Job, n *orchestrator.Node, l links, now time.Time) {
	var r run
	if j.Command == orchestrator.CommandDeploy {
		r = runOf(n.Result)
	}
	message := nodeMessage(j, n)
	e.open('{')
	e.key("name")
	e.string(n.Name)
	e.key("state")
	e.string(string(n.State))
	e.key("timestamp")
	e.time(n.Updated)
	e.key("start_timestamp")
	e.time(n.Started)
	e.key("finish_timestamp")
	e.time(n.Finished)
	e.key("duration")
	e.elapsed(n.Started, n.Finished, now)
	e.key("transaction_uuid")
	e.rawOrNull(r.uuid)
	e.key("transport")
	e.string("pcp")
	e.key("latest-event-id")
	e.int(int64(n.LatestEvent))
	e.key("message")
	e.string(message)
	e.key("details")
	e.open('{')
	if j.Command == orchestrator.CommandDeploy {
		e.details(n, &r, message, func() { e.url(l, j.ID, "/report") }, now)
	}
	e.close('}')
	e.key("result")
	if ran(n) {
		e.result(n)
	} else {
		e.null()
	}
	e.close('}')
}

// ran reports whether a node has come to an end by being run, or by an attempt to run it.
func ran(n *orchestrator.Node) bool {
	return n.State.Terminal() && n.State != orchestrator.NodeSkipped
}

// details appends the members of a deploy node's details. A client that reads them for a finished
// or failed node crashes unless metrics and report-url are there, and the latter is an absolute URL:
// where the run gives none, it is that of the job's report.
func (e *encoder) details(n *orchestrator.Node, r *run, message string, report func(), now time.Time) {
	if n.State == orchestrator.NodeNew {
		return
	}
	e.key("message")
	e.string(message)
	switch n.State {
	case orchestrator.NodeRunning:
		e.key("run-time")
		e.int(int64(max(now.Sub(n.Started), 0) / time.Second))
	case orchestrator.NodeFinished, orchestrator.NodeFailed:
		e.key("metrics")
		e.metrics(r)
		e.key("report-url")
		if isURL(r.reportURL) {
			e.raw(r.reportURL)
		} else {
			report()
		}
		if r.hash != nil {
			e.key("hash")
			e.raw(r.hash)
		}
		if r.environment != nil {
			e.key("environment")
			e.raw(r.environment)
		}
	}
}

// isURL reports whether a JSON text is a string that is an absolute URL of the web, spelled without
// escapes.
func isURL(text []byte) bool {
	rest, ok := bytes.CutPrefix(text, []byte(`"http://`))
	if !ok {
		rest, ok = bytes.CutPrefix(text, []byte(`"https://`))
	}
	if !ok || bytes.ContainsAny(rest, "\\ ") {
		return false
	}
	host := bytes.IndexAny(rest, `/?#"`)
	return host > 0 && rest[0] != ':'
}

func (e *encoder) metrics(r *run) {
	e.open('{')
	for i, n := range r.counters() {
		e.key(metricNames[i])
		e.int(n)
	}
	e.close('}')
}

func (e *encoder) rawOrNull(text []byte) {
	if text == nil {
		e.null()
		return
	}
	e.raw(text)
}

// result appends what a run gave. A node that could not be run has what the API gives for it: an
// error under _error.
func (e *encoder) result(n *orchestrator.Node) {
	if n.State != orchestrator.NodeErrored || n.Result != nil {
		e.rawObject(n.Result)
		return
	}
	e.open('{')
	e.key("_error")
	e.open('{')
	e.key("kind")
	e.string("puppetlabs.orchestrator/execution-failure")
	e.key("msg")
	e.string(n.Message)
	e.key("details")
	e.open('{')
	e.key("node")
	e.string(n.Name)
	e.close('}')
	e.close('}')
	e.close('}')
}
