// Package shell is what the transports have in common: it runs commands on nodes through a POSIX
// shell there, so that they outlive whatever has begun them.
//
// A node needs sh, the programs of coreutils, awk, find, ps, and setsid (of util-linux or BusyBox).
package shell

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/seed-54b7607b/orchestrator/puppet"
)

// ErrCut says that the connection to a node was cut while a program ran there. It may have begun or
// not, and may have ended or not.
var ErrCut = errors.New("the connection was cut")

// Call is a program that is run on a node.
type Call struct {
	Argv   []string // holds no secrets
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Long   bool // it takes as long as a command does; all others are over soon
}

// Exec runs a program on a node until it has ended with status 0. Every other end is an error; one
// that matches [ErrCut] if it is not known what became of the program. When ctx is cancelled Exec
// returns at once, with an error.
type Exec func(ctx context.Context, node string, c Call) error

// Transport is a [puppet.Transport] over an [Exec]. All fields but Sudo are required.
type Transport struct {
	Exec Exec

	// Dir is where the directories of commands are: an absolute path, or one below the home
	// directory there.
	Dir string

	// Sudo tells whether commands are run by sudo on a node.
	Sudo func(node string) (bool, error)

	// Grace is how long a command has to end after it was asked to.
	Grace time.Duration

	// Reconnect is how long a node may be out of reach while a command runs on it.
	Reconnect time.Duration
}

// Run is the method of [puppet.Transport].
func (t *Transport) Run(ctx context.Context, node string, c puppet.Command) (puppet.Exit, error) {
	if err := checkCommand(&c); err != nil {
		return puppet.Exit{}, err
	}
	sudo, err := t.sudo(node)
	if err != nil {
		return puppet.Exit{}, err
	}
	w := &watch{t: t, node: node, id: c.ID, kept: c.ID != "", limit: c.MaxOutput, sudo: sudo}
	if !w.kept {
		w.id = anonymous()
	}
	exit, err := w.follow(ctx, func(ctx context.Context) (answer, error) { return w.begin(ctx, c) })
	if err != nil || sudo == "" {
		return exit, err
	}
	return judgeSudo(node, c.Argv[0], exit)
}

// Attach is the method of [puppet.Transport].
func (t *Transport) Attach(ctx context.Context, node, id string) (puppet.Exit, error) {
	if err := checkID(id); err != nil {
		return puppet.Exit{}, err
	}
	sudo, err := t.sudo(node)
	if err != nil {
		return puppet.Exit{}, err
	}
	w := &watch{t: t, node: node, id: id, kept: true, begun: true, limit: MaxOutput, sudo: sudo}
	exit, err := w.follow(ctx, w.pickUp)
	if err != nil || sudo == "" {
		return exit, err
	}
	return judgeSudo(node, "the command", exit)
}

// sudo returns what is put in front of what another user is to do on a node.
func (t *Transport) sudo(node string) (string, error) {
	if t.Sudo == nil {
		return "", nil
	}
	is, err := t.Sudo(node)
	if err != nil || !is {
		return "", err
	}
	return "sudo -n", nil
}

// ask has a node do one of the things that node.sh can do.
func (t *Transport) ask(ctx context.Context, node string, r request) (answer, error) {
	out := &buffer{limit: r.answers + maxNoise}
	said := &buffer{limit: maxNoise}
	err := t.Exec(ctx, node, Call{Argv: r.argv(), Stdin: r.stdin(), Stdout: out, Stderr: said, Long: r.long})
	if err != nil && (errors.Is(err, ErrCut) || len(said.kept) == 0) {
		return answer{}, err
	}
	if err != nil {
		return answer{}, errors.New(oneLine(said.kept))
	}
	return parseAnswer(out.kept, said.kept)
}
