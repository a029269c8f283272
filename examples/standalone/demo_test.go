//go:build unix

package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	out := &stopper{at: "command/deploy", stop: cancel}
	cfg := config{addr: "127.0.0.1:0", store: "memory", demo: true, concurrency: 25}
	if err := serve(ctx, cfg, slog.New(slog.DiscardHandler), out); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"Job 1 is failed.",
		"finished   23      ",
		"failed     1       web-07.example.com: ",
		"errored    1       db-03.example.com: ",
		"\n25/25: 0 running, 23 finished, 1 failed, 1 errored\n",
		"curl 'http://127.0.0.1:",
	} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q is missing in\n%s", text, out.String())
		}
	}
	if strings.ContainsAny(out.String(), "\r#") {
		t.Errorf("what is for a terminal is in\n%s", out.String())
	}
	http.DefaultClient.CloseIdleConnections()
}

// stopper stops the server when a text has been written to it.
type stopper struct {
	bytes.Buffer
	at   string
	stop func()
}

func (s *stopper) Write(p []byte) (int, error) {
	n, err := s.Buffer.Write(p)
	if strings.Contains(s.String(), s.at) {
		s.stop()
	}
	return n, err
}

// A job of a real server that the demo comes upon must not be played.
func TestDemoRunsNoOtherNodes(t *testing.T) {
	result, err := runDemo(t.Context(), orchestrator.RunRequest{Job: 1, Node: "www.example.com", Spec: &orchestrator.JobSpec{}})
	if err == nil || !strings.Contains(err.Error(), "no such node") {
		t.Errorf("%+v, %v", result, err)
	}
	demo, err := parse([]string{"-demo"}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	plain, err := parse([]string{"-command", "true"}, t.Output())
	if err != nil || plain.data == demo.data || plain.data == "" || demo.data == "" {
		t.Errorf("data is kept in %q, and that of the demo in %q: %v", plain.data, demo.data, err)
	}
}

func TestProgressFitsATerminal(t *testing.T) {
	total := len(demoNodes())
	for finished := range total {
		for running := range total - finished - 1 {
			p := progress{Total: total, Nodes: map[string]int{"running": running, "finished": finished, "failed": 1, "errored": 1}}
			if line := p.bar() + " " + p.String(); len(line) > 79 || len(p.bar()) != total+2 {
				t.Fatalf("%d columns: %s", len(line), line)
			}
		}
	}
}
