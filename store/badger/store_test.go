package badger_test

import (
	"log/slog"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/badger"
	"github.com/seed-54b7607b/orchestrator/store/storetest"
)

func open(dir string) (orchestrator.Store, error) {
	return badger.Open(dir, &badger.Options{Logger: slog.New(slog.DiscardHandler)})
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) orchestrator.Store {
		s, err := open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestStoreDurable(t *testing.T) {
	t.Parallel()
	storetest.RunExclusive(t, func(t *testing.T) string { return t.TempDir() }, open)
}
