package storetest

import (
	"context"
	"os"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// RunDurable runs, each as a subtest, checks that what a store holds outlives it: that it is
// there when the store has been closed and opened again, and when it was not closed at all.
// It does not replace [Run].
//
// dir returns the name of a place, new and empty, that open can open a store in; RunDurable
// opens it several times, one time after the other. If the place is a directory of the file
// system once a store is open in it, RunDurable also copies it while the store is open, as if
// the process had been killed, and opens the copy.
func RunDurable(t *testing.T, dir func(t *testing.T) string, open func(dir string) (orchestrator.Store, error)) {
	t.Helper()
	runDurable(t, durableChecks(), dir, open)
}

// RunExclusive is [RunDurable] for a store that only one process can have open, as a lock on
// its directory makes sure of. It also checks that the leases given before the store was
// opened are void from the start, so that after a crash nobody waits for them to expire.
func RunExclusive(t *testing.T, dir func(t *testing.T) string, open func(dir string) (orchestrator.Store, error)) {
	t.Helper()
	runDurable(t, append(durableChecks(), exclusiveChecks()...), dir, open)
}

func runDurable(t *testing.T, checks []durableCheck, dir func(t *testing.T) string, open func(dir string) (orchestrator.Store, error)) {
	t.Helper()
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) {
			p := &place{name: dir(t), copy: func() string { return dir(t) }, open: open}
			t.Cleanup(func() {
				if err := p.close(context.Background()); err != nil {
					t.Error(err)
				}
			})
			if err := check.run(t.Context(), p); err != nil {
				t.Errorf("%v\nThe rule is: %s", err, check.rule)
			}
		})
	}
}

// durableCheck is a test of one rule of the contract that needs the store to be opened more
// than once.
type durableCheck struct {
	name, rule string
	run        func(ctx context.Context, p *place) error
}

// place is where a durable store keeps what it holds. One store is open in it at a time.
type place struct {
	name string
	copy func() string // another place
	open func(name string) (orchestrator.Store, error)

	store orchestrator.Store // nil if none is open
}

// reopen closes the store, if one is open, and opens it again.
func (p *place) reopen(ctx context.Context) (orchestrator.Store, error) {
	if err := p.close(ctx); err != nil {
		return nil, err
	}
	err := within(ctx, "the opening of a store", func() error {
		s, err := p.open(p.name)
		if err == nil {
			p.store = s
		}
		return err
	})
	return p.store, err
}

func (p *place) close(ctx context.Context) error {
	if p.store == nil {
		return nil
	}
	s := p.store
	p.store = nil
	return within(ctx, "Close", s.Close)
}

// crash opens what is left of the store if its process ends now. It returns false if it cannot
// tell what that is.
func (p *place) crash(ctx context.Context) (orchestrator.Store, bool, error) {
	if !isDirectory(p.name) {
		return nil, false, nil
	}
	left := p.copy()
	if err := copyTree(left, p.name); err != nil {
		return nil, false, err
	}
	if err := p.close(ctx); err != nil {
		return nil, false, err
	}
	p.name = left
	s, err := p.reopen(ctx)
	return s, err == nil, err
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
