package clienttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// value is a JSON value that a client reads. Each way to read it fails the test if the value is of
// another type, null included.
type value struct {
	t    *testing.T
	s    *server
	path string
	v    any
}

// field returns a member of an object, which must be there.
func (v value) field(keys ...string) value {
	v.t.Helper()
	for _, key := range keys {
		members := v.members()
		require.Contains(v.t, members, key, v.path)
		v.v = members[key]
		v.path += "." + key
	}
	return v
}

// has reports whether an object has a member.
func (v value) has(key string) bool {
	v.t.Helper()
	_, has := v.members()[key]
	return has
}

// keys returns the names of an object's members, sorted.
func (v value) keys() []string {
	v.t.Helper()
	return slices.Sorted(maps.Keys(v.members()))
}

func (v value) members() map[string]any {
	v.t.Helper()
	members, ok := v.v.(map[string]any)
	require.True(v.t, ok, "%s is no object: %v", v.path, v.v)
	return members
}

// items returns the elements of an array.
func (v value) items() []value {
	v.t.Helper()
	list, ok := v.v.([]any)
	require.True(v.t, ok, "%s is no array: %v", v.path, v.v)
	items := make([]value, len(list))
	for i := range list {
		items[i] = value{t: v.t, s: v.s, path: v.path + "[" + strconv.Itoa(i) + "]", v: list[i]}
	}
	return items
}

// text returns a string.
func (v value) text() string {
	v.t.Helper()
	text, ok := v.v.(string)
	require.True(v.t, ok, "%s is no string: %v", v.path, v.v)
	return text
}

// number returns a number.
func (v value) number() float64 {
	v.t.Helper()
	n, ok := v.v.(json.Number)
	require.True(v.t, ok, "%s is no number: %v", v.path, v.v)
	f, err := n.Float64()
	require.NoError(v.t, err, v.path)
	return f
}

// whole returns a number that must be written as an integer.
func (v value) whole() int {
	v.t.Helper()
	n, ok := v.v.(json.Number)
	require.True(v.t, ok, "%s is no number: %v", v.path, v.v)
	i, err := strconv.Atoi(n.String())
	require.NoError(v.t, err, "%s is no integer", v.path)
	return i
}

// flag returns a boolean.
func (v value) flag() bool {
	v.t.Helper()
	b, ok := v.v.(bool)
	require.True(v.t, ok, "%s is no boolean: %v", v.path, v.v)
	return b
}

func (v value) null() bool { return v.v == nil }

// digits returns a number that must be written as a string of digits.
func (v value) digits() int {
	v.t.Helper()
	text := v.text()
	require.Regexp(v.t, `^[0-9]+$`, text, v.path)
	n, err := strconv.Atoi(text)
	require.NoError(v.t, err, v.path)
	return n
}

var (
	secondPattern = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
	milliPattern  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
)

// time returns a time, which must be in UTC and have seconds, but no fractions.
func (v value) time() time.Time {
	v.t.Helper()
	return v.timeLike(secondPattern)
}

// milliTime returns a time, which must be in UTC and have milliseconds.
func (v value) milliTime() time.Time {
	v.t.Helper()
	return v.timeLike(milliPattern)
}

func (v value) timeLike(pattern *regexp.Regexp) time.Time {
	v.t.Helper()
	text := v.text()
	require.Regexp(v.t, pattern, text, v.path)
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(v.t, err, v.path)
	return at
}

// link returns an absolute URL, which must lead back to the server that the client has called.
func (v value) link() string {
	v.t.Helper()
	text := v.text()
	u, err := url.Parse(text)
	require.NoError(v.t, err, v.path)
	require.Equal(v.t, v.s.url, u.Scheme+"://"+u.Host, v.path)
	require.True(v.t, strings.HasPrefix(u.Path, "/orchestrator/v1"), "%s: %s", v.path, text)
	return text
}

// parse reads the one JSON value that a text must be. No object in it may have a key twice: which
// of them counts is another one for each client.
func parse(t *testing.T, name string, text []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	v, err := parseNext(dec)
	require.NoError(t, err, "%s: %s", name, text)
	_, err = dec.Token()
	require.ErrorIs(t, err, io.EOF, "%s: something follows the JSON value", name)
	return v
}

func parseNext(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return parseObject(dec)
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			v, err := parseNext(dec)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := dec.Token()
		return list, err
	default:
		return token, nil
	}
}

func parseObject(dec *json.Decoder) (any, error) {
	members := make(map[string]any)
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name := key.(string)
		if _, twice := members[name]; twice {
			return nil, errors.New("the key " + strconv.Quote(name) + " is there twice")
		}
		if members[name], err = parseNext(dec); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return members, err
}
