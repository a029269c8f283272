//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/store/badger"
)

// serveEnv makes the test binary be an orchestrator, with the settings that are its value.
const serveEnv = "ORCHESTRATOR_E2E"

// settings are those of an orchestrator in a process of its own.
type settings struct {
	Transport string // one of the keys of transports
	Lab       lab
	Data      string // the directory of its store
	Socket    string // where it serves
}

// lockWait is how long the orchestrators of these tests wait for another run of an agent.
const lockWait = 12 * time.Second

// serve is an orchestrator, until it is told to end by a signal. What runs then has a second.
func serve(text string) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if err := serveUntilTold(text, log); err != nil {
		log.Error("server failed", "err", err)
		os.Exit(1)
	}
}

func serveUntilTold(text string, log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var s settings
	if err := json.Unmarshal([]byte(text), &s); err != nil { //nolint:musttag // only this program writes it
		return err
	}
	transport, err := transports[s.Transport](s.Lab)
	if err != nil {
		return err
	}
	runner, err := puppet.NewRunner(transport, &puppet.Options{
		Instance: "e2e-" + s.Transport, Args: s.Lab.args, ModulePath: []string{s.Lab.modules()}, TempDir: s.Lab.temp(), LockWait: lockWait, Logger: log,
	})
	if err != nil {
		return err
	}
	store, err := badger.Open(s.Data, &badger.Options{Logger: log})
	if err != nil {
		return err
	}
	defer store.Close()
	o, err := orchestrator.New(store, runner, &orchestrator.Options{SensitiveParams: runner.SensitiveParams, Logger: log})
	if err != nil {
		return err
	}
	if err := o.Start(context.Background()); err != nil {
		return err
	}
	listener, err := net.Listen("unix", s.Socket)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: httpapi.New(o, &httpapi.Options{Logger: log})}
	go func() { _ = server.Serve(listener) }()
	<-ctx.Done()
	_ = server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := o.Stop(ctx); err != nil {
		log.Info("what ran was left", "err", err)
	}
	return nil
}
