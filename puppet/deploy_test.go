package puppet

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// reported returns the report of a run for job 42 that changed something.
func reported(t *testing.T) string {
	t.Helper()
	return sample(t, "changed-rc2.last_run_report.yaml") + "job_id: '42'\n"
}

const lockedText = "Notice: Run of Puppet configuration client already in progress; skipping  (" + lockFile + " exists)\n"

func TestAnAgentThatCannotRunIsExplained(t *testing.T) {
	for _, test := range []struct {
		name, says string
		script     *script
		opts       Options
	}{
		{name: "no binary", says: "puppet was not found on the node: neither is there /opt/puppetlabs/bin/puppet nor puppet", script: &script{
			paths: func(Command) (Exit, error) { return Exit{Status: 127}, nil },
		}},
		{name: "no binary by sudo", says: "neither is there /srv/puppet", opts: Options{Puppet: "/srv/puppet"}, script: &script{
			paths: func(Command) (Exit, error) {
				return Exit{Status: 1, Stderr: []byte("sudo: /srv/puppet: command not found\n")}, nil
			},
		}},
		{name: "sudo wants a password", says: "sudo refuses to run it: a password is required", script: &script{
			paths: func(Command) (Exit, error) {
				return Exit{Status: 1, Stderr: []byte("sudo: a password is required\n")}, nil
			},
		}},
		{name: "sudo knows no rule", says: "sudo refuses to run it: Sorry, user bob is not allowed", script: &script{
			paths: func(Command) (Exit, error) {
				return Exit{Status: 1, Stderr: []byte("Sorry, user bob is not allowed to execute '/usr/bin/puppet agent' as root on node1.\n")}, nil
			},
		}},
		{name: "not reached", says: "the agent was not started: node1 cannot be reached: connection refused", script: &script{
			paths: func(Command) (Exit, error) { return Exit{}, errUnreachable },
		}},
		{name: "odd answer", says: "does not say where its files are", script: &script{
			paths: func(Command) (Exit, error) { return Exit{Stdout: []byte("lastrunreport = relative\n")}, nil },
		}},
		{name: "not stopped", says: ErrNotStopped.Error(), script: &script{
			agent: func(Command) (Exit, error) { return Exit{}, ErrNotStopped },
		}},
		{name: "unknown option", says: "the agent has left no report: invalid option: --strict_environment_mode", script: &script{
			agent: func(Command) (Exit, error) {
				return Exit{Status: 1, Stderr: []byte("Error: Could not parse application options: invalid option: --strict_environment_mode\n")}, nil
			},
		}},
		{name: "not signed", says: "no certificate found and waitforcert is disabled", script: &script{
			agent: func(Command) (Exit, error) {
				return Exit{Status: 1, Stdout: []byte("Exiting; no certificate found and waitforcert is disabled\n")}, nil
			},
		}},
		{name: "unreadable report", says: "its report cannot be read", script: &script{
			agent: func(Command) (Exit, error) { return Exit{}, nil },
			files: map[string]File{reportFile: {Content: []byte("status: [")}},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, err := newRunner(t, test.script, &test.opts).Run(t.Context(), deployRequest(nil))
			wantErrored(t, test.says, res, err)
		})
	}
}

