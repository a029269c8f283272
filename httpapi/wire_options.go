package httpapi

import (
	"strings"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// options appends what a job was asked to do.
func (e *encoder) options(j *orchestrator.Job) {
	e.open('{')
	e.literal(`"description":`)
	e.string(j.Description)
	e.literal(`,"environment":`)
	e.string(j.Environment)
	e.literal(`,"noop":`)
	e.bool(j.Noop)
	e.literal(`,"scope":`)
	e.scope(&j.Scope)
	if j.Command == orchestrator.CommandTask {
		e.taskOptions(j)
	} else {
		e.deployOptions(j)
	}
	e.close('}')
}

// deployOptions appends the options of a deploy. Those that later versions of the API added are
// there only where they were asked for.
func (e *encoder) deployOptions(j *orchestrator.Job) {
	a := &j.Agent
	e.literal(`,"target":`)
	e.string(scopeLabel(&j.Scope))
	e.literal(`,"concurrency":`)
	e.orNull(j.Concurrency)
	e.literal(`,"timeout":`)
	e.orNull(wholeSeconds(j.Timeout))
	e.literal(`,"enforce_environment":`)
	e.bool(a.EnforceEnvironment)
	e.literal(`,"no_noop":`)
	e.bool(a.NoNoop)
	e.literal(`,"debug":`)
	e.bool(a.Debug)
	e.literal(`,"trace":`)
	e.bool(a.Trace)
	e.literal(`,"evaltrace":`)
	e.bool(a.Evaltrace)
	e.ifInt("filetimeout", a.FileTimeout)
	e.ifInt("http_connect_timeout", a.HTTPConnectTimeout)
	e.ifInt("http_keepalive_timeout", a.HTTPKeepaliveTimeout)
	e.ifInt("http_read_timeout", a.HTTPReadTimeout)
	e.ifString("ordering", a.Ordering)
	e.ifString("tags", a.Tags)
	e.ifString("skip_tags", a.SkipTags)
	e.ifBool("use_cached_catalog", a.UseCachedCatalog)
	e.ifBool("usecacheonfailure", a.UseCacheOnFailure)
}

// taskOptions appends the options of a task, with the keys that were recorded on a server of 2020;
// the two that later versions added are there only where they were asked for. Of sensitive parameters
// there are the names.
func (e *encoder) taskOptions(j *orchestrator.Job) {
	e.key("task")
	e.string(j.Task.Name)
	e.key("params")
	e.rawObject(j.Task.Params)
	e.key("sensitive")
	e.strings(j.Task.Sensitive)
	e.key("transport")
	e.string("pxp")
	e.key("scheduled-job-id")
	e.null()
	e.ifPositive("concurrency", j.Concurrency)
	e.ifPositive("timeout", wholeSeconds(j.Timeout))
}

// wholeSeconds returns a duration in seconds, rounded up.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// scope appends which nodes a job is for, as it was asked. Of a list of nodes only the first of very
// many are kept with a job; how many are left out is under nodes_omitted, a key of this server's own.
func (e *encoder) scope(s *orchestrator.Scope) {
	e.open('{')
	switch {
	case s.Query != nil:
		e.key("query")
		e.raw(s.Query)
	case s.NodeGroup != "":
		e.key("node_group")
		e.string(s.NodeGroup)
	default:
		e.key("nodes")
		e.strings(s.Nodes)
		if s.Omitted > 0 {
			e.key("nodes_omitted")
			e.int(int64(s.Omitted))
		}
	}
	e.close('}')
}

// scopeLabel returns what servers of 2016.4 and later put in place of the deprecated target: a label
// of the scope, in words. "nodes", "query" and "whole environment" were recorded, the one of a group
// is made like the last.
func scopeLabel(s *orchestrator.Scope) string {
	return strings.ReplaceAll(scopeKind(s), "_", " ")
}

// orNull appends a number, or null for 0, which means that none was given.
func (e *encoder) orNull(n int) {
	if n == 0 {
		e.null()
		return
	}
	e.int(int64(n))
}

func (e *encoder) ifPositive(key string, n int) {
	if n > 0 {
		e.key(key)
		e.int(int64(n))
	}
}

func (e *encoder) ifInt(key string, n *int) {
	if n != nil {
		e.key(key)
		e.int(int64(*n))
	}
}

func (e *encoder) ifBool(key string, b *bool) {
	if b != nil {
		e.key(key)
		e.bool(*b)
	}
}

func (e *encoder) ifString(key, s string) {
	if s != "" {
		e.key(key)
		e.string(s)
	}
}
