package inventory_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/inventory"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// fleet is a runner that can say which nodes it reaches. It has the type of the runner in it, and not the
// interface, so that whatever else that runner can do is not hidden.
type fleet struct {
	*orchestratortest.Runner
	*inventory.File
}

func Example() {
	dir, err := os.MkdirTemp("", "inventory")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "inventory.yaml")
	if err := os.WriteFile(path, []byte(`
groups: [web, db]
nodes:
  - {name: web1.example.com, address: 10.0.0.11, groups: [web]}
  - {name: web2.example.com, address: 10.0.0.12, groups: [web]}
  - {name: db1.example.com, groups: [db]}
`), 0o600); err != nil {
		panic(err)
	}

	nodes, err := inventory.Open(path, nil)
	if err != nil {
		panic(err)
	}
	runner := fleet{Runner: &orchestratortest.Runner{}, File: nodes}
	o, err := orchestrator.New(memory.New(), runner, &orchestrator.Options{Resolver: nodes})
	if err != nil {
		panic(err)
	}

	ctx := context.Background()
	job, err := o.Deploy(ctx, orchestrator.DeployRequest{Environment: "production", Scope: orchestrator.Scope{NodeGroup: "web"}})
	if err != nil {
		panic(err)
	}
	fmt.Println("nodes of the job:", job.Counts.Total())
	statuses, err := o.Inventory(ctx, []string{"web1.example.com", "web9.example.com"})
	if err != nil {
		panic(err)
	}
	for _, s := range statuses {
		fmt.Println(s.Name, s.Connected)
	}
	// Output:
	// nodes of the job: 2
	// web1.example.com true
	// web9.example.com false
}
