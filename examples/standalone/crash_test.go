//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serveEnv makes the test binary be the server.
const serveEnv = "STANDALONE_TEST_SERVE"

const crashNodes = 120

// A server that is killed in the middle of a job, ten times in a row, ends the job all the same:
// no node runs twice, and no event is missing.
func TestKilledServerLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	defer http.DefaultClient.CloseIdleConnections()

	command := "sh -c 'echo ran >> " + dir + "/ran-{node}; sleep 0.02; echo {node}'"
	running := startServer(t, dir, command)
	c := client{ctx: t.Context(), base: running.base}
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
		running.kill(t)
		running = startServer(t, dir, command)
		c.base = running.base
	}
	await(t, func() bool { return c.state(t, job).ended() == crashNodes })
	c.checkCrashed(t, job, dir)
	running.interrupt(t)
	if err := running.Wait(); err != nil {
		t.Errorf("after an interrupt: %v", err)
	}
}

// server is a server in a process of its own, that appends to a file for each node.
type server struct {
	*exec.Cmd
	log  *fullLog
	base string // URL of its API
}

func startServer(t *testing.T, dir, command string) server {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := server{log: &fullLog{url: make(chan string, 1)}}
	s.Cmd = exec.CommandContext(t.Context(), self,
		"-addr", "127.0.0.1:0", "-data", filepath.Join(dir, "data"), "-concurrency", "4", "-command", command)
	s.Env = append(os.Environ(), serveEnv+"=1")
	s.Stderr = s.log
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.log)
		}
	})
	select {
	case s.base = <-s.log.url:
	case <-time.After(time.Minute):
		t.Fatal("the server does not say where it serves")
	}
	return s
}

// kill ends the server as a crash would.
func (s server) kill(t *testing.T) {
	t.Helper()
	if err := s.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.Wait() // it says that the process was killed
}

func (c client) state(t *testing.T, job string) (s progress) {
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
	if fmt.Sprint(s.Nodes) != fmt.Sprint(states) || len(nodes.Items) != crashNodes || s.State != "failed" && states["errored"] > 0 {
		t.Errorf("the job is %s with %v, its nodes are %v", s.State, s.Nodes, states)
	}
	if e := events.Items[len(events.Items)-1]; e.Type != "job_finished" {
		t.Errorf("the last event is %+v", e)
	}
	t.Logf("after ten kills: %v, %d events", states, len(events.Items))
}
