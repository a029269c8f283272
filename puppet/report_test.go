package puppet

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestReportsThatAreNone(t *testing.T) {
	row := "    - - a\n      - A\n      - 1\n"
	for name, text := range map[string]string{
		"empty":            "",
		"no YAML":          "status: [\n",
		"no mapping":       "- status\n",
		"one line":         "{status: changed, transaction_uuid: x}\n",
		"no status":        "transaction_uuid: x\n",
		"no transaction":   "status: changed\n",
		"null":             "status: ~\ntransaction_uuid: ~\n",
		"unknown alias":    "status: *a\ntransaction_uuid: x\n",
		"status a mapping": "status: {a: b}\ntransaction_uuid: x\n",
		"too many metrics": "status: changed\ntransaction_uuid: x\nmetrics:\n" + strings.Repeat(row, maxWanted/len(row)+1),
		"deep":             "status: changed\ntransaction_uuid: x\nmetrics: " + strings.Repeat("[", 100_000),
	} {
		if rep, err := parseReport([]byte(text)); !errors.Is(err, errNoReport) {
			t.Errorf("%s: %+v, %v", name, rep, err)
		}
	}
}

func TestReportsAreReadWhateverTheirTags(t *testing.T) {
	text := `--- !ruby/object:Puppet::Transaction::Report
status: !ruby/sym changed
transaction_uuid: &1 !ruby/string x
job_id: *1
transaction_completed: !!bool true
noop: !ruby/object:Nothing true
environment: !binary cHJvZA==
configuration_version: 17
resource_statuses:
  status: failed
logs:
- level: status
  message: |
    status: failed

    x
metrics: !ruby/object:Metrics
  resources: !ruby/object:Puppet::Util::Metric
    values:
    - - total
      - Total
      - 8
    - - odd
      - Odd
      - 0.5
    - [changed, Changed, 2]
    - [short]
    - text
`
	rep, err := parseReport([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	rep.resources = nil
	want := report{transaction: "x", jobID: "x", status: "changed", completed: true, noop: true, environment: "cHJvZA==", configuration: "17"}
	if fmt.Sprint(rep) != fmt.Sprint(want) {
		t.Errorf("%+v", rep)
	}
	if rep, _ := parseReport([]byte(text)); fmt.Sprint(rep.resources) != "map[changed:2 total:8]" {
		t.Errorf("%v", rep.resources)
	}
}

// What a run has logged costs no memory, however much it is, and neither do aliases that stand for
// more and more of each other.
func TestReportsTakeLittleMemory(t *testing.T) {
	small := sample(t, "changed-rc2.last_run_report.yaml")
	line := "- level: debug\n  message: 'status: failed'\n  source: Puppet\n  tags:\n  - debug\n  time: '2026-11-24T15:12:03.490806934+00:00'\n  file:\n  line:\n"
	big := strings.Replace(small, "logs:\n", "logs:\n"+strings.Repeat(line, 100_000), 1)
	bomb := "status: changed\ntransaction_uuid: x\nmetrics:\n  a0: &a0 [x, x, x]\n"
	for i := range 30 {
		bomb += fmt.Sprintf("  a%d: &a%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 10))
	}
	bomb += "  resources:\n    values: *a30\n"
	for name, text := range map[string]string{"logs": big, "aliases": bomb} {
		var before, after runtime.MemStats
		raw := []byte(text)
		runtime.ReadMemStats(&before)
		rep, err := parseReport(raw)
		runtime.ReadMemStats(&after)
		if err != nil || rep.status != "changed" {
			t.Errorf("%s: %+v, %v", name, rep, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
			t.Errorf("%s: %d bytes for a report of %d", name, took, len(raw))
		}
	}
}

func FuzzParseReport(f *testing.F) {
	files, err := filepath.Glob("testdata/samples/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wanted(text))
	}
	f.Add([]byte("status: &a changed\ntransaction_uuid: *a\nmetrics: {resources: {values: [[a, A, 1]]}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rep, err := parseReport(text)
		if err != nil {
			return
		}
		if rep.status == "" || rep.transaction == "" {
			t.Errorf("%+v", rep)
		}
		// Logs before and behind change nothing.
		logs := []byte("logs:\n- message: x\n")
		again, err := parseReport(append(append(bytes.Clone(logs), text...), append([]byte("\n"), logs...)...))
		if err != nil || again.status != rep.status {
			t.Errorf("%+v, %v: not %+v", again, err, rep)
		}
		if _, err := rep.result(); err != nil {
			t.Error(err)
		}
	})
}
