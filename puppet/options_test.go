package puppet

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

func TestOptionsThatCannotBeAccepted(t *testing.T) {
	for field, opts := range map[string]Options{
		"Options.LockWait":   {LockWait: -time.Second},
		"Options.MaxReport":  {MaxReport: -1},
		"Options.TempDir":    {TempDir: "tmp"},
		"Options.Instance":   {Instance: "a/b"},
		"Options.ModulePath": {ModulePath: []string{"/a", ""}},
	} {
		_, err := NewRunner(&script{}, &opts)
		if invalid, ok := errors.AsType[*orchestrator.InvalidError](err); !ok || invalid.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := NewRunner(&script{}, &Options{Instance: strings.Repeat("x", 65)}); err == nil {
		t.Error("an Instance of 65 bytes is taken")
	}
}

// A task that is picked up has its outcome, and what an ended one has left is removed.
func TestReattachToATask(t *testing.T) {
	s := &script{}
	r := newRunner(t, s, nil)
	req := orchestrator.RunRequest{Job: 7, Node: "node1", Spec: &orchestrator.JobSpec{Command: orchestrator.CommandTask}}
	s.attach = map[string]Exit{r.commandID(req, 1): {Stdout: []byte(`{"a": 1}`)}}
	if got := outcomeOf(r.Reattach(t.Context(), req)); got.State != orchestrator.NodeFinished || string(got.Result) != `{"a": 1}` || len(s.argvs()) != 0 {
		t.Errorf("%+v, %q", got, s.argvs())
	}
	s.attach = map[string]Exit{r.commandID(req, 1): {Stopped: true}}
	if _, err := r.Reattach(t.Context(), req); !errors.Is(err, errStopped) {
		t.Error(err)
	}
	if got, want := s.argvs(), "sh -c "+removeScript+" sh /tmp/"+r.commandID(req, 1); len(got) != 1 || got[0] != want {
		t.Errorf("%q", got)
	}
}

func TestAgentsAreForgottenWhenThereAreTooMany(t *testing.T) {
	var c agentCache
	for i := range maxAgents + 10 {
		c.put(strings.Repeat("x", i), agent{puppet: "puppet"})
	}
	if len(c.known) != maxAgents {
		t.Errorf("%d are known", len(c.known))
	}
	if _, ok := c.get(strings.Repeat("x", maxAgents+9)); !ok {
		t.Error("the newest is not known")
	}
}
