package httpapi

import (
	"encoding/json"
	"fmt"
	"slices"
)

// targetKeys are what an element of a task's targets may say, as documented since 2019, with what
// its value must be.
var targetKeys = []struct {
	name, what string
	valid      func(text []byte) bool
}{
	{"hostnames", "an array of host names, with one at least", isHostnames},
	{"transport", `"ssh" or "winrm"`, isTransport},
	{"port", "an integer from 1 to 65535", isPort},
	{"user", "a string", is[string]},
	{"password", "a string", is[string]},
	{"private-key-content", "a string", is[string]},
	{"run-as", "a string", is[string]},
	{"sudo-password", "a string", is[string]},
	{"run-as-command", "a string or an array of strings", isCommand},
	{"connect-timeout", "an integer, 0 or greater", isCount},
	{"tty", "a boolean", is[bool]},
	{"tmpdir", "a string", is[string]},
	{"extensions", "an array of strings", is[[]string]},
}

// targets returns the text of a task's targets, which say how nodes are reached that have no agent.
// They are checked, and passed on to the runner as they are. They hold passwords: an error says
// which value is wrong, and does not show it.
func (r *reader) targets() json.RawMessage {
	if r.err != nil || !r.has("targets") {
		return nil
	}
	text := r.members["targets"]
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		r.err = invalid("targets", nil, "must be an array")
		return nil
	}
	if len(list) == 0 {
		return nil
	}
	for i, target := range list {
		if r.err = checkTarget(fmt.Sprintf("targets[%d]", i), target); r.err != nil {
			return nil
		}
	}
	return text
}

func checkTarget(path string, text []byte) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil || members == nil {
		return invalid(path, nil, "must be an object")
	}
	target := object{members: members}
	for _, key := range targetKeys {
		if target.has(key.name) && !key.valid(members[key.name]) {
			return invalid(path+"."+key.name, nil, "must be "+key.what)
		}
	}
	if !target.has("hostnames") {
		return invalid(path+".hostnames", nil, "must be given")
	}
	return nil
}

// is reports whether a text is that of a T.
func is[T any](text []byte) bool { return json.Unmarshal(text, new(T)) == nil }

func isHostnames(text []byte) bool {
	var names []string
	return json.Unmarshal(text, &names) == nil && len(names) > 0 && !slices.Contains(names, "")
}

func isTransport(text []byte) bool {
	return string(text) == `"ssh"` || string(text) == `"winrm"`
}

func isPort(text []byte) bool {
	var n int
	return json.Unmarshal(text, &n) == nil && 1 <= n && n <= 65535
}

func isCount(text []byte) bool {
	var n int
	return json.Unmarshal(text, &n) == nil && n >= 0
}

func isCommand(text []byte) bool { return is[string](text) || is[[]string](text) }
