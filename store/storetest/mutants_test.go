package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// mutant is a store that breaks the contract in one way.
type mutant struct {
	name  string
	fails []string // the checks that have to notice it
	make  func(b *broken)
	hangs bool // a check notices it by waiting in vain
}

func mutants() []mutant {
	return slices.Concat(
		createMutants(),
		readMutants(),
		queryMutants(),
		borrowMutants(),
		iteratorMutants(),
		valueMutants(),
		leaseMutants(),
		commitMutants(),
		stopMutants(),
		callMutants(),
		keyMutants(),
		filterMutants(),
		nodeOrderMutants(),
		pruneMutants(),
		feedMutants(),
	)
}

// opener returns an Opener of stores that work, except for what breaks them.
func opener(breakIt func(b *broken)) Opener {
	return func(context.Context) (orchestrator.Store, error) {
		b := over(memory.New())
		breakIt(b)
		return b, nil
	}
}

func checkNamed(t *testing.T, name string) Check {
	t.Helper()
	all := Checks()
	i := slices.IndexFunc(all, func(c Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no check %s", name)
	}
	return all[i]
}

func TestMutantsFail(t *testing.T) { //nolint:tparallel // it runs beside other tests; its parts one after the other
	t.Parallel()
	for _, m := range mutants() {
		for _, name := range m.fails {
			t.Run(m.name+"/"+name, func(t *testing.T) {
				ctx := t.Context()
				if m.hangs {
					hurry, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
					defer cancel()
					ctx = hurry
				}
				err := checkNamed(t, name).Run(ctx, opener(m.make))
				if err == nil {
					t.Fatal("the check does not notice")
				}
				t.Log(err)
			})
		}
	}
}

// TestWithoutAbilitiesPasses makes sure that optional interfaces are optional.
func TestWithoutAbilitiesPasses(t *testing.T) { //nolint:tparallel // it runs beside other tests; its parts one after the other
	t.Parallel()
	open := func(context.Context) (orchestrator.Store, error) {
		return struct{ orchestrator.Store }{memory.New()}, nil
	}
	for _, check := range Checks() {
		t.Run(check.Name, func(t *testing.T) {
			if err := check.Run(t.Context(), open); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEveryCheckHasMutant(t *testing.T) {
	failing := map[string]bool{}
	for _, m := range mutants() {
		for _, name := range m.fails {
			failing[name] = true
		}
	}
	for _, check := range Checks() {
		if !failing[check.Name] {
			t.Errorf("no mutant makes the check %s fail", check.Name)
		}
	}
}
