//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is an orchestrator in a process of its own, that can be killed and started again.
type server struct {
	settings

	log  string // the file of its log
	cmd  *exec.Cmd
	http *http.Client
}

// startOrchestrator starts an orchestrator, which ends with the test.
func startOrchestrator(t *testing.T, l lab, transport string) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{settings: settings{Transport: transport, Lab: l, Data: filepath.Join(dir, "data"), Socket: filepath.Join(dir, "socket")}, log: filepath.Join(dir, "log")}
	s.http = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.Socket)
	}}}
	s.start(t)
	t.Cleanup(func() {
		s.end(t, syscall.SIGTERM)
		if t.Failed() {
			text, _ := os.ReadFile(s.log)
			t.Logf("the orchestrator's log:\n%s", text)
		}
	})
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s.settings) //nolint:musttag // only this program reads it
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.OpenFile(s.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	_ = os.Remove(s.Socket)
	s.cmd = exec.Command(self)
	s.cmd.Env = append(os.Environ(), serveEnv+"="+string(text))
	s.cmd.Stderr = log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, 20*time.Second, "the orchestrator to serve", func() bool {
		_, err := os.Stat(s.Socket)
		return err == nil
	})
}

// end ends the orchestrator by a signal.
func (s *server) end(t *testing.T, sig syscall.Signal) {
	t.Helper()
	s.http.CloseIdleConnections()
	_ = s.cmd.Process.Signal(sig)
	if err := s.cmd.Wait(); err != nil && sig != syscall.SIGKILL {
		t.Errorf("the orchestrator ended: %v", err)
	}
}

// call sends a request, and returns the body of an answer that has the status that is wanted.
func (s *server) call(t *testing.T, method, path string, body any, want int) []byte {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://orchestrator/orchestrator/v1"+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != want {
		t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
	return answer
}

// object is a JSON object.
type object = map[string]any

// begin creates a job, and returns its name.
func (s *server) begin(t *testing.T, command string, options object, nodes ...string) string {
	t.Helper()
	options["scope"] = object{"nodes": nodes}
	if _, ok := options["environment"]; !ok {
		options["environment"] = "production"
	}
	var created struct {
		Job struct {
			Name string `json:"name"`
		} `json:"job"`
	}
	if err := json.Unmarshal(s.call(t, http.MethodPost, "/command/"+command, options, http.StatusAccepted), &created); err != nil {
		t.Fatal(err)
	}
	return created.Job.Name
}

// node is a node of a job, as the API shows it.
type node struct {
	Name     string          `json:"name"`
	State    string          `json:"state"`
	Duration float64         `json:"duration"` // in seconds
	Details  json.RawMessage `json:"details"`
	Result   json.RawMessage `json:"result"`
}

// ended waits until a job has ended, and returns its nodes. Each is logged.
func (s *server) ended(t *testing.T, job string) map[string]node {
	t.Helper()
	await(t, 5*time.Minute, "job "+job+" to end", func() bool {
		var j struct {
			State string `json:"state"`
		}
		if err := json.Unmarshal(s.call(t, http.MethodGet, "/jobs/"+job, nil, http.StatusOK), &j); err != nil {
			t.Fatal(err)
		}
		return j.State == "finished" || j.State == "failed" || j.State == "stopped"
	})
	var page struct {
		Items []node `json:"items"`
	}
	if err := json.Unmarshal(s.call(t, http.MethodGet, "/jobs/"+job+"/nodes", nil, http.StatusOK), &page); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]node, len(page.Items))
	for _, n := range page.Items {
		t.Logf("%s: %s after %.1f s\n  result  %s\n  details %s", n.Name, n.State, n.Duration, n.Result, n.Details)
		all[n.Name] = n
	}
	return all
}

// run creates a job, and waits until it has ended.
func (s *server) run(t *testing.T, command string, options object, nodes ...string) map[string]node {
	t.Helper()
	return s.ended(t, s.begin(t, command, options, nodes...))
}

// want fails unless a node is in a state, and what the API shows of it contains texts.
func (n node) want(t *testing.T, state string, texts ...string) {
	t.Helper()
	var shown bytes.Buffer
	for _, part := range []json.RawMessage{n.Result, n.Details} {
		if err := json.Compact(&shown, part); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range texts {
		if !strings.Contains(shown.String(), text) {
			t.Errorf("%s: without %s", n.Name, text)
		}
	}
	if n.State != state {
		t.Errorf("%s: %s and not %s", n.Name, n.State, state)
	}
}
