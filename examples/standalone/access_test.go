//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/badger"
)

func TestCommandLineOfAccess(t *testing.T) {
	const proxied, tls = " -command x -tokens t -behind-proxy", " -command x -tls-cert c -tls-key k"
	for line, want := range map[string]string{
		"-demo -addr :8143":                           "only a loopback address",
		"-demo -addr 0.0.0.0:8143":                    "only a loopback address",
		"-command x -addr example.com:8143":           "only a loopback address",
		"-addr :8143" + tls:                           "only a loopback address can be served without -tokens",
		"-command x -addr :8143 -tokens t":            "only a loopback address can be served without -tls-cert",
		"-command x -tls-cert c":                      "must be given together",
		"-command x -tls-key k":                       "must be given together",
		"-command x -client-ca a":                     "-client-ca needs",
		"-command x -client-names a":                  "-client-names needs",
		"-client-names a" + tls:                       "-client-names needs",
		"-command x -behind-proxy":                    "-behind-proxy is for",
		"-command x -addr :8143 -behind-proxy":        "-behind-proxy is for",
		"-behind-proxy -tokens t" + tls:               "-behind-proxy is for",
		"-demo -tokens t":                             "-demo is a client without",
		"-demo -tls-cert c -tls-key k":                "-demo is a client without",
		"-new-token casey -token-life 0":              "-token-life 0s: must be positive",
		"-new-token casey -token-life -1h":            "must be positive",
		"-new-token casey extra":                      "unexpected argument",
		"-new-token casey":                            "",
		"-command x -tokens t":                        "",
		"-addr localhost:1" + tls:                     "",
		"-addr :8143 -tokens t" + tls:                 "",
		"-addr :8143 -client-ca a" + tls:              "",
		"-addr :1 -client-ca a -client-names b" + tls: "",
		"-addr :8143" + proxied:                       "",
		"-addr 127.0.0.1:8143" + proxied:              "",
	} {
		checkCommandLine(t, line, want)
	}
}

// The line goes to standard output alone, so that it can be appended to a file.
func TestNewToken(t *testing.T) {
	var stdout, stderr bytes.Buffer
	cfg, err := parse([]string{"-new-token", "casey", "-token-life", "1h"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.access.printToken(&stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	var line struct {
		SHA256  string `json:"sha256"`
		Login   string `json:"login"`
		Expires string `json:"expires"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &line); err != nil || line.Login != "casey" || len(line.SHA256) != 64 || line.Expires == "" {
		t.Errorf("%s: %v", stdout.String(), err)
	}
	words := strings.Fields(stderr.String())
	if token := words[len(words)-1]; len(token) != 26 || strings.Contains(stdout.String(), token) {
		t.Errorf("%s%s", stdout.String(), stderr.String())
	}
	if err := (&access{newToken: "a\nb", tokenLife: 1}).printToken(io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "-new-token") {
		t.Errorf("a login of two lines: %v", err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	token, line := newTokenLine(t, "-new-token", "casey")
	file := filepath.Join(t.TempDir(), "tokens")
	writeFile(t, file, line)
	r := start(t, "-store", "memory", "-command", "echo {node}", "-tokens", file)
	r.want(http.StatusUnauthorized, "Route requires authentication", http.MethodGet, "/jobs", "")
	r.want(http.StatusUnauthorized, "invalid-token", http.MethodGet, "/jobs", "", "X-Authentication", "x")
	r.want(http.StatusOK, `"items":[]`, http.MethodGet, "/jobs", "", "X-Authentication", token, "Host", "jobs.example.com")
	r.want(http.StatusAccepted, `"name":"1"`, http.MethodPost, "/command/deploy",
		`{"environment": "production", "scope": {"nodes": ["n1"]}}`, "Authorization", "Bearer "+token)
	if state := r.ends("1", "X-Authentication", token); state != "finished" {
		t.Error(state)
	}
	r.want(http.StatusOK, `"login":"casey"`, http.MethodGet, "/jobs/1", "", "X-Authentication", token)

	next, line := newTokenLine(t, "-new-token", "alex")
	writeFile(t, file, line)
	await(t, func() bool {
		return r.do(http.MethodGet, "/jobs", "", "X-Authentication", next).status == http.StatusOK
	})
	r.want(http.StatusUnauthorized, "invalid-token", http.MethodGet, "/jobs", "", "X-Authentication", token)
	if strings.Contains(r.log.String(), "nobody is asked") {
		t.Error("it says that nobody is asked who they are")
	}
}

func TestServerThatCannotStart(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "bad"), "not a token")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	open, err := badger.Open(filepath.Join(dir, "open"), &badger.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	for line, want := range map[string]string{
		"-command true -tokens " + filepath.Join(dir, "none"): "-tokens: ",
		"-command true -tokens " + filepath.Join(dir, "bad"):  "-tokens: ",
		"-command true -tls-cert none -tls-key none":          "-tls-cert",
		"-command 'true":                               "-command: a quote",
		"-task-command 'true":                          "-task-command: a quote",
		"-command {node}":                              "-command: clients would choose the program",
		"-task-command \"{task}\"":                     "-task-command: clients would choose the program",
		"-command true -addr " + taken.Addr().String(): "address already in use; -addr gives another",
		"-command true -addr 127.0.0.1:99999":          "invalid port; -addr gives another",
		"-command true -store badger -data " + filepath.Join(dir, "bad"):  "; -data gives another",
		"-command true -store badger -data " + filepath.Join(dir, "open"): "another store has",
	} {
		cfg, err := parse(append([]string{"-addr", "127.0.0.1:0", "-store", "memory"}, strings.Fields(line)...), io.Discard)
		if err != nil {
			t.Fatal(line, err)
		}
		if err := serve(t.Context(), cfg, slog.New(slog.DiscardHandler), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", line, err)
		}
	}
	if exists("orchestrator-data") {
		t.Error("a directory was made")
	}
}

// A task gets its parameters on its standard input, and a server without a command for tasks runs none.
func TestTasks(t *testing.T) {
	req := orchestrator.RunRequest{Job: 7, Node: "n1", Spec: &orchestrator.JobSpec{
		Command: orchestrator.CommandTask,
		Task:    orchestrator.TaskOptions{Name: "facts::collect", Params: json.RawMessage(`{"a":"$(id)"}`)},
	}}
	c, _, err := config{taskCommand: `sh -c 'echo $0 $ORCHESTRATOR_TASK; cat' {node}:{task}`}.work(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if result, err := c.Run(t.Context(), req); err != nil || string(result.Result) != "n1:facts::collect facts::collect\n"+`{"a":"$(id)"}` {
		t.Errorf("%s, %v", result.Result, err)
	}
	if c, _, err = (config{command: "echo"}).work(slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if result, err := c.Run(t.Context(), req); err == nil || !strings.Contains(err.Error(), "without a command for jobs of type task") {
		t.Errorf("%s, %v", result.Result, err)
	}
}
