package modeltest

import (
	"errors"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// script is a history that could happen to a few orchestrators that share one store.
type script struct {
	replicas int
	maxNodes int // run at once by each
	lasting  bool
	steps    map[string]orchestratortest.Step
	acts     []act
}

// act is one thing that happens, and how long nothing else does after it.
type act struct {
	kind  string
	nodes []string // deploy, task
	limit int      // deploy, task: nodes at once
	job   int      // stop: which of the jobs so far
	force bool     // stop
	which int      // crash, restart: which replica
	grace time.Duration
	then  time.Duration
}

func (a act) String() string {
	switch a.kind {
	case "deploy", "task":
		return fmt.Sprintf(a.kind+" %v, %d at once, then %v", a.nodes, a.limit, a.then)
	case "stop":
		return fmt.Sprintf("stop job #%d, force %t, then %v", a.job, a.force, a.then)
	case "restart":
		return fmt.Sprintf("restart replica %d with %v to finish, then %v", a.which, a.grace, a.then)
	default:
		return fmt.Sprintf("%s of replica %d, then %v", a.kind, a.which, a.then)
	}
}

var nodeNames = []string{"a", "a.b", "ab", "b", "c", "d", "e", "f", "g", "h"}

func drawDuration(t *rapid.T, label string) time.Duration {
	return rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, 7 * time.Second, 40 * time.Second, 5 * time.Minute}).Draw(t, label)
}

func drawScript(t *rapid.T) script {
	s := script{
		replicas: rapid.IntRange(1, 2).Draw(t, "replicas"),
		maxNodes: rapid.IntRange(1, 6).Draw(t, "at once"),
		lasting:  rapid.Bool().Draw(t, "lasting"),
		steps:    make(map[string]orchestratortest.Step),
	}
	for _, name := range nodeNames {
		s.steps[name] = drawStep(t, name)
	}
	for range rapid.IntRange(1, 12).Draw(t, "acts") {
		s.acts = append(s.acts, drawAct(t, s.replicas))
	}
	return s
}

func drawStep(t *rapid.T, node string) orchestratortest.Step {
	step := orchestratortest.Step{Takes: drawDuration(t, node+" takes")}
	switch rapid.SampledFrom([]string{"ok", "ok", "ok", "fails", "errs", "panics", "hangs", "is deaf"}).Draw(t, node) {
	case "ok":
		step.Result = `{"ok":true}`
	case "fails":
		step.Failed = true
	case "errs":
		step.Err = errors.New("unreachable")
	case "panics":
		step.Panic = "boom"
	case "hangs":
		step.Hang = true
	case "is deaf":
		step.Deaf = true
	}
	return step
}

func drawAct(t *rapid.T, replicas int) act {
	a := act{
		kind:  rapid.SampledFrom([]string{"deploy", "deploy", "deploy", "task", "stop", "stop", "crash", "restart", "bad disk", "silence"}).Draw(t, "act"),
		which: rapid.IntRange(0, replicas-1).Draw(t, "replica"),
		then:  drawDuration(t, "then"),
	}
	switch a.kind {
	case "deploy", "task":
		a.nodes = rapid.SliceOfNDistinct(rapid.SampledFrom(nodeNames), 1, len(nodeNames), rapid.ID).Draw(t, "nodes")
		a.limit = rapid.IntRange(0, 3).Draw(t, "limit")
	case "stop":
		a.job = rapid.IntRange(0, 9).Draw(t, "job")
		a.force = rapid.Bool().Draw(t, "force")
	case "restart":
		a.grace = drawDuration(t, "grace")
	}
	return a
}
