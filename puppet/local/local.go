// Package local is the [puppet.Transport] to the machine that the orchestrator runs on: every node
// is this machine. It needs a Unix with sh, the programs of coreutils, awk, find, ps, and setsid.
//
// Commands with an ID do not need this process: they go on when it ends, unless what runs it ends
// all that it has started, as systemd does with KillMode=control-group, its default. They are ended
// as a whole: the process, those that descend from it, and those in their groups. A daemon that has
// detached itself from all of these is left alone.
package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/internal/shell"
)

// Options say how a [Transport] works. The zero value is ready to use.
type Options struct {
	// Dir is where the state and the output of commands are kept, readable by this user only.
	// A later process that is to pick up commands needs the same one.
	// Defaults to .local/state/orchestrator/commands in the user's home directory.
	Dir string

	// Grace is how long a command has to end after SIGTERM, before SIGKILL. It is counted in
	// whole seconds. Defaults to 4 seconds, which leaves the rest of Options.RunGrace for what
	// follows.
	Grace time.Duration
}

// Transport runs commands on this machine, as the user that this process has. It is safe for use by
// many goroutines at once, and holds nothing that has to be closed.
type Transport struct {
	shell shell.Transport
}

// New returns a Transport. opts may be nil. It returns an [*orchestrator.InvalidError] for an option
// that cannot be accepted, and an error if there is no home directory and no Options.Dir.
func New(opts *Options) (*Transport, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("Options.Dir is needed: %w", err)
		}
		o.Dir = filepath.Join(home, ".local", "state", "orchestrator", "commands")
	}
	if !filepath.IsAbs(o.Dir) {
		return nil, &orchestrator.InvalidError{Field: "Options.Dir", Value: o.Dir, Reason: "must be an absolute path"}
	}
	if o.Grace == 0 {
		o.Grace = 4 * time.Second
	}
	if o.Grace < time.Second {
		return nil, &orchestrator.InvalidError{Field: "Options.Grace", Value: o.Grace, Reason: "must be at least a second"}
	}
	return &Transport{shell: shell.Transport{Exec: run, Dir: o.Dir, Grace: o.Grace}}, nil
}

// Run is the method of [puppet.Transport].
func (t *Transport) Run(ctx context.Context, node string, c puppet.Command) (puppet.Exit, error) {
	return t.shell.Run(ctx, node, c)
}

// Attach is the method of [puppet.Transport].
func (t *Transport) Attach(ctx context.Context, node, id string) (puppet.Exit, error) {
	return t.shell.Attach(ctx, node, id)
}

// Put is the method of [puppet.Transport].
func (t *Transport) Put(ctx context.Context, node, path string, content []byte) error {
	return t.shell.Put(ctx, node, path, content)
}

// Get is the method of [puppet.Transport].
func (t *Transport) Get(ctx context.Context, node, path string, limit int64) (puppet.File, error) {
	return t.shell.Get(ctx, node, path, limit)
}

// Remove is the method of [puppet.Transport].
func (t *Transport) Remove(ctx context.Context, node, path string) error {
	return t.shell.Remove(ctx, node, path)
}
