//go:build unix

package puppet

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// taskRequest is a request for job 7 to run a task on node1.
func taskRequest(name, params string) orchestrator.RunRequest {
	spec := &orchestrator.JobSpec{Command: orchestrator.CommandTask, Task: orchestrator.TaskOptions{Name: name, Params: json.RawMessage(params)}}
	return orchestrator.RunRequest{Job: 7, Node: "node1", Spec: spec}
}

// show is a task that says all that it got, in lines.
const show = `#!/bin/sh
echo "stdin=$(cat)"
echo "a=$PT_a list=$PT_list task=$PT__task noop=$PT__noop"
echo "args=$# inside=$(test "$PT__installdir" && cd "$PT__installdir" && find . -type f | sort | tr '\n' ' ')"
echo "mode=$(stat -c %a "$0") $(stat -c %a "$(dirname "$(dirname "$(dirname "$0")")")")"
`

// allModules are the modules of the tests below.
var allModules = map[string]string{
	"m/tasks/init.sh":      show,
	"m/tasks/both.sh":      show,
	"m/tasks/both.json":    `{"input_method": "both"}`,
	"m/tasks/stdin.sh":     show,
	"m/tasks/stdin.json":   `{"input_method": "stdin", "supports_noop": true}`,
	"m/tasks/env.sh":       show,
	"m/tasks/env.json":     `{"input_method": "environment", "files": ["m/lib/", "other/files/tool"]}`,
	"m/lib/a.sh":           "a",
	"m/lib/deep/b.sh":      "b",
	"other/files/tool":     "tool",
	"m/tasks/typed.sh":     "#!/bin/sh\necho '{\"ok\": true}'\n",
	"m/tasks/typed.json":   `{"parameters": {"n": {"type": "Integer[1,9]", "default": 3}, "s": {"type": "String[1]"}, "o": {"type": "Optional[Boolean]"}, "secret": {"type": "Optional[Pattern[/^x/]]", "sensitive": true}, "hidden": {"type": "Sensitive[Any]"}}}`,
	"m/tasks/object.sh":    "#!/bin/sh\necho '{\"a\": 1}'\n",
	"m/tasks/failing.sh":   "#!/bin/sh\necho out; echo one >&2; echo two >&2; exit 3\n",
	"m/tasks/error.sh":     "#!/bin/sh\necho '{\"_error\": {\"kind\": \"m/own\", \"msg\": \"no luck\", \"details\": {}}}'\n",
	"m/tasks/noerror.sh":   "#!/bin/sh\necho '{\"_error\": null, \"a\": 1}'\n",
	"m/tasks/partly.sh":    "#!/bin/sh\necho '{\"a\": 1}'; exit 1\n",
	"m/tasks/silent.sh":    "#!/bin/sh\n",
	"m/tasks/hanging.sh":   "#!/bin/sh\ntouch \"$PT_flag\"; sleep 1000\n",
	"m/tasks/two.sh":       "#!/bin/sh\n",
	"m/tasks/two.rb":       "#!/bin/sh\n",
	"m/tasks/choice.json":  `{"implementations": [{"name": "choice_ps.ps1", "requirements": ["powershell"]}, {"name": "choice_ruby.rb", "requirements": ["puppet-agent"]}, {"name": "choice_sh.sh", "requirements": ["shell"], "input_method": "environment", "files": ["other/files/tool"]}]}`,
	"m/tasks/choice_sh.sh": show, "m/tasks/choice_ruby.rb": "#!/bin/sh\necho ruby\n",
	"m/tasks/windows.json": `{"implementations": [{"name": "choice_ps.ps1", "requirements": ["powershell"]}]}`,
	"m/tasks/power.ps1":    "", "m/tasks/power2.sh": "", "m/tasks/power2.json": `{"input_method": "powershell"}`,
	"m/tasks/nojson.sh": "", "m/tasks/nojson.json": `{`,
	"m/tasks/notype.sh": "", "m/tasks/notype.json": `{"parameters": {"a": {"type": "Integer["}}}`,
	"m/tasks/nomethod.sh": "", "m/tasks/nomethod.json": `{"input_method": "magic"}`,
	"m/tasks/outside.sh": "", "m/tasks/outside.json": `{"files": ["m/../../secret"]}`,
	"m/tasks/lost.sh": "", "m/tasks/lost.json": `{"files": ["m/files/none"]}`,
	"m/tasks/foreign.sh": "", "m/tasks/foreign.json": `{"files": ["none/files/x"]}`,
	"m/tasks/badimpl.json": `{"implementations": [{"name": "../x.sh"}]}`,
	"m/tasks/only.json":    `{}`,
	"m/tasks/doc.md":       "nothing to run",
}

