package local_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/local"
)

// A command is run on this machine. What is secret goes by the environment or stdin.
func Example() {
	dir, err := os.MkdirTemp("", "commands")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	transport, err := local.New(&local.Options{Dir: dir})
	if err != nil {
		log.Fatal(err)
	}
	exit, err := transport.Run(context.Background(), "web1.example", puppet.Command{
		Argv: []string{"sh", "-c", `echo "$PT_greeting, $1"; exit 2`, "sh", "it's me"},
		Env:  map[string]string{"PT_greeting": "hello"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("status %d: %s", exit.Status, exit.Stdout)
	// Output: status 2: hello, it's me
}
