// Command embed is the smallest server that has the jobs API beside what it had before.
package main

import (
	"context"
	"log"
	"net/http"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/store/badger"
)

// run does the work on one node: it is what you bring along.
func run(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	return orchestrator.RunResult{Result: []byte(`{"status": "unchanged"}`)}, nil
}

func main() {
	store, err := badger.Open("jobs", nil) // or memory.New(), for tests
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	o, err := orchestrator.New(store, orchestrator.RunnerFunc(run), nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := o.Start(context.Background()); err != nil { // takes up what an earlier process left
		log.Fatal(err)
	}
	defer o.Stop(context.Background()) // lets running nodes finish

	mux := http.NewServeMux()
	mux.HandleFunc("/", yourOwnPages)
	mux.Handle("/orchestrator/v1/", httpapi.New(o, nil))
	log.Println(http.ListenAndServe("127.0.0.1:8143", mux))
}

func yourOwnPages(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello\n")) }