func TestTasks(t *testing.T) {
	dir := modules(t, allModules)
	for _, test := range []struct {
		name, params string
		noop         bool
		want         string // the result, with DIR for the task's directory
		state        orchestrator.NodeState
		message      string
	}{
		{name: "m", params: `{"a": "x'y", "list": [1]}`, want: "stdin={\"_installdir\":\"DIR\",\"_task\":\"m\",\"a\":\"x'y\",\"list\":[1]}\na=x'y list=[1] task=m noop=\nargs=0 inside=./m/tasks/init.sh \nmode=700 700\n"},
		{name: "m::both", want: "stdin={\"_installdir\":\"DIR\",\"_task\":\"m::both\"}\na= list= task=m::both noop=\nargs=0 inside=./m/tasks/both.sh \nmode=700 700\n"},
		{name: "m::stdin", params: `{"a": 1}`, noop: true, want: "stdin={\"_installdir\":\"DIR\",\"_noop\":true,\"_task\":\"m::stdin\",\"a\":1}\na= list= task= noop=\nargs=0 inside=\nmode=700 700\n"},
		{name: "m::env", params: `{"a": true}`, want: "stdin=\na=true list= task=m::env noop=\nargs=0 inside=./m/lib/a.sh ./m/lib/deep/b.sh ./m/tasks/env.sh ./other/files/tool \nmode=700 700\n"},
		{name: "m::choice", params: `{"a": 1}`, want: "stdin=\na=1 list= task=m::choice noop=\nargs=0 inside=./m/tasks/choice_sh.sh ./other/files/tool \nmode=700 700\n"},
		{name: "m::typed", params: `{"s": "x", "secret": "xyz"}`, want: "{\"ok\": true}\n"},
		{name: "m::object", want: "{\"a\": 1}\n"},
		{name: "m::noerror", want: "{\"_error\": null, \"a\": 1}\n"},
		{name: "m::silent", want: `{"_output":""}`},
		{name: "m::failing", state: orchestrator.NodeFailed, message: "The task failed with exit code 3: two", want: `{"_error":{"kind":"puppetlabs.tasks/task-error","msg":"The task failed with exit code 3:\none\ntwo","details":{"exit_code":3}},"_output":"out\n"}`},
		{name: "m::partly", state: orchestrator.NodeFailed, message: "The task failed with exit code 1", want: `{"_error":{"kind":"puppetlabs.tasks/task-error","msg":"The task failed with exit code 1","details":{"exit_code":1}},"a":1}`},
		{name: "m::error", state: orchestrator.NodeFailed, message: "no luck", want: "{\"_error\": {\"kind\": \"m/own\", \"msg\": \"no luck\", \"details\": {}}}\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tmp := t.TempDir()
			r := newRunner(t, &processes{}, &Options{ModulePath: []string{"/nowhere", dir}, TempDir: tmp, Puppet: "/nowhere/puppet"})
			req := taskRequest(test.name, test.params)
			req.Spec.Noop = test.noop
			got := outcomeOf(r.Run(t.Context(), req))
			if test.state == "" {
				test.state = orchestrator.NodeFinished
			}
			result := string(got.Result)
			if _, rest, ok := strings.Cut(result, `"_installdir":"`); ok {
				used, _, _ := strings.Cut(rest, `"`)
				result = strings.ReplaceAll(result, used, "DIR")
			}
			if got.State != test.state || got.Message != test.message || result != test.want {
				t.Errorf("%s %q\n%s\nnot %s %q\n%s", got.State, got.Message, result, test.state, test.message, test.want)
			}
			wantEmpty(t, tmp)
		})
	}
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("%s holds %v, %v", dir, entries, err)
	}
}

