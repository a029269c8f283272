//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// serveEnv makes the test binary be the server.
const serveEnv = "STANDALONE_TEST_SERVE"

const crashNodes = 120

// A server that is killed in the middle of a job, ten times in a row, ends the job all the same:
// no node runs twice, and no event is missing.
func TestKilledServerLosesNothing(t *testing.T) {
	dir := t.TempDir()
	addr := freeAddress(t)
	c := client{ctx: t.Context(), base: "http://" + addr + "/orchestrator/v1"}
	defer http.DefaultClient.CloseIdleConnections()

	server := startServer(t, addr, dir)
	var created struct{ Job struct{ Name string } }
	nodes := make([]string, crashNodes)
	for i := range nodes {
		nodes[i] = fmt.Sprintf("n%03d", i)
	}
	if err := c.call(http.MethodPost, "/command/deploy", map[string]any{
		"environment": "production", "scope": map[string]any{"nodes": nodes},
	}, &created); err != nil {
		t.Fatal(err)
	}
	job := "/jobs/" + created.Job.Name
	for kill := range 10 {
		await(t, func() bool { return c.state(t, job).ended() >= (kill+1)*8 })
		if err := server.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = server.Wait() // it says that the process was killed
		server = startServer(t, addr, dir)
	}
	await(t, func() bool { return c.state(t, job).ended() == crashNodes })
	c.checkCrashed(t, job, dir)
	if err := server.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("after an interrupt: %v", err)
	}
}

// startServer starts a server, in a process of its own, that appends to a file for each node.
func startServer(t *testing.T, addr, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), self,
		"-addr", addr, "-data", filepath.Join(dir, "data"), "-concurrency", "4",
		"-command", "sh -c 'echo ran >> "+dir+"/ran-{node}; sleep 0.02; echo {node}'")
	cmd.Env = append(os.Environ(), serveEnv+"=1")
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // where it has not ended already
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	await(t, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return cmd
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// jobState is what the test reads of a job.
type jobState struct {
	State  string
	States map[string]int `json:"node_states"`
	Count  int            `json:"node_count"`
}

func (s jobState) ended() int {
	return s.States["finished"] + s.States["failed"] + s.States["errored"] + s.States["skipped"]
}

func (c client) state(t *testing.T, job string) (s jobState) {
	t.Helper()
	if err := c.call(http.MethodGet, job, nil, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// checkCrashed compares the job, its nodes, its report and its events with each other and with
// what the nodes themselves have written down.
func (c client) checkCrashed(t *testing.T, job, dir string) {
	t.Helper()
	var nodes struct {
		Items []struct{ Name, State string }
	}
	var events struct {
		Items []struct {
			ID, Type string
			Details  struct{ Node string }
		}
	}
	if err := c.call(http.MethodGet, job+"/nodes", nil, &nodes); err != nil {
		t.Fatal(err)
	}
	if err := c.call(http.MethodGet, job+"/events", nil, &events); err != nil {
		t.Fatal(err)
	}
	states := make(map[string]int)
	last := make(map[string]string)
	for i, e := range events.Items {
		if e.ID != fmt.Sprint(i+1) {
			t.Fatalf("event %d has id %s", i+1, e.ID)
		}
		last[e.Details.Node] = e.Type
	}
	for _, n := range nodes.Items {
		states[n.State]++
		ran, err := os.ReadFile(filepath.Join(dir, "ran-"+n.Name))
		times := strings.Count(string(ran), "ran\n")
		if times > 1 || times == 0 && n.State == "finished" {
			t.Errorf("%s is %s and ran %d times (%v)", n.Name, n.State, times, err)
		}
		if last[n.Name] != "node_"+n.State {
			t.Errorf("%s is %s, its last event is %s", n.Name, n.State, last[n.Name])
		}
	}
	s := c.state(t, job)
	if fmt.Sprint(s.States) != fmt.Sprint(states) || len(nodes.Items) != crashNodes || s.State != "failed" && states["errored"] > 0 {
		t.Errorf("the job is %s with %v, its nodes are %v", s.State, s.States, states)
	}
	if e := events.Items[len(events.Items)-1]; e.Type != "job_finished" {
		t.Errorf("the last event is %+v", e)
	}
	t.Logf("after ten kills: %v, %d events", states, len(events.Items))
}
