package puppet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// params returns the parameters that a task is run with: those given, checked, and the defaults of the
// others. An error names parameters and never shows a value, which may be a secret.
func (t *task) params(given json.RawMessage) (map[string]json.RawMessage, error) {
	all := make(map[string]json.RawMessage)
	if len(given) > 0 {
		if err := json.Unmarshal(given, &all); err != nil || all == nil {
			return nil, errors.New("the parameters are no JSON object")
		}
	}
	if t.Parameters == nil {
		return all, nil
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, ok := t.Parameters[name]; !ok && !strings.HasPrefix(name, "_") {
			return nil, fmt.Errorf("task %s has no parameter %q", t.name, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Parameters)) {
		p := t.Parameters[name]
		value, ok := all[name]
		switch {
		case ok && !p.admits(value):
			return nil, fmt.Errorf("parameter %q of task %s must be of type %s", name, t.name, p.Type)
		case ok:
		case p.Default != nil:
			all[name] = p.Default
		case !p.accepts(nil):
			return nil, fmt.Errorf("parameter %q of task %s must be given: its type is %s", name, t.name, p.Type)
		}
	}
	return all, nil
}

// admits reports whether a parameter can have a value.
func (p *parameter) admits(text json.RawMessage) bool {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var value any
	return dec.Decode(&value) == nil && p.accepts(value)
}

// stdin returns parameters as the text that a task reads.
func stdin(params map[string]json.RawMessage) ([]byte, error) {
	text, err := json.Marshal(params)
	if err != nil {
		return nil, errors.New("the parameters are no JSON object")
	}
	return text, nil
}

// environment returns parameters as the variables that a task reads: strings as they are, and all else
// as JSON. An error names a parameter that no variable can hold.
func environment(params map[string]json.RawMessage) (map[string]string, error) {
	env := make(map[string]string, len(params))
	for name, text := range params {
		value := string(text)
		if len(text) > 0 && text[0] == '"' {
			if err := json.Unmarshal(text, &value); err != nil {
				return nil, fmt.Errorf("parameter %q is no JSON text", name)
			}
		}
		if !only(name, "_") || strings.ContainsRune(value, 0) {
			return nil, fmt.Errorf("parameter %q cannot be put into an environment variable", name)
		}
		env["PT_"+name] = value
	}
	return env, nil
}
