//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a server of this kind owes its owner, checked on the real server, one test for each promise.
// What the handler alone can show is checked in httpapi/security_test.go.
//
// One promise has nothing to be checked on here: that the host keys of nodes that are reached by ssh are
// always checked. Nothing in this repository connects to nodes; whoever gives ssh as -command
// decides about it in ssh's own configuration.

// Job ids are small integers: without authentication they all look the same, those that there are and
// those that there are not.
func TestJobIDsCannotBeEnumerated(t *testing.T) {
	token, line := newTokenLine(t, "-new-token", "casey")
	file := filepath.Join(t.TempDir(), "tokens")
	writeFile(t, file, line)
	r := start(t, "-store", "memory", "-command", "true", "-tokens", file)
	r.want(http.StatusAccepted, "", http.MethodPost, "/command/deploy", deployTo("n1"), "X-Authentication", token)
	var first answer
	for i, id := range []string{"1", "2", "0", "-1", "abc", "99999999999999999999"} {
		for _, list := range []string{"", "/nodes", "/report", "/events", "/nodes?state=new", "/events?wait=1s"} {
			a := r.do(http.MethodGet, "/jobs/"+id+list, "")
			if i == 0 && list == "" {
				first = a
			}
			a.header.Del("Date")
			first.header.Del("Date")
			if a.status != http.StatusUnauthorized || a.text != first.text || fmt.Sprint(a.header) != fmt.Sprint(first.header) {
				t.Errorf("%s%s: %+v, not %+v", id, list, a, first)
			}
		}
	}
	for _, path := range []string{"/jobs", "/events", "/inventory", "/inventory/n1", "/"} {
		if a := r.do(http.MethodGet, path, ""); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %+v", path, a)
		}
	}
}

// Tokens are kept as hashes, and whether they are good, bad or expired, and wherever they are sent, they
// are in no log, no answer and no file.
func TestTokensAreNowhere(t *testing.T) {
	dir := t.TempDir()
	good, goodLine := newTokenLine(t, "-new-token", "casey")
	expired, expiredLine := newTokenLine(t, "-new-token", "alex", "-token-life", "1ns")
	bad, _ := newTokenLine(t, "-new-token", "nobody")
	writeFile(t, filepath.Join(dir, "tokens"), goodLine+expiredLine)
	r := start(t, "-data", filepath.Join(dir, "data"), "-command", "env", "-tokens", filepath.Join(dir, "tokens"))

	var answers strings.Builder
	for _, token := range []string{good, expired, bad} {
		for _, headers := range [][]string{
			{"X-Authentication", token}, {"Authorization", "Bearer " + token}, {"Authorization", "Basic " + token}, {"Cookie", "token=" + token}, {},
		} {
			for _, path := range []string{"/jobs", "/jobs/1/events", "/jobs/99", "/nothing", "/jobs?limit=x", "/jobs?limit=%zz"} {
				separator := "?"
				if strings.Contains(path, "?") {
					separator = "&"
				}
				a := r.do(http.MethodGet, path+separator+"token="+token, "", headers...)
				fmt.Fprintln(&answers, a)
			}
			fmt.Fprintln(&answers, r.do(http.MethodPost, "/command/deploy?token="+token, deployTo("n1"), headers...))
		}
	}
	if !strings.Contains(answers.String(), "{202 ") {
		t.Fatal("no request was let in")
	}
	r.ends("2", "X-Authentication", good)
	for _, path := range []string{"/jobs", "/jobs/1", "/jobs/1/nodes", "/jobs/1/events", "/jobs/1/report"} {
		fmt.Fprintln(&answers, r.want(http.StatusOK, "", http.MethodGet, path, "", "X-Authentication", good))
	}
	r.stop()
	everything := map[string]string{"an answer": answers.String(), "the log": r.log.String(), "a file": readAll(t, dir)}
	for where, text := range everything {
		for _, token := range []string{good, expired, bad} {
			if strings.Contains(text, token) || strings.Contains(strings.ToLower(text), strings.ToLower(token)) {
				t.Errorf("a token is in %s", where)
			}
		}
	}
	if !strings.Contains(everything["a file"], `"login":"casey"`) {
		t.Error("the files are not the files")
	}
}

