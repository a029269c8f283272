package inventory_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/inventory"
)

// written writes an inventory, and returns its path.
func written(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inventory.yaml")
	write(t, path, text)
	return path
}

func write(t testing.TB, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// aged makes a file look like one that was not changed for a while.
func aged(t testing.TB, path string, age time.Duration) {
	t.Helper()
	then := time.Now().Add(-age)
	require.NoError(t, os.Chtimes(path, then, then))
}

func open(t testing.TB, path string, opts *inventory.Options) *inventory.File {
	t.Helper()
	if opts == nil {
		opts = &inventory.Options{}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	f, err := inventory.Open(path, opts)
	require.NoError(t, err)
	return f
}

func has(f *inventory.File, name string) bool {
	_, ok := f.Node(name)
	return ok
}

func TestPathsStartFromTheFile(t *testing.T) {
	path := written(t, "known_hosts: ~/hosts\nnodes: [{name: a, identity_file: keys/a}]\n")
	t.Setenv("HOME", "/home/casey")
	f := open(t, path, nil)
	n, ok := f.Node("a")
	require.True(t, ok)
	assert.Equal(t, filepath.Join(filepath.Dir(path), "keys/a"), n.IdentityFile)
	assert.Equal(t, "/home/casey/hosts", f.KnownHosts())
}

func TestFilesThatAreRefused(t *testing.T) {
	open := func(path string) string {
		_, err := inventory.Open(path, nil)
		require.Error(t, err)
		return err.Error()
	}
	dir := t.TempDir()
	_, err := inventory.Open(filepath.Join(dir, "none"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.Equal(t, dir+": is not a regular file", open(dir))
	path := written(t, "nodes:\n  - a b\n")
	assert.Contains(t, open(path), path+": line 2: node: name: must consist of")
	require.NoError(t, os.Chmod(path, 0o666))
	assert.Equal(t, path+": may be written by everybody: its mode is 0666 (chmod o-w)", open(path))
	big := written(t, "#"+strings.Repeat(" ", 16<<20))
	assert.Equal(t, big+": is larger than 16777216 bytes", open(big))
}

func TestGroupsAreResolved(t *testing.T) {
	f := open(t, written(t, "groups: [{name: web, id: '17'}, none]\nnodes: [{name: b, groups: [web]}, a, {name: c, groups: [web]}]\n"), nil)
	for group, want := range map[string][]string{
		"web": {"b", "c"}, "17": {"b", "c"}, "all": {"b", "a", "c"}, "00000000-0000-4000-8000-000000000000": {"b", "a", "c"}, "none": nil,
	} {
		got, err := f.Resolve(t.Context(), "production", orchestrator.Scope{NodeGroup: group})
		require.NoError(t, err)
		assert.Equal(t, want, got)
		if len(got) > 0 {
			got[0] = "x"
		}
	}
	_, err := f.Resolve(t.Context(), "production", orchestrator.Scope{NodeGroup: "WEB"})
	invalid, ok := errors.AsType[*orchestrator.InvalidError](err)
	require.True(t, ok, err)
	assert.Equal(t, orchestrator.InvalidError{Field: "scope.node_group", Value: "WEB", Reason: "must be the name or the id of a group in the inventory"}, *invalid)
	_, err = f.Resolve(t.Context(), "production", orchestrator.Scope{Query: []byte(`"nodes{}"`)})
	require.ErrorIs(t, err, orchestrator.ErrUnresolved)
	got, err := f.Resolve(t.Context(), "", orchestrator.Scope{NodeGroup: "all"})
	require.NoError(t, err)
	assert.Equal(t, []string{"b", "a", "c"}, got, "what a caller did to an answer is in the next one")
}

func TestAFileThatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		path := written(t, "nodes: [a]\n")
		aged(t, path, time.Minute)
		f := open(t, path, &inventory.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		later := func() { <-time.After(time.Second) }

		write(t, path, "nodes: [a, b]\n")
		assert.False(t, has(f, "b"), "looked at before its time")
		later()
		assert.True(t, has(f, "b"))
		assert.Equal(t, 1, strings.Count(log.String(), "inventory read again"))
		assert.Contains(t, log.String(), "nodes=2")

		log.Reset()
		write(t, path, "nodes: [a, b, b]\n")
		for range 3 {
			later()
			assert.True(t, has(f, "b"), "a mistake took the nodes away")
		}
		assert.Equal(t, 1, strings.Count(log.String(), "level=ERROR"), log.String())
		assert.Contains(t, log.String(), `line 1: node: name: is on line 1 already (given: \"b\")`)

		log.Reset()
		require.NoError(t, os.Remove(path))
		later()
		assert.True(t, has(f, "b"))
		assert.Contains(t, log.String(), "no such file")

		log.Reset()
		write(t, path, "nodes: [a, b]\n")
		later()
		assert.True(t, has(f, "b"))
		assert.Contains(t, log.String(), "inventory read again", "nobody learns that all is well again")

		log.Reset()
		other := filepath.Join(filepath.Dir(path), "other")
		write(t, other, "nodes: [c]\n")
		require.NoError(t, os.Rename(other, path))
		later()
		assert.False(t, has(f, "a"))
		assert.True(t, has(f, "c"))

		log.Reset()
		for range 5 {
			later()
			has(f, "c")
		}
		assert.Empty(t, log.String(), "a file that did not change was told of")
	})
}

// TestChangesThatTimesDoNotShow changes a file and leaves it the size and the time that it had.
func TestChangesThatTimesDoNotShow(t *testing.T) {
	path := written(t, "nodes: [a]\n")
	info, err := os.Stat(path)
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		require.True(t, time.Now().Before(info.ModTime()), "the file is new by any clock here")
		f := open(t, path, nil)
		write(t, path, "nodes: [b]\n")
		require.NoError(t, os.Chtimes(path, info.ModTime(), info.ModTime()))
		<-time.After(time.Second)
		assert.True(t, has(f, "b"))
	})
}

// TestAnotherFileInItsPlace puts a file back that was read before, and changes it without another size.
func TestAnotherFileInItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := written(t, "nodes: [a]\n")
		aged(t, path, time.Hour)
		f := open(t, path, nil)
		require.NoError(t, os.Rename(path, path+".old"))
		write(t, path, "nodes: [b]\n")
		<-time.After(time.Second)
		require.True(t, has(f, "b"))
		require.NoError(t, os.Rename(path+".old", path))
		<-time.After(time.Second)
		require.True(t, has(f, "a"))

		write(t, path, "nodes: [c]\n")
		aged(t, path, time.Minute)
		<-time.After(time.Second)
		assert.True(t, has(f, "c"))
	})
}
