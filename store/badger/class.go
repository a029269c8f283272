package badger

import (
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// asked is what jobs are listed by and what never changes of a job.
type asked struct {
	command     orchestrator.Command
	task        string // "" unless the job is a task
	environment string
	login       string // of the job's owner
}

// askedOf returns what a job is listed by.
func askedOf(s *orchestrator.JobSpec) asked {
	return asked{command: s.Command, task: s.Task.Name, environment: s.Environment, login: s.Owner.Login}
}

// maxText is how long each of the texts of an asked may be, and a job's key.
const maxText = 8 << 10

// checkTexts returns an error if a text of a spec is too long to list jobs by.
func checkTexts(s *orchestrator.JobSpec) error {
	for _, t := range [...]struct{ field, text string }{
		{"Command", string(s.Command)}, {"Task.Name", s.Task.Name}, {"Environment", s.Environment}, {"Owner.Login", s.Owner.Login}, {"Key", s.Key},
	} {
		if len(t.text) > maxText {
			return invalid(t.field, t.text, "must not be longer than 8,192 bytes")
		}
	}
	return nil
}

func (a *asked) size() int {
	return 16 + len(a.command) + len(a.task) + len(a.environment) + len(a.login)
}

// clone returns a copy that keeps no other memory from being let go.
func (a *asked) clone() asked {
	return asked{
		command:     orchestrator.Command(strings.Clone(string(a.command))),
		task:        strings.Clone(a.task),
		environment: strings.Clone(a.environment),
		login:       strings.Clone(a.login),
	}
}

func (e *encoder) asked(a *asked) {
	e.text(string(a.command))
	e.text(a.task)
	e.text(a.environment)
	e.text(a.login)
}

func (d *decoder) asked() asked {
	return asked{command: orchestrator.Command(d.text()), task: d.text(), environment: d.text(), login: d.text()}
}

// class is what jobs that have ended are listed by, but for their times. There are few classes: one
// for each combination that ever occurred and of which a job is left.
type class struct {
	asked

	state orchestrator.JobState
}

// encodeClass returns the value of the row of a class.
func encodeClass(c *class) []byte {
	e := &encoder{b: make([]byte, 0, 8+c.size())}
	e.byte(version)
	e.jobState("State", c.state)
	e.asked(&c.asked)
	return e.b
}

func decodeClass(value []byte) (class, error) {
	d := decodeText(value)
	c := class{state: readEnum(&d, jobStates)}
	c.asked = d.asked()
	if !c.state.Terminal() {
		d.fail(errRange)
	}
	return c, d.end()
}

// classFilter is what a query asks of the class of a job. Its zero value asks for nothing.
type classFilter struct {
	command orchestrator.Command
	task    string // is contained in the name of the task
	state   orchestrator.JobState
}

func (f *classFilter) passes(a *asked, state orchestrator.JobState) bool {
	return (f.command == "" || a.command == f.command) &&
		(f.task == "" || a.command == orchestrator.CommandTask && strings.Contains(a.task, f.task)) &&
		(f.state == "" || state == f.state)
}

// text returns what an order of jobs that is one of texts compares.
func (c *class) text(order orchestrator.JobOrder) string {
	switch order {
	case orchestrator.OrderByOwner:
		return c.login
	case orchestrator.OrderByEnvironment:
		return c.environment
	case orchestrator.OrderByState:
		return string(c.state)
	default:
		return ""
	}
}
