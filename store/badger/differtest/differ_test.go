// Package differtest does the same to both stores and asks both the same: they must always agree.
package differtest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/badger"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// TestStoresAgree takes random steps and asks random questions after each.
func TestStoresAgree(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			p := newPair(t, seed)
			for range 120 {
				p.step()
				p.ask()
			}
			p.agree(p.badger.Settle(t.Context()), nil, "Settle")
			for range 10 {
				p.ask()
			}
			p.prune(at(1000))
			p.ask()
		})
	}
}

// pair is both stores, and what was done to them.
type pair struct {
	t      *testing.T
	r      *rand.Rand
	dir    string
	badger *badger.Store
	memory *memory.Store
	jobs   []*work
	done   []string // the steps so far
}

// work is a job that was created.
type work struct {
	id             orchestrator.JobID
	nodes          []orchestrator.Node
	progress       orchestrator.Progress
	holder         uuid.UUID
	badger, memory orchestrator.Lease // valid if held
	held           bool
}

func newPair(t *testing.T, seed uint64) *pair {
	t.Helper()
	p := &pair{t: t, r: rand.New(rand.NewPCG(seed, 1)), dir: t.TempDir(), memory: memory.New()}
	p.open()
	t.Cleanup(func() {
		if err := p.badger.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *pair) open() {
	p.t.Helper()
	s, err := badger.Open(p.dir, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	p.badger = s
}

// each returns what both stores give.
func each[T any](p *pair, of func(s orchestrator.Store) (T, error)) (a, b T, errA, errB error) {
	a, errA = of(p.badger)
	b, errB = of(p.memory)
	return a, b, errA, errB
}

// agree fails unless both errors are of the same kind.
func (p *pair) agree(a, b error, what string) {
	p.t.Helper()
	for _, kind := range []error{orchestrator.ErrNotFound, orchestrator.ErrInvalid, orchestrator.ErrExists, orchestrator.ErrLeaseLost} {
		if errors.Is(a, kind) != errors.Is(b, kind) {
			p.failf("%s: got the error %v, want %v", what, a, b)
		}
	}
	if (a == nil) != (b == nil) {
		p.failf("%s: got the error %v, want %v", what, a, b)
	}
}

// same asks both stores for the same.
func same[T any](p *pair, what string, of func(s orchestrator.Store) (T, error)) (T, error) {
	p.t.Helper()
	a, b, errA, errB := each(p, of)
	p.agree(errA, errB, what)
	if !reflect.DeepEqual(a, b) {
		p.failf("%s: got\n%+v\nwant\n%+v", what, a, b)
	}
	return b, errB
}

func (p *pair) failf(format string, args ...any) {
	p.t.Helper()
	p.t.Log(p.done[max(0, len(p.done)-20):])
	p.t.Fatalf(format, args...)
}

func (p *pair) notef(format string, args ...any) {
	p.done = append(p.done, fmt.Sprintf(format, args...))
}

func (p *pair) context() context.Context { return p.t.Context() }

// at returns one of few points in time.
func at(n int) time.Time { return time.UnixMilli(1_770_000_000_000 + int64(n)*1_000_003).UTC() }

func pick[T any](p *pair, values ...T) T { return values[p.r.IntN(len(values))] }

// chance is true once in n times.
func (p *pair) chance(n int) bool { return p.r.IntN(n) == 0 }
