// Package ssh is the [puppet.Transport] to nodes that run an ssh server. It speaks the protocol
// itself: one connection a node, shared by all that is done there, and no process of ours.
//
// A node needs a Linux, or another system with sh, coreutils, awk, find, ps and setsid; nothing is
// installed there. Commands run in the background there, in a session of their own and with a
// private directory in the user's home, so that they survive a connection that is cut: they are
// picked up over the next one. A stop ends the process, those that descend from it, and those in
// their groups; a daemon that has detached itself from all of these is left alone.
//
// The host keys of nodes are always checked against known_hosts files, and the keys to log in with
// come from files and from the agent. Passwords are never used.
package ssh

import (
	"context"
	"errors"
	"sync"

	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/internal/shell"
)

// ErrClosed says that the transport was closed.
var ErrClosed = errors.New("the ssh transport is closed")

// Transport runs commands on nodes over ssh. It is safe for use by many goroutines at once. At most
// 8 commands run at once on one node, and others wait: an ssh server grants 10 sessions as a rule.
type Transport struct {
	shell  shell.Transport
	opts   Options
	known  knownHosts
	dials  chan struct{} // one element for each connection that is being made
	work   sync.WaitGroup
	ctx    context.Context //nolint:containedctx // a connection is for all commands, and follows none
	cancel context.CancelFunc

	mu    sync.Mutex
	conns map[string]*conn // by node; nil once the transport is closed
}

// New returns a Transport, to be closed by the caller. opts may be nil. It returns an
// [*orchestrator.InvalidError] for an option that cannot be accepted, and an error if something
// below the home directory is asked for and there is none.
func New(opts *Options) (*Transport, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &Transport{
		opts:  o,
		known: knownHosts{files: o.KnownHosts},
		dials: make(chan struct{}, o.Dials),
		conns: map[string]*conn{},
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.shell = shell.Transport{
		Exec:      t.exec,
		Dir:       o.Dir,
		Sudo:      t.sudo,
		Grace:     o.Grace,
		Reconnect: o.Reconnect,
	}
	return t, nil
}

// Run is the method of [puppet.Transport].
func (t *Transport) Run(ctx context.Context, node string, c puppet.Command) (puppet.Exit, error) {
	return t.shell.Run(ctx, node, c)
}

// Attach is the method of [puppet.Transport].
func (t *Transport) Attach(ctx context.Context, node, id string) (puppet.Exit, error) {
	return t.shell.Attach(ctx, node, id)
}

// Put is the method of [puppet.Transport]. The file belongs to the user that logs in, with sudo too.
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

// Close closes all connections and waits until nothing of the transport is left in this process.
// Commands that are being waited for go on by themselves; the calls that wait return an error. The
// error of Close is always nil.
func (t *Transport) Close() error {
	t.mu.Lock()
	conns := t.conns
	t.conns = nil
	t.mu.Unlock()
	t.cancel()
	for _, c := range conns {
		<-c.ready
		c.close()
	}
	t.work.Wait()
	return nil
}

// sudo tells whether commands are run by sudo on a node.
func (t *Transport) sudo(node string) (bool, error) {
	h, err := t.host(node)
	return h.Sudo, err
}
