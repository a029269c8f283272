//go:build unix

package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/inventory"
	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/local"
	"github.com/seed-54b7607b/orchestrator/puppet/ssh"
	"github.com/seed-54b7607b/orchestrator/puppetdb"
)

// fleet is what the command line says about the nodes: who knows them, and how Puppet is run on them.
type fleet struct {
	inventory          string
	transport          string
	puppet, modulePath string
	puppetDB           string
	certificates       puppetdb.Options
}

func (f *fleet) flags(flags *flag.FlagSet) {
	flags.StringVar(&f.inventory, "inventory", "", "`file` of the nodes that may be run, with their groups and how they are reached; read again when it changes")
	flags.StringVar(&f.transport, "transport", "", "`how` to run Puppet, and tasks of Puppet modules, on the nodes of -inventory: by ssh, or local, if the node is this machine")
	flags.StringVar(&f.puppet, "puppet", "", "`path` of Puppet on the nodes (default /opt/puppetlabs/bin/puppet where there is one, and else puppet in the PATH)")
	flags.StringVar(&f.modulePath, "modulepath", "", "`directories` of this machine with the modules that have the tasks, separated by colons (default: tasks are errored)")
	flags.StringVar(&f.puppetDB, "puppetdb", "", "`URL` of the PuppetDB to ask for the nodes of a query, as in https://puppetdb.example.com:8081")
	flags.StringVar(&f.certificates.CA, "puppetdb-ca", "", "`file` of the authorities that PuppetDB's certificate has to come from (default: those that the system trusts)")
	flags.StringVar(&f.certificates.Cert, "puppetdb-cert", "", "`file` of the certificate to show to PuppetDB")
	flags.StringVar(&f.certificates.Key, "puppetdb-key", "", "`file` of its key")
}

// check returns what is wrong with the flags, of the demo or of a server.
func (f *fleet) check(demo bool) error {
	switch certs := f.certificates; {
	case demo && *f != (fleet{}):
		return errors.New("-demo has nodes of its own: leave out -inventory, -transport, -puppet, -modulepath and -puppetdb")
	case f.transport != "" && f.transport != "local" && f.transport != "ssh":
		return fmt.Errorf("-transport %q: must be local or ssh", f.transport)
	case f.transport != "" && f.inventory == "":
		return errors.New("-transport needs -inventory: the file of the nodes that may be run")
	case f.transport == "" && (f.puppet != "" || f.modulePath != ""):
		return errors.New("-puppet and -modulepath need -transport local or ssh")
	case f.puppetDB == "" && (certs.CA != "" || certs.Cert != "" || certs.Key != ""):
		return errors.New("-puppetdb-ca, -puppetdb-cert and -puppetdb-key need -puppetdb")
	case (certs.Cert == "") != (certs.Key == ""):
		return errors.New("-puppetdb-cert and -puppetdb-key must be given together")
	}
	return nil
}

// open returns what runs the nodes of the fleet, by Puppet or else by commands, and what leaves them when
// that is over. It completes the options.
func (f *fleet) open(commands orchestrator.Runner, opts *orchestrator.Options, store, data string) (runner orchestrator.Runner, leave func(), err error) {
	var all orchestrator.Resolvers
	runner, leave = commands, func() {}
	if f.puppetDB != "" {
		certs := f.certificates
		certs.Logger = opts.Logger
		db, err := puppetdb.New(f.puppetDB, &certs)
		if err != nil {
			return nil, nil, fmt.Errorf("-puppetdb: %w", err)
		}
		all.Query, leave = db, db.Close
	}
	if f.inventory == "" {
		opts.Resolver = all
		return runner, leave, nil
	}
	looked := &inventory.Options{Logger: opts.Logger}
	if f.transport == "ssh" {
		looked.Reach = inventory.Dial
	}
	nodes, err := inventory.Open(f.inventory, looked)
	if err != nil {
		return nil, nil, fmt.Errorf("-inventory: %w", err)
	}
	runner = listed{Runner: commands, File: nodes}
	if f.transport != "" {
		agents, hangUp, err := f.agents(nodes, opts, store, data)
		if err != nil {
			return nil, nil, err
		}
		before := leave
		runner, leave = lasting{listed{Runner: agents, File: nodes}, agents}, func() { hangUp(); before() }
	}
	all.NodeGroup = nodes
	opts.Resolver = all
	return runner, leave, nil
}

