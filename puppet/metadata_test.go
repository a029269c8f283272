package puppet

import (
	"io/fs"
	"strings"
	"testing"
)

func FuzzParseMetadata(f *testing.F) {
	f.Add(`{"input_method": "stdin", "parameters": {"a": {"type": "Integer[1]", "default": 3, "sensitive": true}}, "files": ["m/lib/", "o/files/x"]}`, `{"a": 1}`)
	f.Add(`{"implementations": [{"name": "a.sh", "requirements": ["shell"], "files": ["m/lib/x"]}], "supports_noop": true}`, `{}`)
	f.Add(`{"parameters": null, "files": ["m/../x"]}`, `[]`)
	f.Fuzz(func(t *testing.T, text, given string) {
		m, err := parseMetadata([]byte(text))
		if err != nil {
			return
		}
		for _, file := range m.Files {
			if module, inside, err := splitFile(file); err != nil || !isModule(module) || !fs.ValidPath(strings.TrimSuffix(inside, "/")) {
				t.Errorf("%q: %q, %q, %v", file, module, inside, err)
			}
		}
		task := &task{metadata: m, name: "m"}
		params, err := task.params([]byte(given))
		if err != nil {
			return
		}
		if _, err := stdin(params); err != nil {
			t.Errorf("%q: %v", params, err)
		}
		for name, p := range m.Parameters {
			if value, ok := params[name]; ok && p.Default == nil && !p.admits(value) {
				t.Errorf("%s is %s", name, value)
			}
		}
	})
}
