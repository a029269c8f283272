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

// The values that a task is asked with in the tests below. None of them can be made smaller, so that a
// store that compresses keeps them readable if it keeps them at all.
const (
	secretParam  = "Zk3vQ8pT1xW7rB5nL2mC9dF4"
	secretNested = "Hs6yJ0uG3eA8iK1oP5tR7wX2"
	secretByName = "Vb9nM4zD7qE2fU6gY1hS3jL8"
	secretTarget = "Xc5tP8wO2kN7aI4rJ9vB1mQ6"
	openParam    = "Rf2gT6hY8jU1kI5oL9pA3sD7"
)

// A task's request: secret is one of the names that are sensitive everywhere, pin is said to be so by
// the request, and targets always are.
const secretTask = `{"task": "app::login", "environment": "production", "scope": {"nodes": ["n1", "n2"]},
	"params": {"open": "` + openParam + `", "password": "` + secretParam + `", "secret": {"deep": ["` + secretNested + `"]}, "pin": "` + secretByName + `"},
	"sensitive": ["pin"], "targets": [{"hostnames": ["n1"], "transport": "ssh", "password": "` + secretTarget + `"}]}`

// Sensitive parameters reach the command, and nothing else: while the job runs, afterwards, and when the
// server has been stopped, they are in no file of the store, no answer and no log, at any level. The
// parameter that is not sensitive shows that the test would see them.
func TestSensitiveParametersAreNowhere(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"badger", "memory"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			sensitiveParameters(t, store)
		})
	}
}

func sensitiveParameters(t *testing.T, store string) {
	dir := t.TempDir()
	data, in := filepath.Join(dir, "data"), filepath.Join(dir, "in")
	for _, d := range []string{data, in} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, "-store", store, "-data", data, "-command", "true", "-task-command",
		"sh -c 'cat > "+in+"/stdin-{node}; env > "+in+"/env-{node}; echo $* >> "+in+"/env-{node}; touch "+in+"/running-{node}; while [ ! -e "+in+"/go ]; do sleep 0.01; done'")
	answers := new(answers)
	answers.keep(r.want(http.StatusAccepted, `"name":"1"`, http.MethodPost, "/command/task", secretTask))
	await(t, func() bool { return exists(filepath.Join(in, "running-n1")) && exists(filepath.Join(in, "running-n2")) })

	answers.keepAll(r)
	running := readAll(t, data)
	writeFile(t, filepath.Join(in, "go"), "")
	if state := r.ends("1"); state != "finished" {
		t.Errorf("the job is %s", state)
	}
	answers.keepAll(r)
	ended := readAll(t, data)
	for _, wrong := range []string{
		strings.Replace(secretTask, `"app::login"`, `"No Name"`, 1), strings.Replace(secretTask, `"n2"`, `"n 2"`, 1),
		strings.Replace(secretTask, `"production"`, `"no such"`, 1), secretTask + "}", secretTask[:len(secretTask)-1],
		strings.Replace(secretTask, `"params": {`, `"params": [{`, 1), strings.Replace(secretTask, `["pin"]`, `{"pin": "`+secretByName+`"}`, 1),
		strings.Replace(secretTask, `[{"hostnames": ["n1"]`, `[{"hostnames": "n1"`, 1), strings.Replace(secretTask, `"ssh"`, `"tcp"`, 1),
		`{"task": "t", "scope": {"nodes": ["n1"]}, "params": "` + secretParam + `"}`, `{"task": "t", "scope": {"nodes": ["n1"]}, "targets": "` + secretTarget + `"}`,
	} {
		a := r.do(http.MethodPost, "/command/task", wrong)
		answers.keep(a)
		if a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", wrong, a.status, a.text)
		}
	}
	answers.keep(r.want(http.StatusAccepted, "", http.MethodPost, "/command/stop", `{"job": "1"}`))
	r.stop()

	places := map[string]string{
		"an answer": answers.String(), "the log": r.log.String(), "the environment or arguments of the command": readAll(t, in),
		"the store of a running job": running, "the store of a job that has ended": ended, "the closed store": readAll(t, data),
	}
	stdin, err := os.ReadFile(filepath.Join(in, "stdin-n1"))
	if err != nil {
		t.Fatal(err)
	}
	places["the environment or arguments of the command"] = strings.ReplaceAll(places["the environment or arguments of the command"], string(stdin), "")
	for what, secret := range map[string]string{
		"the parameter password": secretParam, "what is in the parameter secret": secretNested, "the parameter pin": secretByName, "the target's password": secretTarget,
	} {
		for where, text := range places {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in %s", what, where)
			}
		}
		if what != "the target's password" && !strings.Contains(string(stdin), secret) {
			t.Errorf("%s has not reached the command: %s", what, stdin)
		}
	}
	if !strings.Contains(places["an answer"], openParam) || store == "badger" &&
		(!strings.Contains(running, openParam) || !strings.Contains(ended, openParam) || !strings.Contains(places["the closed store"], openParam)) {
		t.Error("the parameter that is not sensitive cannot be seen either")
	}
}

// answers is what clients were told.
type answers struct{ strings.Builder }

func (a *answers) keep(one answer) { fmt.Fprintln(a, one) }

// keepAll asks for everything that there is to see of the first job. A stream of its events ends with
// it, so there is one only of a job that has ended.
func (a *answers) keepAll(r *running) {
	r.t.Helper()
	for _, path := range []string{"/jobs", "/jobs?task=login", "/jobs?node=n1", "/jobs/1", "/jobs/1/nodes", "/jobs/1/report", "/jobs/1/events", "/events"} {
		a.keep(r.want(http.StatusOK, "", http.MethodGet, path, ""))
	}
	if strings.Contains(r.do(http.MethodGet, "/jobs/1", "").text, `"state":"running"`) {
		return
	}
	for _, accept := range []string{"text/event-stream", "application/x-ndjson"} {
		a.keep(r.want(http.StatusOK, "", http.MethodGet, "/jobs/1/events", "", "Accept", accept))
	}
}

// An error of the command shows what the command says, and nothing that it was asked.
func TestSensitiveParametersOfACommandThatFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, command := range map[string]string{
		"failed":  "sh -c 'cat > /dev/null; echo no >&2; exit 1'",
		"errored": "/nonexistent/program",
		"unread":  "sh -c 'exec 0<&-; exit 126'",
	} {
		data := filepath.Join(dir, name)
		r := start(t, "-data", data, "-command", "true", "-task-command", command)
		answers := new(answers)
		answers.keep(r.want(http.StatusAccepted, "", http.MethodPost, "/command/task", secretTask))
		if state := r.ends("1"); state != "failed" {
			t.Errorf("%s: the job is %s", name, state)
		}
		answers.keepAll(r)
		r.stop()
		for where, text := range map[string]string{"an answer": answers.String(), "the log": r.log.String(), "the store": readAll(t, data)} {
			for _, secret := range []string{secretParam, secretNested, secretByName, secretTarget} {
				if strings.Contains(text, secret) {
					t.Errorf("%s: a secret is in %s", name, where)
				}
			}
		}
	}
}
