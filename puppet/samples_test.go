package puppet

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Runs of a real agent, version 7.23, as they were recorded: their reports and what they wrote. What is
// left out is that they had no job.
func TestRecordedRunsHaveTheirOutcome(t *testing.T) {
	environment := func(name string, enforced bool) func(*orchestrator.JobSpec) {
		return func(s *orchestrator.JobSpec) {
			s.Environment, s.Agent.EnforceEnvironment = name, enforced
		}
	}
	for _, test := range []struct {
		sample string
		as     string // the name of the golden file, if it is another
		status int
		signal string
		spec   func(*orchestrator.JobSpec)
		file   string // that is there when the agent has run
		report string // the sample of which the report is, with what replaced, if it is another
		was    string
		is     string
	}{
		{sample: "steady-rc0"},
		{sample: "changed-rc2", status: 2, spec: environment("production", true)},
		{sample: "drift-corrective", status: 2},
		{sample: "failed-rc4", status: 4},
		{sample: "mixed-rc6", status: 6},
		{sample: "nocompile-rc1", status: 1},
		{sample: "serverdown", status: 1},
		{sample: "noop-drift"},
		{sample: "noop-steady"},
		{sample: "conf-noop"},
		{sample: "conf-noop-with-no-noop", status: 2},
		{sample: "compilefail-cached"},
		{sample: "compilefail-cached", as: "compilefail-cached-asked-for", spec: func(s *orchestrator.JobSpec) { s.Agent.UseCacheOnFailure = new(true) }},
		{sample: "nosuchenv", status: 2, spec: environment("nosuch", false)},
		{sample: "nosuchenv", as: "nosuchenv-enforced", status: 2, spec: environment("nosuch", true)},
		{sample: "staging", status: 2, spec: environment("staging", false)},
		{sample: "strict-ok", status: 2, spec: environment("staging", true)},
		{sample: "strict-nosuch", status: 1, spec: environment("nosuch", true)},
		{sample: "apply"},
		{sample: "trace-evaltrace", report: "steady-rc0"},
		{sample: "slow-first", status: 2, report: "changed-rc2"},
		{sample: "lock", status: 1},
		{sample: "disabled", status: 1, file: disabledFile},
		{sample: "runtimeout", status: 1, report: "failed-rc4", was: "completed: true", is: "completed: false"},
		{sample: "sig-TERM", report: "failed-rc4", was: "completed: true", is: "completed: false"},
		{sample: "sig-INT", report: "failed-rc4", was: "completed: true", is: "completed: false"},
		{sample: "sig-KILL", status: -1, signal: "KILL"},
	} {
		if test.as == "" {
			test.as = test.sample
		}
		if test.report == "" {
			test.report = test.sample
		}
		t.Run(test.as, func(t *testing.T) {
			s := &script{}
			s.put(reportFile, strings.ReplaceAll(sample(t, "steady-rc0.last_run_report.yaml"), "transaction_uuid: ", "transaction_uuid: 0"))
			s.agent = func(Command) (Exit, error) {
				if text := sample(t, test.report+".last_run_report.yaml"); text != "" {
					s.put(reportFile, replaced(text, test.was, test.is)+"job_id: '42'\n")
				}
				if test.file != "" {
					s.put(test.file, `{"disabled_message":"maintenance by bob"}`)
				}
				stdout, stderr := streams(sample(t, "out-"+test.sample+".txt"))
				return Exit{Status: test.status, Signal: test.signal, Stdout: stdout, Stderr: stderr}, nil
			}
			checkGolden(t, test.as, outcomeOf(newRunner(t, s, nil).Run(t.Context(), deployRequest(test.spec))))
		})
	}
}

// sample returns a recorded file, or "" if there is none.
func sample(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "samples", name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// replaced returns a text with one thing replaced, if there is one to replace.
func replaced(text, was, is string) string {
	if was == "" {
		return text
	}
	return strings.ReplaceAll(text, was, is)
}

// streams tells apart what an agent has written to its two outputs.
func streams(text string) (stdout, stderr []byte) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "Error:") || strings.HasPrefix(line, "Warning:") {
			stderr = append(stderr, line...)
		} else {
			stdout = append(stdout, line...)
		}
	}
	return stdout, stderr
}

func checkGolden(t *testing.T, name string, got outcome) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(got); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "golden", name+".json")
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("got\n%s\nnot\n%s", b.Bytes(), want)
	}
}