// agents returns what runs Puppet on nodes, and what hangs up. The parameters of tasks that are
// sensitive by their metadata join those of the options.
func (f *fleet) agents(nodes *inventory.File, opts *orchestrator.Options, store, data string) (*puppet.Runner, func(), error) {
	modules := filepath.SplitList(f.modulePath)
	for _, dir := range modules {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, nil, fmt.Errorf("-modulepath: %w", cmp.Or(err, fmt.Errorf("%s: is not a directory", dir)))
		}
	}
	instance, err := instanceOf(store, data)
	if err != nil {
		return nil, nil, fmt.Errorf("-data: %w", err)
	}
	transport, hangUp, err := f.connect(nodes)
	if err != nil {
		return nil, nil, fmt.Errorf("-transport: %w", err)
	}
	runner, err := puppet.NewRunner(transport, &puppet.Options{Puppet: f.puppet, ModulePath: modules, Instance: instance, Logger: opts.Logger})
	if err != nil {
		hangUp()
		return nil, nil, err
	}
	named := opts.SensitiveParams
	opts.SensitiveParams = func(task string) []string { return slices.Concat(named(task), runner.SensitiveParams(task)) }
	return runner, hangUp, nil
}

// connect returns the transport to the nodes of an inventory, and what closes it.
func (f *fleet) connect(nodes *inventory.File) (puppet.Transport, func(), error) { //nolint:ireturn // the flag decides which it is
	if f.transport == "local" {
		transport, err := local.New(nil)
		return transport, func() {}, err
	}
	var known []string
	if file := nodes.KnownHosts(); file != "" {
		known = []string{file}
	}
	home, _ := os.UserHomeDir()
	configured, err := ssh.Config(filepath.Join(home, ".ssh", "config"))
	if err != nil {
		return nil, nil, err
	}
	transport, err := ssh.New(&ssh.Options{KnownHosts: known, Settings: func(node string) (ssh.Host, error) {
		n, ok := nodes.Node(node)
		if !ok {
			return ssh.Host{}, errNotListed
		}
		host, err := configured(node)
		return hostOf(&n, host), err
	}})
	if err != nil {
		return nil, nil, err
	}
	return transport, func() { _ = transport.Close() }, nil
}

// hostOf returns how a node is reached: what the inventory says comes before what ssh's configuration does.
func hostOf(n *inventory.Node, configured ssh.Host) ssh.Host {
	host := configured
	if n.Address != n.Name || host.Address == "" {
		host.Address = n.Address
	}
	host.Port, host.User = cmp.Or(n.Port, host.Port), cmp.Or(n.User, host.User)
	host.KeyAlias, host.Sudo = cmp.Or(n.HostKeyAlias, host.KeyAlias), n.Sudo
	if n.IdentityFile != "" {
		host.Keys = []string{n.IdentityFile}
	}
	return host
}

var errNotListed = errors.New("the node is not in the inventory of this server")

// listed runs the nodes of an inventory and no others, and says which of them can be reached.
type listed struct {
	orchestrator.Runner
	*inventory.File
}

// Run runs a node of the inventory.
func (l listed) Run(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	if _, ok := l.Node(req.Node); !ok {
		return orchestrator.RunResult{}, errNotListed
	}
	return l.Runner.Run(ctx, req)
}

// lasting is for runs that go on when this program does not, which those of commands do not.
type lasting struct {
	listed
	orchestrator.Reattacher
}

// instanceOf returns what tells the runs of a store from those of others on the same nodes: a name that
// is kept beside what is stored, so that a server that is started again knows its own.
func instanceOf(store, dir string) (string, error) {
	name := rand.Text()
	if store == "memory" {
		return name, nil
	}
	file := filepath.Join(dir, "instance")
	text, err := os.ReadFile(file)
	if kept := strings.TrimSpace(string(text)); kept != "" || err != nil && !errors.Is(err, os.ErrNotExist) {
		return kept, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	if err := os.WriteFile(file+".new", []byte(name+"\n"), 0o600); err != nil {
		return "", err
	}
	return name, os.Rename(file+".new", file)
}
