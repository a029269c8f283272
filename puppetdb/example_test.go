package puppetdb_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/puppetdb"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

func Example() {
	// One that answers every query alike stands for PuppetDB.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `[{"certname":"web1.example.com"},{"certname":"web2.example.com"}]`)
	}))
	defer server.Close()

	// With HTTPS the options name the certificates.
	nodes, err := puppetdb.New(server.URL, nil)
	if err != nil {
		panic(err)
	}
	defer nodes.Close()
	o, err := orchestrator.New(memory.New(), &orchestratortest.Runner{}, &orchestrator.Options{
		Resolver: orchestrator.Resolvers{Query: nodes},
	})
	if err != nil {
		panic(err)
	}
	job, err := o.Deploy(context.Background(), orchestrator.DeployRequest{
		Environment: "production",
		Scope:       orchestrator.Scope{Query: []byte(`"nodes[certname] { facts.role = \"web\" }"`)},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println("nodes of the job:", job.Counts.Total())
	// Output: nodes of the job: 2
}
