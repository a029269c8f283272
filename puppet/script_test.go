package puppet

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// script is a transport that plays what a test says, for one node.
type script struct {
	agent  func(c Command) (Exit, error) // what a run of the agent does; nil means nothing
	paths  func(c Command) (Exit, error) // what --configprint says; nil means where the constants below are
	attach map[string]Exit               // what Attach finds
	getErr error

	mu       sync.Mutex
	files    map[string]File
	commands []Command
	clock    time.Time
}

const (
	reportFile   = "/state/last_run_report.yaml"
	lockFile     = "/state/agent_catalog_run.lock"
	disabledFile = "/state/agent_disabled.lock"
	configPrint  = "agent_catalog_run_lockfile = " + lockFile + "\nagent_disabled_lockfile = " + disabledFile + "\nlastrunreport = " + reportFile + "\n"
)

func (s *script) Run(ctx context.Context, _ string, c Command) (Exit, error) {
	s.mu.Lock()
	s.commands = append(s.commands, c)
	s.mu.Unlock()
	switch {
	case slices.Contains(c.Argv, "--configprint") && s.paths != nil:
		return s.paths(c)
	case slices.Contains(c.Argv, "--configprint"):
		return Exit{Stdout: []byte(configPrint)}, nil
	case s.agent == nil:
		return Exit{}, nil
	}
	exit, err := s.agent(c)
	if err == nil && ctx.Err() != nil {
		exit.Stopped = true
	}
	return exit, err
}

func (s *script) Attach(_ context.Context, _, id string) (Exit, error) {
	exit, ok := s.attach[id]
	if !ok {
		return Exit{}, ErrNoCommand
	}
	return exit, nil
}

func (s *script) Put(_ context.Context, _, path string, content []byte) error {
	s.put(path, string(content))
	return nil
}

func (s *script) Get(_ context.Context, _, path string, limit int64) (File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.files[path]
	switch {
	case s.getErr != nil:
		return File{}, s.getErr
	case !ok:
		return File{}, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	case int64(len(f.Content)) > limit:
		return File{}, ErrTooLarge
	}
	return f, nil
}

func (s *script) Remove(_ context.Context, _, path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.files, func(name string, _ File) bool { return name == path || strings.HasPrefix(name, path+"/") })
	return nil
}

// put writes a file, later than all before.
func (s *script) put(path, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files == nil {
		s.files = make(map[string]File)
	}
	s.clock = s.clock.Add(time.Second)
	s.files[path] = File{Content: []byte(content), Modified: s.clock}
}

// argvs returns what was run, as lines.
func (s *script) argvs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, c := range s.commands {
		all = append(all, strings.Join(c.Argv, " "))
	}
	return all
}

func newRunner(t *testing.T, transport Transport, opts *Options) *Runner {
	t.Helper()
	r, err := NewRunner(transport, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// deployRequest is a request for job 42 to run the agent on node1.
func deployRequest(change func(*orchestrator.JobSpec)) orchestrator.RunRequest {
	spec := &orchestrator.JobSpec{Command: orchestrator.CommandDeploy}
	if change != nil {
		change(spec)
	}
	return orchestrator.RunRequest{Job: 42, Node: "node1", Spec: spec}
}

// outcome is what a run gave, in a form to compare and to show.
type outcome struct {
	State   orchestrator.NodeState `json:"state"`
	Message string                 `json:"message"`
	Result  json.RawMessage        `json:"result,omitempty"`
}

func outcomeOf(res orchestrator.RunResult, err error) outcome {
	switch {
	case err != nil:
		return outcome{State: orchestrator.NodeErrored, Message: err.Error()}
	case res.Failed:
		return outcome{State: orchestrator.NodeFailed, Message: res.Message, Result: res.Result}
	default:
		return outcome{State: orchestrator.NodeFinished, Message: res.Message, Result: res.Result}
	}
}

// wantErrored fails unless a run is errored with a text.
func wantErrored(t *testing.T, says string, res orchestrator.RunResult, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("%+v, %v: not errored with %q", res, err, says)
	}
}

var errUnreachable = errors.New("node1 cannot be reached: connection refused")