func TestOptionsAreFlags(t *testing.T) {
	const always = "puppet agent --onetime --no-daemonize --no-splay --detailed-exitcodes --verbose --color=false --waitforcert 0 --job-id 42"
	for _, test := range []struct {
		name, want string
		change     func(*orchestrator.JobSpec)
	}{
		{"nothing", "--no-usecacheonfailure", nil},
		{"noop", "--noop --no-usecacheonfailure", func(s *orchestrator.JobSpec) { s.Noop = true }},
		{"no_noop", "--no-noop --no-usecacheonfailure", func(s *orchestrator.JobSpec) { s.Agent.NoNoop = true }},
		{"output", "--debug --trace --evaltrace --no-usecacheonfailure", func(s *orchestrator.JobSpec) {
			s.Agent.Debug, s.Agent.Trace, s.Agent.Evaltrace = true, true, true
		}},
		{"environment", "--strict_environment_mode --no-usecacheonfailure --environment staging", func(s *orchestrator.JobSpec) {
			s.Environment, s.Agent.EnforceEnvironment = "staging", true
		}},
		{"numbers", "--filetimeout 0 --http_connect_timeout 1 --http_keepalive_timeout 2 --http_read_timeout 3 --no-usecacheonfailure", func(s *orchestrator.JobSpec) {
			s.Agent.FileTimeout, s.Agent.HTTPConnectTimeout, s.Agent.HTTPKeepaliveTimeout, s.Agent.HTTPReadTimeout = new(0), new(1), new(2), new(3)
		}},
		{"caches", "--use_cached_catalog --usecacheonfailure", func(s *orchestrator.JobSpec) {
			s.Agent.UseCachedCatalog, s.Agent.UseCacheOnFailure = new(true), new(true)
		}},
		{"no caches", "--no-use_cached_catalog --no-usecacheonfailure", func(s *orchestrator.JobSpec) {
			s.Agent.UseCachedCatalog, s.Agent.UseCacheOnFailure = new(false), new(false)
		}},
		{"strings", "--no-usecacheonfailure --ordering manifest --tags web,a::b --skip_tags db", func(s *orchestrator.JobSpec) {
			s.Agent.Ordering, s.Agent.Tags, s.Agent.SkipTags = "manifest", "web,a::b", "db"
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &script{}
			r := newRunner(t, s, &Options{Puppet: "puppet", Args: func(node string) []string { return []string{"--certname", node} }})
			_, _ = r.Run(t.Context(), deployRequest(test.change))
			if got, want := s.argvs()[1], always+" "+test.want+" --certname node1"; got != want {
				t.Errorf("got\n%s\nnot\n%s", got, want)
			}
		})
	}
	for _, tags := range []string{"--server", "a b", "a;b", "$(id)", "a=b"} {
		res, err := newRunner(t, &script{}, nil).Run(t.Context(), deployRequest(func(s *orchestrator.JobSpec) { s.Agent.Tags = tags }))
		wantErrored(t, "tags \""+tags+"\" cannot be passed", res, err)
	}
}

// An agent that is in the PATH only is found there, asked once, and asked anew when it has moved.
func TestAgentsAreRemembered(t *testing.T) {
	s := &script{}
	place, program, runs := "/state", "puppet", 0
	s.paths = func(c Command) (Exit, error) {
		if c.Argv[0] != program {
			return Exit{Status: 127}, nil
		}
		return Exit{Stdout: []byte(strings.ReplaceAll(configPrint, "/state", place))}, nil
	}
	s.agent = func(c Command) (Exit, error) {
		if c.Argv[0] != program {
			return Exit{Status: 127}, nil
		}
		runs++
		s.put(place+"/last_run_report.yaml", strings.ReplaceAll(reported(t), "transaction_uuid: ", "transaction_uuid: "+strconv.Itoa(runs)))
		return Exit{Status: 2}, nil
	}
	r := newRunner(t, s, nil)
	run := func(job orchestrator.JobID) outcome {
		req := deployRequest(nil)
		req.Job = job
		return outcomeOf(r.Run(t.Context(), req))
	}
	if got := run(42); got.State != orchestrator.NodeFinished || len(s.argvs()) != 3 {
		t.Fatalf("%+v after %q", got, s.argvs())
	}
	s.mu.Lock()
	delete(s.files, reportFile)
	s.mu.Unlock()
	if got := run(42); got.State != orchestrator.NodeFinished || len(s.argvs()) != 4 {
		t.Fatalf("%+v after %q", got, s.argvs())
	}
	place = "/elsewhere"
	if got := run(42); got.State != orchestrator.NodeFinished || len(s.argvs()) != 7 {
		t.Fatalf("the report has moved: %+v after %q", got, s.argvs())
	}
	program = "/opt/puppetlabs/bin/puppet"
	if got := run(42); got.State != orchestrator.NodeErrored || !strings.Contains(got.Message, "puppet is not there any more") {
		t.Fatalf("the program has moved: %+v", got)
	}
	if got := run(42); got.State != orchestrator.NodeFinished {
		t.Fatalf("after it has moved: %+v after %q", got, s.argvs())
	}
}

// A report that another run has left in between is not taken for that of the job.
func TestAnotherRunsReportIsNotTaken(t *testing.T) {
	for _, report := range []string{"", "job_id: '41'\n", "job_id:\n"} {
		s := &script{}
		s.agent = func(Command) (Exit, error) {
			s.put(reportFile, sample(t, "changed-rc2.last_run_report.yaml")+report)
			return Exit{Status: 1, Stderr: []byte("Error: Could not run: out of memory\n")}, nil
		}
		res, err := newRunner(t, s, nil).Run(t.Context(), deployRequest(nil))
		wantErrored(t, "the agent has left no report: out of memory", res, err)
	}
	s := &script{}
	s.put(reportFile, reported(t))
	res, err := newRunner(t, s, nil).Run(t.Context(), deployRequest(nil))
	wantErrored(t, "the agent has left no report", res, err)
}

