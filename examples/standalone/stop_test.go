//go:build unix

package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Who interrupts a server lets its nodes finish, and who does so twice cancels them.
func TestInterruptedTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	defer http.DefaultClient.CloseIdleConnections()
	s := startServer(t, dir, "sh -c 'touch "+dir+"/ran-{node}; sleep 1000'")
	c := client{ctx: t.Context(), base: s.base}
	var created struct{ Job struct{ Name string } }
	if err := c.call(http.MethodPost, "/command/deploy", map[string]any{
		"environment": "production", "scope": map[string]any{"nodes": []string{"n1"}},
	}, &created); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return exists(filepath.Join(dir, "ran-n1")) })

	s.interrupt(t)
	await(t, func() bool { return strings.Contains(s.log.String(), "stopping") })
	if job := c.state(t, "/jobs/1"); job.State != "running" || job.ended() > 0 {
		t.Errorf("after one interrupt: %+v", job)
	}
	s.interrupt(t)
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(s.log.String(), "running nodes were cancelled") || !strings.Contains(s.log.String(), "interrupt signal received") {
		t.Errorf("it does not say that nodes were cancelled: %s", s.log)
	}

	s = startServer(t, dir, "true")
	c.base = s.base
	if job := c.state(t, "/jobs/1"); job.State != "failed" || job.Nodes["errored"] != 1 {
		t.Errorf("after two interrupts: %+v", job)
	}
	s.interrupt(t)
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
}

func (s server) interrupt(t *testing.T) {
	t.Helper()
	if err := s.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}
