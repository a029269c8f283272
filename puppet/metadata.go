package puppet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// metadata is what a task's JSON file says about it. The zero value is that of a task without one.
type metadata struct {
	Method      string               `json:"input_method"`
	Parameters  map[string]parameter `json:"parameters"` // nil if it says nothing about them
	Noop        bool                 `json:"supports_noop"`
	Files       []string             `json:"files"`
	Executables []implementation     `json:"implementations"`
}

// parameter is what the metadata says about a parameter.
type parameter struct {
	Type      string          `json:"type"`
	Default   json.RawMessage `json:"default"` // nil for none
	Sensitive bool            `json:"sensitive"`

	accepts matcher // of Type
}

// implementation is one of the programs that a task is.
type implementation struct {
	Name         string   `json:"name"` // of a file in the module's directory tasks
	Requirements []string `json:"requirements"`
	Files        []string `json:"files"`
	Method       string   `json:"input_method"` // "" for that of the task
}

// parseMetadata reads the metadata of a task, and checks it.
func parseMetadata(text []byte) (metadata, error) {
	var m metadata
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&m); err != nil {
		return metadata{}, fmt.Errorf("it is not the JSON text of the metadata of a task: %w", err)
	}
	for name, p := range m.Parameters {
		var err error
		if p.accepts, err = parseType(p.Type); err != nil {
			return metadata{}, fmt.Errorf("the type of parameter %s: %w", name, err)
		}
		m.Parameters[name] = p
	}
	if err := validMethod(m.Method); err != nil {
		return metadata{}, err
	}
	files := m.Files
	for _, impl := range m.Executables {
		if impl.Name == "" || impl.Name != path.Base(impl.Name) {
			return metadata{}, fmt.Errorf("an implementation is named %q, which is not the name of a file", impl.Name)
		}
		if err := validMethod(impl.Method); err != nil {
			return metadata{}, err
		}
		files = append(slices.Clip(files), impl.Files...)
	}
	for _, file := range files {
		if _, _, err := splitFile(file); err != nil {
			return metadata{}, err
		}
	}
	return m, nil
}

func validMethod(method string) error {
	switch method {
	case "", "stdin", "environment", "both", "powershell":
		return nil
	default:
		return fmt.Errorf("the input_method %q is not known", method)
	}
}

// splitFile splits what a task needs besides itself, as in "mod/files/tool.sh" or "mod/lib/": the
// module, and where in it.
func splitFile(file string) (module, inside string, err error) {
	module, inside, _ = strings.Cut(file, "/")
	if place := strings.TrimSuffix(inside, "/"); !isModule(module) || !fs.ValidPath(place) || place == "." {
		return "", "", fmt.Errorf("the file %q is not MODULE/PATH", file)
	}
	return module, inside, nil
}

// isModule reports whether name can be that of a module.
func isModule(name string) bool {
	return name != "" && 'a' <= name[0] && name[0] <= 'z' && strings.ToLower(name) == name && only(name, "_")
}

// choose returns the first implementation that can be run where there are certain features.
func (m *metadata) choose(features map[string]bool) (implementation, error) {
	for _, impl := range m.Executables {
		fits := true
		for _, feature := range impl.Requirements {
			fits = fits && features[feature]
		}
		if fits {
			return impl, nil
		}
	}
	return implementation{}, errors.New("none of its implementations can be run on this node")
}

// requires reports whether any implementation needs a feature.
func (m *metadata) requires(feature string) bool {
	for _, impl := range m.Executables {
		if slices.Contains(impl.Requirements, feature) {
			return true
		}
	}
	return false
}
