//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/inventory"
	"github.com/seed-54b7607b/orchestrator/puppet/ssh"
)

func TestCommandLineOfTheFleet(t *testing.T) {
	for line, want := range map[string]string{
		"-transport ssh":                                              "-transport needs -inventory",
		"-transport winrm -inventory x":                               `-transport "winrm": must be local or ssh`,
		"-transport ssh -inventory x -command y":                      "give either",
		"-transport ssh -inventory x -task-command y":                 "give either",
		"-transport ssh -inventory x -demo":                           "give either",
		"-inventory x":                                                "give either",
		"-demo -inventory x":                                          "-demo has nodes of its own",
		"-demo -puppetdb http://localhost":                            "-demo has nodes of its own",
		"-command x -puppet y":                                        "-puppet and -modulepath need -transport",
		"-command x -modulepath y":                                    "-puppet and -modulepath need -transport",
		"-command x -puppetdb-ca y":                                   "need -puppetdb",
		"-command x -puppetdb-cert y -puppetdb-key z":                 "need -puppetdb",
		"-command x -puppetdb https://y -puppetdb-cert z":             "-puppetdb-cert and -puppetdb-key must be given together",
		"-transport ssh -inventory x -puppet y -modulepath z":         "",
		"-transport local -inventory x":                               "",
		"-command x -inventory y -puppetdb https://z -puppetdb-ca ca": "",
	} {
		checkCommandLine(t, line, want)
	}
}

// A server with a mistake in one of the files does not start, and says which flag is to blame.
func TestFleetsThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	nodes, wrong := filepath.Join(dir, "nodes.yaml"), filepath.Join(dir, "wrong.yaml")
	writeFile(t, nodes, "nodes: [n1]\n")
	writeFile(t, wrong, "nodes:\n  - {name: n1, port: ssh}\n")
	for line, want := range map[string]string{
		"-command x -inventory " + wrong:                                                  wrong + `: line 2: node: port: must be a number from 1 to 65535 (given: "ssh")`,
		"-command x -inventory " + dir + "/none":                                          "-inventory: stat " + dir + "/none: no such file",
		"-command x -puppetdb nowhere":                                                    "-puppetdb: server must be a URL with http or https",
		"-command x -puppetdb https://h -puppetdb-ca " + nodes:                            "-puppetdb: " + nodes + ": there is no certificate in it",
		"-transport local -inventory " + nodes + " -modulepath " + dir + ":" + dir + "/x": "-modulepath: stat " + dir + "/x: no such file",
		"-transport local -inventory " + nodes + " -modulepath " + nodes:                  "-modulepath: " + nodes + ": is not a directory",
	} {
		cfg, err := parse(append(strings.Fields(line), "-addr", "127.0.0.1:0", "-store", "memory"), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if err := serve(t.Context(), cfg, slog.New(slog.DiscardHandler), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, not %s", line, err, want)
		}
	}
}

// TestTasksOnAnInventory runs a task of a module on the nodes of a group.
func TestTasksOnAnInventory(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", filepath.Join(dir, "home"))
	nodes, tasks := filepath.Join(dir, "nodes.yaml"), filepath.Join(dir, "modules", "app", "tasks")
	writeFile(t, nodes, "groups: [{name: web, id: '17'}]\nnodes: [{name: n1, groups: [web]}, n2]\n")
	if err := os.MkdirAll(tasks, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(tasks, "greet.sh"), "#!/bin/sh\nprintf '{\"who\":\"%s\",\"pin\":%d}' \"$PT_who\" ${#PT_pin}\n")
	writeFile(t, filepath.Join(tasks, "greet.json"), `{"parameters": {"who": {"type": "String[1]"}, "pin": {"type": "String", "sensitive": true}}}`)
	r := start(t, "-data", filepath.Join(dir, "data"), "-transport", "local", "-inventory", nodes, "-modulepath", filepath.Dir(filepath.Dir(tasks)))

	task := func(scope string) string {
		return `{"task": "app::greet", "environment": "production", "params": {"who": "casey", "pin": "` + secretParam + `"}, "scope": ` + scope + `}`
	}
	for job, scope := range []string{`{"node_group": "web"}`, `{"node_group": "17"}`, `{"nodes": ["n1"]}`} {
		name := fmt.Sprint(job + 1)
		r.want(http.StatusAccepted, `"name":"`+name+`"`, http.MethodPost, "/command/task", task(scope))
		if state := r.ends(name); state != "finished" {
			t.Errorf("%s: %s: %s", scope, state, r.do(http.MethodGet, "/jobs/"+name+"/nodes", "").text)
		}
		r.want(http.StatusOK, `"result":{"who":"casey","pin":24}`, http.MethodGet, "/jobs/"+name+"/nodes", "")
	}
	r.want(http.StatusBadRequest, `scope.node_group must be the name or the id of a group in the inventory (given: \"db\")`, http.MethodPost, "/command/task", task(`{"node_group": "db"}`))
	r.want(http.StatusAccepted, `"name":"4"`, http.MethodPost, "/command/task", task(`{"nodes": ["n3"]}`))
	if state := r.ends("4"); state != "failed" {
		t.Errorf("a node that is not in the inventory: %s", state)
	}
	r.want(http.StatusOK, errNotListed.Error(), http.MethodGet, "/jobs/4/nodes", "")
	r.want(http.StatusOK, `{"items":[{"name":"n1","connected":true},{"name":"n2","connected":true}]}`, http.MethodGet, "/inventory", "")
	r.want(http.StatusOK, `{"name":"n3","connected":false}`, http.MethodGet, "/inventory/n3", "")
	r.stop()
	if all := readAll(t, dir) + r.log.String(); strings.Contains(all, secretParam) {
		t.Error("a parameter that is sensitive by its metadata was kept")
	}
}

