//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-54b7607b/orchestrator"
)

func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) != "" { // this is the server of TestKilledServerLosesNothing
		main()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func TestCommandLine(t *testing.T) {
	for line, want := range map[string]string{
		"":                              "give either",
		"-demo -command x":              "give either",
		"-demo -task-command x":         "give either",
		"-demo -store sqlite":           "must be badger or memory",
		"-demo -addr localhost":         "missing port",
		"-demo -concurrency -1":         "-concurrency -1: must be between",
		"-demo -concurrency 1048577":    "-concurrency 1048577: must be between",
		"-demo -concurrency x":          "invalid value",
		"-demo -timeout 5":              "invalid value",
		"-demo -timeout -5s":            "must not be negative",
		"-command echo {node}":          "is a quote missing",
		"-nosuch":                       "not defined",
		"-demo":                         "",
		"-demo -addr localhost:1":       "",
		"-demo -addr [::1]:1":           "",
		"-command uptime -store memory": "",
		"-task-command uptime":          "",
	} {
		checkCommandLine(t, line, want)
	}
	if _, err := parse([]string{"-help"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-help: %v", err)
	}
	for line, want := range map[string]int{"-demo": 8, "-demo -concurrency 3": 3, "-command x": 0} {
		if cfg, err := parse(strings.Fields(line), io.Discard); err != nil || cfg.concurrency != want {
			t.Errorf("%s: %d at once, %v", line, cfg.concurrency, err)
		}
	}
}

// checkCommandLine checks what is said about a command line, "" for nothing.
func checkCommandLine(t *testing.T, line, want string) {
	t.Helper()
	var stderr bytes.Buffer
	_, err := parse(strings.Fields(line), &stderr)
	if (err != nil) != (want != "") || !strings.Contains(stderr.String(), want) {
		t.Errorf("%q: %v, %s", line, err, stderr.String())
	}
	if lines := strings.Count(stderr.String(), "\n"); err != nil && lines != 2 {
		t.Errorf("%q: %d lines: %s", line, lines, stderr.String())
	}
}

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		`a b  c`:                {"a", "b", "c"},
		` a	"b c" 'd "e"' `:     {"a", "b c", `d "e"`},
		`a "" b''c`:             {"a", "", "bc"},
		`sh -c 'echo {node}; '`: {"sh", "-c", "echo {node}; "},
		`a $(b) \n`:             {"a", "$(b)", `\n`},
		`a '$1 $0'`:             {"a", "$1 $0"},
		`./{task} {node}`:       {"./{task}", "{node}"},
		"":                      nil,
	} {
		if got, err := split(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", line, got, err)
		}
	}
	for _, line := range []string{"  ", `""`, `a "b`, "a 'b", "{node}", "{task} x", `"{node}"`, "{node}/run"} {
		if got, err := split(line); err == nil {
			t.Errorf("%s: %q", line, got)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(`a "b" 'c'`)
	f.Fuzz(func(t *testing.T, line string) {
		if argv, err := split(line); err == nil && line != "" && (len(argv) == 0 || argv[0] == "") {
			t.Errorf("%q has no program and no error", line)
		}
	})
}

// run runs a command for a node named n1.
func run(ctx context.Context, argv ...string) (orchestrator.RunResult, error) {
	c, _, err := config{command: "'" + strings.Join(argv, "' '") + "'"}.work(slog.New(slog.DiscardHandler))
	if err != nil {
		return orchestrator.RunResult{}, err
	}
	return c.Run(ctx, orchestrator.RunRequest{Job: 7, Node: "n1", Spec: &orchestrator.JobSpec{
		Command: orchestrator.CommandDeploy, Environment: "production", Noop: true,
	}})
}

func TestCommandOutcomes(t *testing.T) {
	for name, test := range map[string]struct {
		argv            []string
		failed          bool
		err             string
		result, message string
	}{
		"finished":    {[]string{"echo", "{node}-{node}"}, false, "", "n1-n1\n", ""},
		"no shell":    {[]string{"echo", "$(id);{node}"}, false, "", "$(id);n1\n", ""},
		"failed":      {[]string{"sh", "-c", "echo out; echo first >&2; echo last >&2; exit 3"}, true, "", "out\n", "exit status 3: last"},
		"no start":    {[]string{"/nonexistent/program"}, false, "no such file", "", ""},
		"not allowed": {[]string{"/dev/null"}, false, "permission denied", "", ""},
		"exit 126":    {[]string{"sh", "-c", "exit 126"}, false, "exit status 126", "", ""},
		"exit 127":    {[]string{"sh", "-c", "nosuchprogram"}, false, "exit status 127", "", ""},
		"killed":      {[]string{"sh", "-c", "kill -9 $$"}, true, "", "", "signal: killed"},
		"environment": {[]string{"sh", "-c", "echo $ORCHESTRATOR_JOB $ORCHESTRATOR_NODE $ORCHESTRATOR_ENVIRONMENT $ORCHESTRATOR_NOOP"},
			false, "", "7 n1 production true\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := run(t.Context(), test.argv...)
			if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Fatalf("error %v", err)
			}
			if result.Failed != test.failed || string(result.Result) != test.result {
				t.Errorf("%+v", result)
			}
			if test.err == "" && result.Message != test.message {
				t.Errorf("message %q", result.Message)
			}
		})
	}
}

func TestCancelledCommandEndsWithAllThatItStarted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	pipe := filepath.Join(t.TempDir(), "alive")
	ended := make(chan error)
	go func() {
		// The grandchild holds the lock file's descriptor; flock says when it is gone.
		_, err := run(ctx, "sh", "-c", "(flock 9; echo started > "+pipe+".started; exec sleep 1000) 9> "+pipe+" & wait")
		ended <- err
	}()
	await(t, func() bool { _, err := os.Stat(pipe + ".started"); return err == nil })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := run(t.Context(), "flock", "-w", "10", pipe, "true"); err != nil {
		t.Errorf("the process that the command had started is still there: %v", err)
	}
}

func TestLargeOutputIsBounded(t *testing.T) {
	result, err := run(t.Context(), "sh", "-c", "head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2")
	if err != nil || len(result.Result) != 1<<20 || len(result.Message) > 500 {
		t.Errorf("%d bytes of output, %d of message, %v", len(result.Result), len(result.Message), err)
	}
}

// await waits until a condition holds.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited for a minute")
		}
	}
}
