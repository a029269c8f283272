//go:build unix

package puppet_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/local"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// writeModule writes a module with one task, which greets.
func writeModule(dir string) {
	for name, text := range map[string]string{
		"greet/tasks/init.json": `{"parameters": {"whom": {"type": "String[1]"}, "password": {"type": "Optional[String]", "sensitive": true}}}`,
		"greet/tasks/init.sh":   "#!/bin/sh\necho \"{\\\"said\\\": \\\"hello $PT_whom\\\"}\"\n",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			panic(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			panic(err)
		}
	}
}

func ExampleNewRunner() {
	dir, err := os.MkdirTemp("", "modules")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	writeModule(dir)

	transport, err := local.New(&local.Options{Dir: filepath.Join(dir, "commands")})
	if err != nil {
		panic(err)
	}
	runner, err := puppet.NewRunner(transport, &puppet.Options{ModulePath: []string{dir}, TempDir: dir})
	if err != nil {
		panic(err)
	}
	o, err := orchestrator.New(memory.New(), runner, &orchestrator.Options{
		SensitiveParams: runner.SensitiveParams, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	if err := o.Start(ctx); err != nil {
		panic(err)
	}
	defer func() { _ = o.Stop(ctx) }()

	job, err := o.Task(ctx, orchestrator.TaskRequest{
		Task: "greet", Params: json.RawMessage(`{"whom": "world", "password": "hunter2"}`),
		Scope: orchestrator.Scope{Nodes: []string{"web1.example.com"}},
	})
	if err != nil {
		panic(err)
	}
	fmt.Printf("kept of the parameters: %s, and the name of %v\n", job.Task.Params, job.Task.Sensitive)
	for _, err := range o.Watch(ctx, job.ID, 1) { // until the job has ended
		if err != nil {
			panic(err)
		}
	}
	for node, err := range o.Nodes(ctx, job.ID, orchestrator.NodeQuery{}) {
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s %s: %s\n", node.Name, node.State, node.Result)
	}
	// Output:
	// kept of the parameters: {"whom":"world"}, and the name of [password]
	// web1.example.com finished: {"said":"hello world"}
}
