//go:build e2e

package e2e

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// report is a task that says what it got on which way.
const report = `#!/bin/sh
printf '{"stdin": "%s", "environment": "%s", "noop": "%s", "extra": "%s"}\n' "$(grep -q '"a":"x"' && echo given)" "$PT_a" "$PT__noop" "$(cat "$PT__installdir/other/files/extra" 2>/dev/null)"
`

// writeModules writes the modules with the tasks of the tests below.
func (l lab) writeModules(t *testing.T) {
	t.Helper()
	for name, text := range map[string]string{
		"e2e/tasks/stdin.sh":         report,
		"e2e/tasks/stdin.json":       `{"input_method": "stdin"}`,
		"e2e/tasks/environment.sh":   report,
		"e2e/tasks/environment.json": `{"input_method": "environment", "files": ["other/files/extra"]}`,
		"e2e/tasks/both.sh":          report,
		"e2e/tasks/both.json":        `{"input_method": "both", "supports_noop": true, "parameters": {"a": {"type": "Enum[x]", "default": "x"}}}`,
		"e2e/tasks/neither.sh":       report,
		"e2e/tasks/powershell.sh":    report,
		"e2e/tasks/powershell.json":  `{"input_method": "powershell"}`,
		"e2e/tasks/text.sh":          "#!/bin/sh\nid -un\n",
		"e2e/tasks/failing.sh":       "#!/bin/sh\necho out; echo nothing works >&2; exit 3\n",
		"e2e/tasks/feature.json":     `{"implementations": [{"name": "feature_agent.sh", "requirements": ["puppet-agent"]}, {"name": "feature_none.sh"}]}`,
		"e2e/tasks/feature_agent.sh": "#!/bin/sh\necho with the agent\n",
		"e2e/tasks/feature_none.sh":  "#!/bin/sh\necho without\n",
		"e2e/tasks/secret.sh":        "#!/bin/sh\nprintf '{\"stdin\": \"%s\", \"environment\": \"%s\"}\\n' \"$(grep -o '\"password\":\"[^\"]*\"' | cut -d'\"' -f4 | tr -d '\\n' | sha256sum | cut -c1-64)\" \"$(printf %s \"$PT_password\" | sha256sum | cut -c1-64)\"\n",
		"e2e/tasks/secret.json":      `{"parameters": {"password": {"type": "String[8]", "sensitive": true}}}`,
		"other/files/extra":          "a file",
	} {
		write(t, filepath.Join(l.modules(), name), text)
	}
}

// testTasks: every input method, what is made of output, and a failure.
func testTasks(t *testing.T, s *server) {
	const onStdin = `"stdin":"given"`
	for _, test := range []struct {
		task  string
		noop  bool
		state string
		texts []string
	}{
		{"stdin", false, "finished", []string{onStdin, `"environment":""`}},
		{"environment", false, "finished", []string{`"stdin":""`, `"environment":"x"`, `"extra":"a file"`}},
		{"both", true, "finished", []string{onStdin, `"environment":"x"`, `"noop":"true"`}},
		{"neither", false, "finished", []string{onStdin, `"environment":"x"`}},
		{"powershell", false, "errored", []string{`made for PowerShell`}},
		{"text", false, "finished", []string{`"_output":"root\n"`}},
		{"text", true, "errored", []string{`cannot be run in noop mode`}},
		{"failing", false, "failed", []string{`"_output":"out\n"`, `"kind":"puppetlabs.tasks/task-error"`, `"exit_code":3`, `nothing works`}},
		{"feature", false, "finished", []string{`"_output":"with the agent\n"`}},
		{"none", false, "errored", []string{`unknown task`}},
	} {
		options := object{"task": "e2e::" + test.task, "params": object{"a": "x"}, "noop": test.noop}
		s.run(t, "task", options, "steady1")["steady1"].want(t, test.state, test.texts...)
	}
	options := object{"task": "e2e::both", "params": object{"a": "y"}}
	s.run(t, "task", options, "steady1")["steady1"].want(t, "errored", `parameter \"a\" of task e2e::both must be of type Enum[x]`)
	if left, err := os.ReadDir(s.Lab.temp()); err != nil || len(left) > 0 {
		t.Errorf("directories are left: %v, %v", left, err)
	}
}

// testSensitive: a sensitive parameter reaches its task and nothing else.
func testSensitive(t *testing.T, s *server) {
	secret := rand.Text()
	job := s.begin(t, "task", object{"task": "e2e::secret", "params": object{"password": secret}}, "steady1")
	sum := sumOf(secret)
	s.ended(t, job)["steady1"].want(t, "finished", `"stdin":"`+sum+`"`, `"environment":"`+sum+`"`)
	// One that does not fit is refused without being shown.
	short := secret[:7]
	wrong := s.begin(t, "task", object{"task": "e2e::secret", "params": object{"password": short}}, "steady1")
	s.ended(t, wrong)["steady1"].want(t, "errored", `parameter \"password\" of task e2e::secret must be of type String[8]`)

	for _, path := range []string{"/jobs", "/jobs/" + job, "/jobs/" + job + "/nodes", "/jobs/" + job + "/events", "/jobs/" + job + "/report", "/jobs/" + wrong + "/nodes"} {
		if text := s.call(t, http.MethodGet, path, nil, http.StatusOK); bytes.Contains(text, []byte(short)) {
			t.Errorf("%s: %s", path, text)
		}
	}
	for _, dir := range []string{s.Data, s.log, filepath.Join(s.Lab.Dir, "commands"), s.Lab.path("steady1", "")} {
		wantWithout(t, dir, short)
	}
}

// wantWithout fails if a text is in a file, or in a file of a directory.
func wantWithout(t *testing.T, dir, text string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			t.Errorf("the secret is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func sumOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
