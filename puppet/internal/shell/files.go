package shell

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/seed-54b7607b/orchestrator/puppet"
)

// Put is the method of [puppet.Transport].
func (t *Transport) Put(ctx context.Context, node, path string, content []byte) error {
	_, err := t.file(ctx, node, path, request{
		verb:  "put",
		vars:  []variable{{"size", len(content)}},
		input: bytes.NewReader(content),
	})
	return err
}

// Get is the method of [puppet.Transport]. A file that the user may not read is read by sudo, if
// commands are run by it.
func (t *Transport) Get(ctx context.Context, node, path string, limit int64) (puppet.File, error) {
	if limit < 0 || limit > MaxOutput {
		return puppet.File{}, fmt.Errorf("the limit for %s is %d, which must be between 0 and %d", path, limit, MaxOutput)
	}
	get := func() (answer, error) {
		return t.file(ctx, node, path, request{
			verb:    "get",
			vars:    []variable{{"limit", limit + 1}},
			answers: int(limit) + 1,
		})
	}
	a, err := get()
	if err != nil && strings.Contains(err.Error(), "No such file or directory") {
		a, err = get() // it was removed after it had been looked at, and before it was read
	}
	switch {
	case err != nil:
		return puppet.File{}, err
	case int64(len(a.content)) > limit:
		return puppet.File{}, fmt.Errorf("%s has more than %d bytes: %w", path, limit, puppet.ErrTooLarge)
	default:
		return puppet.File{Content: a.content, Modified: a.modified}, nil
	}
}

// Remove is the method of [puppet.Transport]. What the user may not remove is removed by sudo, if
// commands are run by it.
func (t *Transport) Remove(ctx context.Context, node, path string) error {
	_, err := t.file(ctx, node, path, request{verb: "remove"})
	return err
}

// file has a node do something with a file.
func (t *Transport) file(ctx context.Context, node, name string, r request) (answer, error) {
	if !path.IsAbs(name) || path.Clean(name) == "/" || strings.ContainsRune(name, 0) {
		return answer{}, fmt.Errorf("%.200q is not the absolute path of a file", name)
	}
	sudo, err := t.sudo(node)
	if err != nil {
		return answer{}, err
	}
	r.vars = append(r.vars, variable{"path", path.Clean(name)}, variable{"sudo", sudo})
	a, err := t.ask(ctx, node, r)
	if err != nil {
		return answer{}, fmt.Errorf("%s on %s: %w", name, node, err)
	}
	if a.kind == "missing" {
		return answer{}, fmt.Errorf("%s on %s: %w", name, node, fs.ErrNotExist)
	}
	return a, nil
}
