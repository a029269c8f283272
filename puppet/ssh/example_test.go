package ssh_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/ssh"
)

// A command is run on a node, as root, with the settings of ~/.ssh/config.
func Example() { //nolint:testableexamples // there is no such node
	settings, err := ssh.Config("/home/deploy/.ssh/config")
	if err != nil {
		log.Fatal(err)
	}
	transport, err := ssh.New(&ssh.Options{Settings: func(node string) (ssh.Host, error) {
		host, err := settings(node)
		host.Sudo = true
		return host, err
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = transport.Close() }()
	exit, err := transport.Run(context.Background(), "web1.example", puppet.Command{
		Argv: []string{"/opt/puppetlabs/bin/puppet", "agent", "--onetime", "--no-daemonize"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(exit.Status)
}