// TestQueriesOfPuppetDB asks one that knows the queries of the test.
func TestQueriesOfPuppetDB(t *testing.T) {
	db := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Query string `json:"query"`
		}
		switch err := json.NewDecoder(r.Body).Decode(&asked); {
		case err != nil || asked.Query == "broken":
			http.Error(w, "starting", http.StatusServiceUnavailable)
		case asked.Query == "nodes {":
			http.Error(w, "PQL parse error at line 1, column 8", http.StatusBadRequest)
		default:
			fmt.Fprint(w, `[{"certname":"n1"},{"certname":"n2"}]`)
		}
	}))
	defer db.Close()
	r := start(t, "-store", "memory", "-command", "echo {node}", "-puppetdb", db.URL)
	deploy := func(query string) string {
		return `{"environment": "production", "scope": {"query": "` + query + `"}}`
	}
	r.want(http.StatusAccepted, `"name":"1"`, http.MethodPost, "/command/deploy", deploy("nodes {}"))
	if state := r.ends("1"); state != "finished" {
		t.Errorf("the job is %s", state)
	}
	r.want(http.StatusOK, `"node_count":2`, http.MethodGet, "/jobs/1", "")
	r.want(http.StatusBadRequest, `{"kind":"puppetlabs.orchestrator/query-error","msg":"PuppetDB query failed: PQL parse error at line 1, column 8\n"}`, http.MethodPost, "/command/deploy", deploy("nodes {"))
	r.want(http.StatusBadRequest, `{"kind":"puppetlabs.orchestrator/puppetdb-error","msg":"PuppetDB answered with status 503.","details":{"target":"query"}}`, http.MethodPost, "/command/deploy", deploy("broken"))
	r.want(http.StatusBadRequest, `puppetlabs.orchestrator/puppetdb-error`, http.MethodPost, "/command/deploy", `{"environment": "production", "scope": {"node_group": "web"}}`)
}

func TestInstances(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	one, err := instanceOf("badger", dir)
	if again, errAgain := instanceOf("badger", dir); one == "" || again != one || err != nil || errAgain != nil {
		t.Errorf("%q, %v, and then %q, %v", one, err, again, errAgain)
	}
	if other, err := instanceOf("badger", dir+"2"); other == one || err != nil {
		t.Errorf("another directory: %q, %v", other, err)
	}
	if other, err := instanceOf("memory", dir); other == one || err != nil {
		t.Errorf("in memory: %q, %v", other, err)
	}
	writeFile(t, filepath.Join(dir, "instance"), "") // as a crash may leave it
	if fresh, err := instanceOf("badger", dir); fresh == "" || fresh == one || err != nil {
		t.Errorf("after a crash: %q, %v", fresh, err)
	}
}

// Only Puppet's runs go on without this program: a command ends with it.
func TestWhichRunsArePickedUp(t *testing.T) {
	nodes := filepath.Join(t.TempDir(), "nodes.yaml")
	writeFile(t, nodes, "nodes: [n1]\n")
	for transport, want := range map[string]bool{"": false, "local": true} {
		f := fleet{inventory: nodes, transport: transport}
		opts := &orchestrator.Options{SensitiveParams: func(string) []string { return nil }, Logger: slog.New(slog.DiscardHandler)}
		runner, leave, err := f.open(commands{}, opts, "memory", "")
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
		if _, got := runner.(orchestrator.Reattacher); got != want {
			t.Errorf("-transport %q: picked up is %t", transport, got)
		}
		if _, ok := runner.(orchestrator.Inventory); !ok {
			t.Errorf("-transport %q: there is no inventory", transport)
		}
	}
}

func TestInventoryComesBeforeTheConfigurationOfSSH(t *testing.T) {
	configured := ssh.Host{Address: "10.0.0.1", Port: 2222, User: "jump", Keys: []string{"/config"}, KeyAlias: "config"}
	for _, test := range []struct {
		node inventory.Node
		want ssh.Host
	}{
		{inventory.Node{Name: "a", Address: "a", Sudo: true}, ssh.Host{Address: "10.0.0.1", Port: 2222, User: "jump", Keys: []string{"/config"}, KeyAlias: "config", Sudo: true}},
		{
			inventory.Node{Name: "a", Address: "b", Port: 22, User: "deploy", IdentityFile: "/inventory", HostKeyAlias: "a"},
			ssh.Host{Address: "b", Port: 22, User: "deploy", Keys: []string{"/inventory"}, KeyAlias: "a"},
		},
	} {
		if got := hostOf(&test.node, configured); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%+v, want %+v", got, test.want)
		}
	}
	if got := hostOf(&inventory.Node{Name: "a", Address: "a"}, ssh.Host{}); got.Address != "a" {
		t.Errorf("reached at %q", got.Address)
	}
}
