package orchestrator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// The limits of what a request may hold beside its nodes.
const (
	maxEnvironment = 255
	maxDescription = 10_000
	maxUserdata    = 64 << 10
	maxSetting     = 1000
	maxSeconds     = 366 * 24 * 3600
)

func (s *JobSpec) validate() error {
	if !validEnvironment(s.Environment) {
		return &InvalidError{Field: "environment", Value: s.Environment, Reason: "must consist of letters, digits and _"}
	}
	if s.Environment == "" && s.Agent.EnforceEnvironment {
		return &InvalidError{Field: "environment", Value: "", Reason: "must not be empty while enforce_environment is true"}
	}
	if s.Noop && s.Agent.NoNoop {
		return &InvalidError{Field: "no_noop", Value: true, Reason: "must not be true together with noop"}
	}
	if s.Concurrency < 0 {
		return &InvalidError{Field: "concurrency", Value: s.Concurrency, Reason: "must not be negative"}
	}
	if s.Timeout < 0 || s.Timeout > maxSeconds*time.Second {
		return &InvalidError{Field: "timeout", Value: s.Timeout, Reason: fmt.Sprintf("must be between 0 and %d seconds", maxSeconds)}
	}
	if s.Userdata != nil && isObject(s.Userdata) && !portable(s.Userdata) {
		return &InvalidError{Field: "userdata", Value: string(s.Userdata), Reason: fmt.Sprintf("must not be nested more than %d levels, and have no number too great for a float", maxDepth)}
	}
	if s.Userdata != nil && !isObject(s.Userdata) {
		return &InvalidError{Field: "userdata", Value: string(s.Userdata), Reason: "must be a JSON object"}
	}
	if err := s.Scope.validate(); err != nil {
		return err
	}
	for _, text := range []struct {
		field, value string
		limit        int
	}{
		{"environment", s.Environment, maxEnvironment},
		{"description", s.Description, maxDescription},
		{"userdata", string(s.Userdata), maxUserdata},
		{"ordering", s.Agent.Ordering, maxSetting},
		{"tags", s.Agent.Tags, maxSetting},
		{"skip_tags", s.Agent.SkipTags, maxSetting},
	} {
		if len(text.value) > text.limit {
			return &InvalidError{Field: text.field, Value: text.value, Reason: fmt.Sprintf("must not be longer than %d bytes", text.limit)}
		}
	}
	for _, seconds := range []struct {
		field string
		value *int
	}{
		{"filetimeout", s.Agent.FileTimeout},
		{"http_connect_timeout", s.Agent.HTTPConnectTimeout},
		{"http_keepalive_timeout", s.Agent.HTTPKeepaliveTimeout},
		{"http_read_timeout", s.Agent.HTTPReadTimeout},
	} {
		if seconds.value != nil && (*seconds.value < 0 || *seconds.value > maxSeconds) {
			return &InvalidError{Field: seconds.field, Value: *seconds.value, Reason: fmt.Sprintf("must be between 0 and %d seconds", maxSeconds)}
		}
	}
	return nil
}

const maxQuery = 64 << 10

// validate checks that the scope says in one way only which nodes it holds. A scope that holds none
// is a matter of its own.
func (s *Scope) validate() error {
	ways := 0
	for _, given := range []bool{len(s.Nodes) > 0, s.Query != nil, s.NodeGroup != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return &InvalidError{Field: "scope", Reason: "must have only one of nodes, query and node_group"}
	case s.Query != nil && !isArray(s.Query) && !isString(s.Query):
		return &InvalidError{Field: "scope.query", Value: string(s.Query), Reason: "must be a string or an array"}
	case s.Query != nil && !portable(s.Query):
		return &InvalidError{Field: "scope.query", Value: string(s.Query), Reason: "must not be nested so deep, nor hold a number so great, that some clients could not read it"}
	case len(s.Query) > maxQuery:
		return &InvalidError{Field: "scope.query", Value: string(s.Query), Reason: fmt.Sprintf("must not be longer than %d bytes", maxQuery)}
	case len(s.NodeGroup) > maxSetting:
		return &InvalidError{Field: "scope.node_group", Value: s.NodeGroup, Reason: fmt.Sprintf("must not be longer than %d bytes", maxSetting)}
	}
	return nil
}

// isString reports whether text is the JSON text of a string.
func isString(text []byte) bool {
	var s string
	return len(text) > 0 && text[0] == '"' && json.Unmarshal(text, &s) == nil
}

func validEnvironment(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		default:
			return false
		}
	}
	return true
}

// isArray reports whether text is the JSON text of an array.
func isArray(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && text[0] == '[' && json.Valid(text)
}

// isObject reports whether text is the JSON text of an object.
func isObject(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && text[0] == '{' && json.Valid(text)
}
