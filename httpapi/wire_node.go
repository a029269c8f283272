package httpapi

import (
	"bytes"
	"strings"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// node appends a node of a job. The message is under details, where it was recorded, and at the
// top, where the first documentation has it.
func (e *encoder) node(j *orchestrator.Job, n *orchestrator.Node, l links, now time.Time) {
	deploy := j.Command == orchestrator.CommandDeploy
	result := validText(n.Result)
	var r run
	if deploy {
		r = runOf(result)
	}
	e.open('{')
	e.literal(`"name":`)
	e.string(n.Name)
	e.literal(`,"state":`)
	e.string(string(n.State))
	e.literal(`,"timestamp":`)
	e.time(n.Updated)
	e.literal(`,"start_timestamp":`)
	e.time(n.Started)
	e.literal(`,"finish_timestamp":`)
	e.time(n.Finished)
	e.literal(`,"duration":`)
	e.elapsed(n.Started, n.Finished, now)
	e.literal(`,"transaction_uuid":`)
	e.validOrNull(r.uuid)
	e.literal(`,"transport":"pcp","latest-event-id":`)
	e.int(int64(n.LatestEvent))
	e.literal(`,"message":`)
	message := e.nodeMessage(j, n)
	e.literal(`,"details":{`)
	if deploy && n.State != orchestrator.NodeNew {
		e.details(j, n, &r, message, l, now)
	}
	e.literal(`},"result":`)
	if ran(n) {
		e.ranWith(n, result)
	} else {
		e.null()
	}
	e.close('}')
}

// place is where a value is in the buffer.
type place struct{ from, to int }

// nodeMessage appends the message of a node, and returns where.
func (e *encoder) nodeMessage(j *orchestrator.Job, n *orchestrator.Node) place {
	from := len(e.buf)
	s := nodeSentence(j, n)
	e.sentence(&s)
	return place{from, len(e.buf)}
}

// again appends a value that is in the buffer already.
func (e *encoder) again(p place) { e.valid(e.buf[p.from:p.to]) }

// ran reports whether a node has come to an end by being run, or by an attempt to run it.
func ran(n *orchestrator.Node) bool {
	return n.State.Terminal() && n.State != orchestrator.NodeSkipped
}

// details appends the members of a deploy node's details. A client that reads them for a finished
// or failed node crashes unless metrics and report-url are there, and the latter is an absolute URL:
// where the run gives none, it is that of the job's report.
func (e *encoder) details(j *orchestrator.Job, n *orchestrator.Node, r *run, message place, l links, now time.Time) {
	e.literal(`"message":`)
	e.again(message)
	switch n.State {
	case orchestrator.NodeRunning:
		e.literal(`,"run-time":`)
		e.int(int64(max(now.Sub(n.Started), 0) / time.Second))
	case orchestrator.NodeFinished, orchestrator.NodeFailed:
		e.literal(`,"metrics":`)
		e.metrics(&r.counters)
		e.literal(`,"report-url":`)
		if isURL(r.reportURL) {
			e.valid(r.reportURL)
		} else {
			e.url(l, j.ID, "/report")
		}
		if r.hash != nil {
			e.literal(`,"hash":`)
			e.valid(r.hash)
		}
		if r.environment != nil {
			e.literal(`,"environment":`)
			e.valid(r.environment)
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
	if !ok || bytes.IndexByte(rest, '\\') >= 0 || bytes.IndexByte(rest, ' ') >= 0 {
		return false
	}
	return len(rest) > 0 && strings.IndexByte(`/?#":`, rest[0]) < 0
}

func (e *encoder) metrics(all *counters) {
	e.separate()
	e.buf = appendMetrics(e.buf, all)
	e.comma = true
}

func appendMetrics(b []byte, all *counters) []byte {
	for i, text := range all {
		b = append(b, metricKeys[i]...)
		if text == nil {
			b = append(b, '0')
		} else {
			b = append(b, text...)
		}
	}
	return append(b, '}')
}

func (e *encoder) validOrNull(text []byte) {
	if text == nil {
		e.null()
		return
	}
	e.valid(text)
}

// result appends what a run gave.
func (e *encoder) result(n *orchestrator.Node) { e.ranWith(n, validText(n.Result)) }

// ranWith appends a result whose text is known to be UTF-8. A node that could not be run has what the
// API gives for it: an error under _error.
func (e *encoder) ranWith(n *orchestrator.Node, result []byte) {
	switch {
	case len(result) > 0:
		e.valid(result)
	case n.State != orchestrator.NodeErrored || n.Result != nil:
		e.rawObject(nil)
	default:
		e.open('{')
		e.literal(`"_error":{"kind":"puppetlabs.orchestrator/execution-failure","msg":`)
		e.string(n.Message)
		e.literal(`,"details":{"node":`)
		e.string(n.Name)
		e.literal("}}")
		e.close('}')
	}
}
