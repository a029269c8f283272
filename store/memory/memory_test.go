package memory_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/memory"
	"github.com/seed-54b7607b/orchestrator/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) orchestrator.Store { return memory.New() })
}

// TestContractInBubble makes sure that the store can be used in tests with a fake clock.
func TestContractInBubble(t *testing.T) {
	for _, check := range storetest.Checks() {
		t.Run(check.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				open := func(context.Context) (orchestrator.Store, error) { return memory.New(), nil }
				if err := check.Run(t.Context(), open); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(*testing.B) orchestrator.Store { return memory.New() })
}
