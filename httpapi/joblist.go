package httpapi

import (
	"fmt"

	"github.com/seed-54b7607b/orchestrator"
)

// jobList is the part of all jobs that a client asks for.
type jobList struct {
	limit   *int // nil if none was given
	offset  int
	orderBy string // as on the wire
	order   string // as on the wire
	kind    string // the type asked for, "" if none
	after   orchestrator.JobID
	filter  orchestrator.JobQuery // only what is about which jobs are wanted
}

// planTask is the type of the jobs that a plan creates, of which there are none here.
const planTask = "plan_task"

// jobList reads which jobs the client asks for.
func (h *handler) jobList(c *call) (jobList, error) {
	var list jobList
	query, err := c.query()
	if err != nil {
		return list, err
	}
	if list.limit, err = query.limit(h.opts.MaxLimit); err != nil {
		return list, err
	}
	if list.offset, err = query.offset(); err != nil {
		return list, err
	}
	if err := list.readOrder(query); err != nil {
		return list, err
	}
	if err := list.readFilter(query); err != nil {
		return list, err
	}
	return list, list.readAfter(query)
}

// limit returns how long a list may be, or nil if the client does not say.
func (p params) limit(greatest int) (*int, error) {
	limit, err := p.count("limit")
	if err == nil && limit != nil && *limit > greatest {
		err = invalid("limit", p["limit"][0], fmt.Sprintf("must not be greater than %d", greatest))
	}
	return limit, err
}

// maxOffset is beyond every list, and leaves room to add to it.
const maxOffset = 1 << 30

// offset returns how many items of a list the client wants to be left out.
func (p params) offset() (int, error) {
	offset, err := p.count("offset")
	if err != nil || offset == nil {
		return 0, err
	}
	return min(*offset, maxOffset), nil
}

// readOrder reads the order. When the client says nothing about it, the newest come first; when it
// only says by what or only which way, the rest is as documented: ascending, and by id.
func (l *jobList) readOrder(query params) (err error) {
	if l.orderBy, err = query.oneOf("order_by", "owner", "timestamp", "environment", "name", "state"); err != nil {
		return err
	}
	if l.order, err = query.oneOf("order", "asc", "desc"); err != nil {
		return err
	}
	switch {
	case l.orderBy == "" && l.order == "":
		l.orderBy, l.order = "name", "desc"
	case l.orderBy == "":
		l.orderBy = "name"
	case l.order == "":
		l.order = "asc"
	}
	return nil
}

// readFilter reads which jobs are wanted: by the type, the task and the time of their end, as
// documented since 2021, and by their state and a node of theirs, which this server adds.
func (l *jobList) readFilter(query params) (err error) {
	if l.kind, err = query.oneOf("type", "deploy", "task", planTask); err != nil {
		return err
	}
	l.filter.Command = orchestrator.Command(l.kind)
	if l.filter.Task, err = query.task(l.kind); err != nil {
		return err
	}
	state, err := query.oneOf("state", namesOf(orchestrator.JobStates())...)
	if err != nil {
		return err
	}
	l.filter.State = orchestrator.JobState(state)
	if l.filter.Node, err = query.node(); err != nil {
		return err
	}
	if l.filter.FinishedFrom, err = query.finishedFrom(); err != nil {
		return err
	}
	l.filter.FinishedTo, err = query.finishedTo()
	return err
}

// task returns a part of the name of the tasks that are wanted.
func (p params) task(kind string) (string, error) {
	task, given, err := p.get("task")
	switch {
	case err != nil || !given:
		return "", err
	case task == "":
		return "", invalid("task", "", "must not be empty")
	case kind == string(orchestrator.CommandDeploy):
		return "", invalid("task", task, "must not be given together with type=deploy")
	}
	return task, nil
}

// node returns the name of the node whose jobs are wanted.
func (p params) node() (string, error) {
	node, given, err := p.get("node")
	if !given || err != nil {
		return "", err
	}
	return node, orchestrator.ValidNodeName(node)
}

// readAfter reads behind which job the list is to begin. It need not exist, or exist still: its id
// has its place among the others for ever. In other orders than that by id a job's place changes, or
// cannot be told once the job has been removed.
func (l *jobList) readAfter(query params) error {
	text, given, err := query.get("after")
	if !given || err != nil {
		return err
	}
	n, err := parseInt("after", text)
	switch {
	case err != nil:
		return err
	case n < 0:
		return invalid("after", text, "must not be negative")
	case l.orderBy != "name":
		return invalid("after", text, "must not be given together with another order_by than name")
	}
	l.after = orchestrator.JobID(n)
	return nil
}

// namesOf returns states as strings.
func namesOf[T ~string](states []T) []string {
	names := make([]string, len(states))
	for i, state := range states {
		names[i] = string(state)
	}
	return names
}

// query returns what asks for the jobs that are wanted, in their order and from the first on. A job's
// name is its id in decimal, and is ordered as the number that it is.
func (l *jobList) query() orchestrator.JobQuery {
	q := l.filter
	q.Descending = l.order == "desc"
	if l.orderBy != "name" {
		q.OrderBy = orchestrator.JobOrder(l.orderBy)
	}
	return q
}