// There is a limit to everything that a client or a node can send, and what is cut is marked.
func TestLimits(t *testing.T) {
	t.Parallel()
	r := start(t, "-store", "memory", "-command", "sh -c 'head -c 3000000 /dev/zero | tr \\\\0 x'")
	r.want(http.StatusRequestEntityTooLarge, "16777216 bytes", http.MethodPost, "/command/deploy",
		strings.Repeat(" ", 17<<20))
	r.want(http.StatusBadRequest, "validation-error", http.MethodPost, "/command/deploy",
		`{"environment": "production", "description": "`+strings.Repeat("x", 20_000)+`", "scope": {"nodes": ["n1"]}}`)
	var nodes strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&nodes, `,"n%d"`, i)
	}
	r.want(http.StatusBadRequest, "200000", http.MethodPost, "/command/deploy",
		`{"environment": "production", "scope": {"nodes": ["n"`+nodes.String()+`]}}`)
	r.want(http.StatusBadRequest, "limit", http.MethodGet, "/jobs?limit=200001", "")
	r.want(http.StatusBadRequest, "…", http.MethodGet, "/jobs?limit="+strings.Repeat("x", 5000), "")
	r.want(http.StatusRequestHeaderFieldsTooLarge, "", http.MethodGet, "/jobs", "", "X-Authentication", strings.Repeat("x", 100<<10))

	r.want(http.StatusAccepted, `"name":"1"`, http.MethodPost, "/command/deploy", deployTo("n1"))
	r.ends("1")
	a := r.want(http.StatusOK, `"_truncated":true`, http.MethodGet, "/jobs/1/nodes", "")
	if output := strings.Count(a.text, "x"); output < 60_000 || output > 70_000 {
		t.Errorf("%d bytes of output were kept", output)
	}
}

// What a client sends is never read by a shell: as parameters it goes to standard input, as it is, and
// a node's or a task's name that could be anything else than a name is refused.
func TestNothingReachesAShell(t *testing.T) {
	dir := t.TempDir()
	pwned := filepath.Join(dir, "pwned")
	r := start(t, "-store", "memory", "-command", "printf %s, {node}", "-task-command", "tee "+filepath.Join(dir, "stdin-{node}"))
	for _, evil := range []string{
		"; touch " + pwned, "$(touch " + pwned + ")", "`touch " + pwned + "`", "| touch " + pwned, "a\ntouch " + pwned, "a b", "a'b", `a"b`, `a\b`,
		"-oProxyCommand=touch", "--help", ".", "..", "../../etc/passwd", "a/b", "a\x00b", "a%2fb", "{node}", "*", "~root", "é", "", " ", strings.Repeat("a", 256),
	} {
		r.want(http.StatusBadRequest, "scope.nodes[1]", http.MethodPost, "/command/deploy", deployTo("n1", evil))
		r.want(http.StatusBadRequest, "scope.nodes[0]", http.MethodPost, "/command/task", `{"task": "t", "params": {}, "scope": {"nodes": [`+asJSON(evil)+`]}}`)
		if evil == "" {
			continue
		}
		r.want(http.StatusBadRequest, "validation-error", http.MethodPost, "/command/deploy",
			`{"environment": `+asJSON("x"+evil)+`, "scope": {"nodes": ["n1"]}}`)
		r.want(http.StatusBadRequest, "validation-error", http.MethodPost, "/command/task",
			`{"task": `+asJSON("x"+evil)+`, "params": {}, "scope": {"nodes": ["n1"]}}`)
	}
	r.want(http.StatusOK, `"items":[]`, http.MethodGet, "/jobs", "")

	params := `{"cmd":"$(touch ` + pwned + `); touch ` + pwned + `","--flag":"` + "`touch " + pwned + "`" + `"}`
	r.want(http.StatusAccepted, "", http.MethodPost, "/command/task", `{"task": "t", "params": `+params+`, "scope": {"nodes": ["n1"]}}`)
	r.ends("1")
	if text, err := os.ReadFile(filepath.Join(dir, "stdin-n1")); err != nil || string(text) != params {
		t.Errorf("the task read %q, %v", text, err)
	}
	r.want(http.StatusAccepted, "", http.MethodPost, "/command/deploy",
		`{"environment": "production", "tags": "$(touch `+pwned+`)", "description": "; touch `+pwned+`", "scope": {"nodes": ["n1"]}}`)
	r.ends("2")
	r.want(http.StatusOK, `"_output":"n1,"`, http.MethodGet, "/jobs/2/nodes", "")
	if exists(pwned) {
		t.Error("something was run")
	}
}

