// Command embed is the smallest server that has the jobs API beside what it had before.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/store/badger"
)

// run does the work on one node: it is what you bring along.
func run(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	return orchestrator.RunResult{Result: []byte(`{"status": "unchanged"}`)}, nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx); err != nil {
		log.Fatal(err)
	}
}

// serve runs jobs and serves them, beside your own pages, until ctx ends.
func serve(ctx context.Context) error {
	store, err := badger.Open("jobs", nil) // or memory.New(), for tests
	if err != nil {
		return err
	}
	defer store.Close() // when nobody needs it any more

	o, err := orchestrator.New(store, orchestrator.RunnerFunc(run), nil)
	if err != nil {
		return err
	}
	if err := o.Start(context.Background()); err != nil { // takes up what an earlier process left
		return err
	}

	mux := http.NewServeMux()
	mux.HandleFunc("/", yourOwnPages)
	mux.Handle("/orchestrator/v1/", httpapi.New(o, nil))
	server := &http.Server{Addr: "127.0.0.1:8143", Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.ListenAndServe() }()
	select {
	case err = <-served:
	case <-ctx.Done():
	}

	grace, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return errors.Join(err,
		o.Stop(grace),          // running nodes finish, and the streams of their events end
		server.Shutdown(grace), // requests finish
	)
}

func yourOwnPages(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello\n")) }
