package badger_test

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/badger"
	"github.com/seed-54b7607b/orchestrator/store/storetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func open(dir string) (orchestrator.Store, error) {
	return badger.Open(dir, &badger.Options{Logger: slog.New(slog.DiscardHandler)})
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) orchestrator.Store {
		s, err := open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestStoreDurable(t *testing.T) {
	storetest.RunExclusive(t, func(t *testing.T) string { return t.TempDir() }, open)
}