func TestTasksThatCannotBeRun(t *testing.T) {
	const secret = "hunter2"
	dir := modules(t, allModules)
	tmp := t.TempDir()
	for _, test := range []struct {
		name, params string
		noop         bool
		says         string
	}{
		{name: "none", says: `unknown task "none": there is no module none`},
		{name: "m::none", says: `unknown task "m::none": module m has no such task`},
		{name: "m::doc", says: "module m has no such task"},
		{name: "other", says: "module other has no such task"},
		{name: "m::../init", says: "unknown task"},
		{name: "m::only", says: "it has 0 programs"},
		{name: "m::two", says: "it has 2 programs"},
		{name: "m::windows", says: "none of its implementations can be run on this node"},
		{name: "m::power", says: "made for PowerShell"},
		{name: "m::power2", says: "made for PowerShell"},
		{name: "m::nojson", says: "its metadata: it is not the JSON text"},
		{name: "m::notype", says: `the type of parameter a: "Integer["`},
		{name: "m::nomethod", says: `the input_method "magic" is not known`},
		{name: "m::outside", says: `the file "m/../../secret" is not MODULE/PATH`},
		{name: "m::badimpl", says: "not the name of a file"},
		{name: "m::lost", says: `was not started: the file "m/files/none"`},
		{name: "m::foreign", says: "there is no module none"},
		{name: "m", noop: true, says: "task m cannot be run in noop mode"},
		{name: "m::typed", says: `parameter "s" of task m::typed must be given: its type is String[1]`},
		{name: "m::typed", params: `{"s": "` + secret + `", "n": 10}`, says: `parameter "n" of task m::typed must be of type Integer[1,9]`},
		{name: "m::typed", params: `{"s": "x", "o": "` + secret + `"}`, says: `parameter "o" of task m::typed must be of type Optional[Boolean]`},
		{name: "m::typed", params: `{"s": "x", "secret": "` + secret + `"}`, says: `parameter "secret" of task m::typed must be of type`},
		{name: "m::typed", params: `{"s": "x", "x": "` + secret + `"}`, says: `task m::typed has no parameter "x"`},
		{name: "m", params: `{"a b": "` + secret + `"}`, says: `parameter "a b" cannot be put into an environment variable`},
		{name: "m", params: `{"a": "\u0000` + secret + `"}`, says: `parameter "a" cannot be put into an environment variable`},
		{name: "m::typed", params: "null", says: "the parameters are no JSON object"},
		{name: "m", params: `["` + secret + `"]`, says: "the parameters are no JSON object"},
	} {
		p := &processes{}
		req := taskRequest(test.name, test.params)
		req.Spec.Noop = test.noop
		res, err := newRunner(t, p, &Options{ModulePath: []string{dir}, TempDir: tmp, Puppet: "/nowhere/puppet"}).Run(t.Context(), req)
		wantErrored(t, test.says, res, err)
		if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), dir)) {
			t.Errorf("%s says too much: %v", test.name, err)
		}
	}
	wantEmpty(t, tmp)
	req := taskRequest("m::object", "")
	req.Targets = json.RawMessage(`[{"hostnames": ["node1"], "password": "` + secret + `"}]`)
	res, err := newRunner(t, &processes{}, &Options{ModulePath: []string{dir}}).Run(t.Context(), req)
	wantErrored(t, "the request has targets", res, err)
}

// No argument list has a parameter in it, whatever way the parameters go.
func TestParametersAreInNoArguments(t *testing.T) {
	const secret = "hunter2"
	dir, p := modules(t, allModules), &processes{}
	r := newRunner(t, p, &Options{ModulePath: []string{dir}, TempDir: t.TempDir()})
	for _, name := range []string{"m", "m::both", "m::stdin", "m::env"} {
		if got := outcomeOf(r.Run(t.Context(), taskRequest(name, `{"a": "`+secret+`"}`))); !strings.Contains(string(got.Result), secret) {
			t.Errorf("%s has not got it: %+v", name, got)
		}
	}
	for _, c := range p.commands {
		if strings.Contains(strings.Join(c.Argv, " "), secret) {
			t.Errorf("%q", c.Argv)
		}
	}
}

// A task that is ended leaves no files behind.
func TestAnEndedTaskLeavesNothing(t *testing.T) {
	dir, tmp := modules(t, allModules), t.TempDir()
	flag := t.TempDir() + "/flag"
	ctx, cancel := context.WithCancel(t.Context())
	p := &watchedProcesses{flag: flag, begun: cancel}
	req := taskRequest("m::hanging", `{"flag": "`+flag+`"}`)
	if _, err := newRunner(t, p, &Options{ModulePath: []string{dir}, TempDir: tmp}).Run(ctx, req); !errors.Is(err, errStopped) {
		t.Error(err)
	}
	wantEmpty(t, tmp)
}

func TestSensitiveParams(t *testing.T) {
	r := newRunner(t, &processes{}, &Options{ModulePath: []string{modules(t, allModules)}})
	for task, want := range map[string]string{"m::typed": "hidden secret", "m": "", "none": "", "m::nojson": ""} {
		if got := strings.Join(r.SensitiveParams(task), " "); got != want {
			t.Errorf("%s: %q, not %q", task, got, want)
		}
	}
}
