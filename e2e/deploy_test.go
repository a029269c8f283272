//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestEndToEnd(t *testing.T) {
	l := newLab(t)
	l.writeModules(t)
	for i, transport := range []string{"local", "ssh"} {
		t.Run(transport, func(t *testing.T) {
			s := startOrchestrator(t, l, transport)
			if i == 0 { // the first run of a node takes twice as long: it makes a key
				s.run(t, "deploy", object{"no_noop": true, "concurrency": 4}, nodes...)
			}
			rows := []row{
				{"outcomes", testOutcomes},
				{"noop", testNoop},
				{"environments", testEnvironments},
				{"disabled", testDisabled},
				{"locked", testLocked},
				{"timeout", testTimeout},
				{"forced stop", testForcedStop},
				{"killed", testKilled},
				{"ended", testEnded},
				{"tasks", testTasks},
				{"sensitive", testSensitive},
			}
			if transport == "ssh" {
				rows = append(rows, row{"cut", testCut}, row{"host key", testHostKey})
			}
			for _, row := range rows {
				t.Run(row.name, func(t *testing.T) { row.test(t, s) })
			}
		})
	}
}

// row is one of the things that have to be so over a transport.
type row struct {
	name string
	test func(*testing.T, *server)
}

// testOutcomes: unchanged, changed, failed, mixed, not compiling.
func testOutcomes(t *testing.T, s *server) {
	got := s.run(t, "deploy", object{"enforce_environment": true, "concurrency": 3}, "steady1", "changing1", "failing1", "mixed1", "nocompile1")
	got["steady1"].want(t, "finished", `"status":"unchanged"`, `"environment":"production"`, `- Success! "`)
	got["changing1"].want(t, "finished", `"status":"changed"`, `"changed":1`, `"transaction_uuid":"`)
	got["failing1"].want(t, "failed", `"status":"failed"`, `"changed":0`, `"failed":1`, `1 of 8 resources failed: /Stage[main]`)
	got["mixed1"].want(t, "failed", `"status":"failed"`, `"changed":1`, `"failed":1`)
	got["nocompile1"].want(t, "errored", `"_error":`, `there was no catalog: Error 500 on SERVER`, `this catalog never compiles`)
}

// testNoop: noop with drift; a noop configuration, and no_noop over it.
func testNoop(t *testing.T, s *server) {
	for _, name := range []string{"drift1", "confnoop1"} {
		write(t, s.Lab.path(name, "root/motd"), "drifted\n")
	}
	unchanged := func(name string) {
		t.Helper()
		if text, err := os.ReadFile(s.Lab.path(name, "root/motd")); err != nil || string(text) != "drifted\n" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	s.run(t, "deploy", object{"noop": true}, "drift1")["drift1"].want(t, "finished", `"noop":true`, `"status":"unchanged"`, `"out_of_sync":1`, `"changed":0`)
	unchanged("drift1")
	s.run(t, "deploy", object{}, "confnoop1")["confnoop1"].want(t, "finished", `"noop":true`, `"status":"unchanged"`, `"out_of_sync":1`)
	unchanged("confnoop1")
	s.run(t, "deploy", object{"no_noop": true}, "confnoop1")["confnoop1"].want(t, "finished", `"noop":false`, `"status":"changed"`, `"changed":1`, `"corrective_change":true`)
}

// testEnvironments: one that is not there, enforced and not; one that is.
func testEnvironments(t *testing.T, s *server) {
	options := func(name string, enforce bool) object {
		return object{"environment": name, "enforce_environment": enforce}
	}
	s.run(t, "deploy", options("nosuch", true), "steady1")["steady1"].want(t, "errored", `Environment 'nosuch' not found on server`)
	s.run(t, "deploy", options("nosuch", false), "steady1")["steady1"].want(t, "finished", `"environment":"production"`, `it ran in environment production and not in nosuch`)
	s.run(t, "deploy", options("staging", true), "steady1")["steady1"].want(t, "finished", `"environment":"staging"`)
}

func testDisabled(t *testing.T, s *server) {
	if out, err := s.Lab.agent("disabled1", "--disable", "maintenance by bob").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.run(t, "deploy", object{}, "disabled1")["disabled1"].want(t, "errored", `the agent is disabled: maintenance by bob`)
	if out, err := s.Lab.agent("disabled1", "--enable").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.run(t, "deploy", object{}, "disabled1")["disabled1"].want(t, "finished", `"status":"unchanged"`)
}

// testLocked: another run is in progress, which ends in time; or does not.
func testLocked(t *testing.T, s *server) {
	const name = "slow1"
	release := s.Lab.hold(t, name)
	other := s.Lab.agent(name, "--onetime", "--no-daemonize")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	s.Lab.awaitMidRun(t, name)
	s.run(t, "deploy", object{}, name)[name].want(t, "errored", `another run of the agent was in progress, and it still was after `+lockWait.String())
	job := s.begin(t, "deploy", object{}, name)
	first := "--job-id\x00" + job + "\x00"
	await(t, time.Minute, "the first try", func() bool { return len(processes(t, first)) > 0 })
	await(t, time.Minute, "the end of the first try", func() bool { return len(processes(t, first)) == 0 })
	release()
	s.ended(t, job)[name].want(t, "finished", `"status":"changed"`)
	if err := other.Wait(); err != nil {
		t.Error(err)
	}
	if runs := s.Lab.runs(t, name); runs != 2 {
		t.Errorf("%d runs", runs)
	}
}

func testTimeout(t *testing.T, s *server) {
	const name = "slow2"
	usual := s.run(t, "deploy", object{}, name)[name].Duration
	s.Lab.hold(t, name)
	timeout := int(2*usual) + 3
	got := s.run(t, "deploy", object{"timeout": timeout}, name)
	got[name].want(t, "errored", fmt.Sprintf(`timed out after %s: the run was ended on the node`, time.Duration(timeout)*time.Second))
	s.Lab.awaitMidRun(t, name)
	s.Lab.wantNothingLeft(t, name)
}

func testForcedStop(t *testing.T, s *server) {
	const name = "slow2"
	s.Lab.hold(t, name)
	job := s.begin(t, "deploy", object{}, name)
	s.Lab.awaitMidRun(t, name)
	s.call(t, http.MethodPost, "/command/stop", object{"job": job, "force": true}, http.StatusAccepted)
	s.ended(t, job)[name].want(t, "errored", `the job was stopped by force`, `the run was ended on the node`)
	s.Lab.wantNothingLeft(t, name)
}

// testKilled: the orchestrator is killed in mid-run and started again. testEnded: it is told to end.
func testKilled(t *testing.T, s *server) { pickedUp(t, s, syscall.SIGKILL) }
func testEnded(t *testing.T, s *server)  { pickedUp(t, s, syscall.SIGTERM) }

func pickedUp(t *testing.T, s *server, sig syscall.Signal) {
	const name = "slow1"
	release := s.Lab.hold(t, name)
	job := s.begin(t, "deploy", object{}, name)
	s.Lab.awaitMidRun(t, name)
	s.end(t, sig)
	if len(processes(t, s.Lab.path(name, "")+"/")) == 0 {
		t.Error("the run has ended with the orchestrator")
	}
	s.start(t)
	release()
	s.ended(t, job)[name].want(t, "finished", `"status":"changed"`)
	if runs := s.Lab.runs(t, name); runs != 1 {
		t.Errorf("%d runs", runs)
	}
	s.Lab.wantNothingLeft(t, name)
}