func TestALockedAgentIsWaitedForAndTriedOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			name    string
			held    time.Duration // how long the lock is there
			always  bool          // whether the second try meets another run too
			says    string        // of the error, if there is one
			timeout time.Duration
			waited  time.Duration // at least
		}{
			{name: "freed", held: time.Minute, waited: time.Minute},
			{name: "for too long", held: time.Hour, says: "it still was after 10m0s", waited: 10 * time.Minute},
			{name: "twice", held: time.Second, always: true, says: "in progress twice", waited: time.Second},
			{name: "cancelled", held: time.Hour, timeout: 3 * time.Second, says: "the agent was not started", waited: 3 * time.Second},
		} {
			s := &script{}
			runs := 0
			s.agent = func(Command) (Exit, error) {
				if runs++; runs == 1 || test.always {
					s.put(lockFile, "1234")
					time.AfterFunc(test.held, func() { _ = s.Remove(t.Context(), "node1", lockFile) })
					return Exit{Status: 1, Stdout: []byte(lockedText)}, nil
				}
				s.put(reportFile, reported(t))
				return Exit{Status: 2}, nil
			}
			ctx, cancel := t.Context(), context.CancelFunc(func() {})
			if test.timeout > 0 {
				ctx, cancel = context.WithTimeout(ctx, test.timeout)
			}
			began := time.Now()
			res, err := newRunner(t, s, nil).Run(ctx, deployRequest(nil))
			cancel()
			if waited := time.Since(began); waited < test.waited || waited > test.waited+5*time.Second {
				t.Errorf("%s: waited %s", test.name, waited)
			}
			switch {
			case test.says != "":
				wantErrored(t, test.says, res, err)
			case err != nil || runs != 2:
				t.Errorf("%s: %v after %d runs", test.name, err, runs)
			}
			if a, b := s.commands[1].ID, s.commands[len(s.commands)-1].ID; runs == 2 && a == b {
				t.Errorf("%s: both runs have the ID %s", test.name, a)
			}
		}
	})
}

// What ends because of its context is errored, and its report is read even so if it had ended before.
func TestACancelledRun(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(cancel func()) (Exit, error)
		want error
	}{
		{"ended", func(cancel func()) (Exit, error) { cancel(); return Exit{}, nil }, errStopped},
		{"left", func(cancel func()) (Exit, error) { cancel(); return Exit{}, ErrLeft }, orchestrator.ErrDetached},
		{"not ended", func(cancel func()) (Exit, error) { cancel(); return Exit{}, ErrNotStopped }, ErrNotStopped},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		s := &script{agent: func(Command) (Exit, error) { return test.end(cancel) }}
		if _, err := newRunner(t, s, nil).Run(ctx, deployRequest(nil)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestReattach(t *testing.T) {
	s := &script{}
	r := newRunner(t, s, &Options{Instance: "a-b"})
	req := deployRequest(nil)
	if _, err := r.Reattach(t.Context(), req); !errors.Is(err, orchestrator.ErrNotRunning) {
		t.Errorf("nothing known: %v", err)
	}
	for _, try := range []int{1, 2} {
		s.attach = map[string]Exit{r.commandID(req, try): {Status: 2}}
		s.put(reportFile, reported(t))
		if got := outcomeOf(r.Reattach(t.Context(), req)); got.State != orchestrator.NodeFinished || got.Result == nil {
			t.Errorf("%+v", got)
		}
	}
	s.attach = map[string]Exit{r.commandID(req, 1): {Stopped: true}}
	if _, err := r.Reattach(t.Context(), req); !errors.Is(err, errStopped) {
		t.Errorf("stopped: %v", err)
	}
	s.attach = map[string]Exit{r.commandID(req, 1): {Status: 1, Stdout: []byte(lockedText)}}
	_ = s.Remove(t.Context(), "", reportFile)
	res, err := r.Reattach(t.Context(), req)
	wantErrored(t, "another run of the agent was in progress", res, err)
	for _, argv := range s.argvs() {
		if !strings.Contains(argv, "--configprint") {
			t.Errorf("a run was begun: %s", argv)
		}
	}
	other := req
	other.Node = "node2"
	if r.commandID(req, 1) == r.commandID(other, 1) || !only(r.commandID(req, 1), "-") {
		t.Errorf("IDs %s, %s", r.commandID(req, 1), r.commandID(other, 1))
	}
}