// A server runs no command that it was not started with.
func TestRunningCommandsIsOptIn(t *testing.T) {
	checkCommandLine(t, "", "give either -command")
	checkCommandLine(t, "-addr localhost:8143 -store memory", "give either -command")
	r := start(t, "-store", "memory", "-command", "true")
	r.want(http.StatusAccepted, "", http.MethodPost, "/command/task", `{"task": "t", "params": {"command": "id"}, "scope": {"nodes": ["n1"]}}`)
	r.ends("1")
	r.want(http.StatusOK, "without a command for jobs of type task", http.MethodGet, "/jobs/1/nodes", "")
	r.want(http.StatusOK, `"state":"errored"`, http.MethodGet, "/jobs/1/nodes", "")
}

// A server without authentication listens on loopback only, answers only who calls it by such a name, and
// says so. The command lines that are refused are in access_test.go.
func TestWithoutAuthenticationOnlyLoopback(t *testing.T) {
	r := start(t, "-store", "memory", "-command", "true")
	if !strings.HasPrefix(r.base, "http://127.0.0.1:") || !strings.Contains(r.log.String(), "nobody is asked who they are") {
		t.Errorf("%s: %s", r.base, r.log)
	}
	for _, host := range []string{"evil.example.com", "10.0.0.1", "localhost.evil.example.com", "127.0.0.1.nip.io:8143", "0.0.0.0"} {
		r.want(http.StatusForbidden, "loopback", http.MethodGet, "/jobs", "", "Host", host)
		r.want(http.StatusForbidden, "loopback", http.MethodPost, "/command/deploy", deployTo("n1"), "Host", host)
		r.want(http.StatusForbidden, "loopback", http.MethodGet, "/jobs", "", "Host", host, "X-Forwarded-Host", "localhost")
	}
	r.want(http.StatusOK, `"items":[]`, http.MethodGet, "/jobs", "", "Host", "localhost:1")
}

// A page in a browser sends no commands, be the server open or not.
func TestCommandsOfOtherOriginsAreRefused(t *testing.T) {
	token, line := newTokenLine(t, "-new-token", "casey")
	file := filepath.Join(t.TempDir(), "tokens")
	writeFile(t, file, line)
	for _, args := range [][]string{nil, {"-tokens", file}} {
		r := start(t, append(args, "-store", "memory", "-command", "true", "-task-command", "true")...)
		for _, header := range [][2]string{{"Origin", "https://evil.example.com"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
			for _, command := range []string{"/command/deploy", "/command/task", "/command/stop", "/inventory"} {
				a := r.want(http.StatusForbidden, "another origin", http.MethodPost, command, deployTo("n1"),
					"X-Authentication", token, "Content-Type", "text/plain", header[0], header[1])
				if allowed := a.header.Get("Access-Control-Allow-Origin"); allowed != "" {
					t.Errorf("%s may be read by %s", command, allowed)
				}
			}
		}
		r.want(http.StatusOK, `"items":[]`, http.MethodGet, "/jobs", "", "X-Authentication", token)
		r.stop()
	}
}

// deployTo returns the body of a deploy to nodes.
func deployTo(nodes ...string) string {
	return `{"environment": "production", "scope": {"nodes": ` + asJSON(nodes) + `}}`
}
