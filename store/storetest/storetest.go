// Package storetest checks that an [orchestrator.Store] keeps its contract.
//
// The contract is the comment of [orchestrator.Store]: every sentence of it is the Rule of at
// least one [Check]. All checks are compulsory. A store's own tests call [Run] with a function
// that opens a new store, and [RunDurable] or [RunExclusive] too if it is durable; its
// benchmarks call [Bench].
//
// The optional interfaces of a store are found as the orchestrator finds them, by a type assertion.
// A store that has one has to keep the comments of its methods as well, and what other rules say
// about them; one that has not passes those checks. Of an [orchestrator.Pruner] it is checked which
// jobs it removes and in which order, that nothing of them is left for any reader in the next moment,
// their totals, filters, nodes, events, places in the feed and keys, while their ids are never given
// again; that small steps go on beside commits and iterations, and that calls at once do not get in
// each other's way. Of an [orchestrator.Feeder] it is checked that every event comes once, in the order of the
// commits, whatever position it is read from and however many jobs are written meanwhile, without
// the jobs that were removed; and that positions last.
//
// The checks use real time, and real goroutines where they look for a deadlock. They do not
// expect the clock of the store to agree with theirs more than to the minute, so that the store
// may be a server at the other end of a socket.
//
// Where the contract leaves room, the checks read it as follows. JSON that is nil comes back as
// nil; other slices may come back empty instead of nil, or the other way round. A time between two
// milliseconds may be rounded either way. An iteration that its loop body closes the store of ends with
// [orchestrator.ErrClosed] or comes to its end; one that its loop body cancels the context of
// ends with the context's error some time before the end of a job of 20,000 nodes. A node has no
// duration unless it has both started and finished.
package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// Opener opens a store that is new and empty. It is called from the goroutine that called
// [Check].Run, so that it may end a test. Whoever made the Opener closes the store, after the
// check; the check may have closed it before.
type Opener func(ctx context.Context) (orchestrator.Store, error)

// Check is a test of one rule of the contract.
type Check struct {
	// Name is what the rule is about, a method or a type, and the check's own name: "Claim/order".
	Name string

	// Rule is the sentence of the contract that the check enforces, word for word.
	Rule string

	// Run returns an error that says how the store breaks the rule. It returns one also if
	// the store never returns from a call: once ctx has ended, or after two minutes. What
	// hangs is left behind.
	Run func(ctx context.Context, open Opener) error
}

// Checks returns all checks, in the order of the contract.
func Checks() []Check {
	checks := slices.Concat(
		storeChecks(),
		concurrencyChecks(),
		contextChecks(),
		aliasChecks(),
		borrowChecks(),
		timeChecks(),
		iteratorChecks(),
		ownerChecks(),
		createChecks(),
		idChecks(),
		keyChecks(),
		jobChecks(),
		orderChecks(),
		pageChecks(),
		filterChecks(),
		nodeChecks(),
		nodeOrderChecks(),
		eventChecks(),
		claimChecks(),
		renewChecks(),
		commitChecks(),
		batchChecks(),
		stopChecks(),
		closeChecks(),
		pruneChecks(),
		feedChecks(),
	)
	for i := range checks {
		checks[i].Run = bounded(checks[i].Run)
	}
	return checks
}

// Run runs every check as a subtest on a store of its own, which open returns new and empty
// and Run closes.
func Run(t *testing.T, open func(t *testing.T) orchestrator.Store) {
	t.Helper()
	for _, check := range Checks() {
		t.Run(check.Name, func(t *testing.T) {
			opener := func(context.Context) (orchestrator.Store, error) {
				s := open(t)
				t.Cleanup(func() { closeStore(t, s) })
				return s, nil
			}
			if err := check.Run(t.Context(), opener); err != nil {
				t.Errorf("%v\nThe rule is: %s", err, check.Rule)
			}
		})
	}
}

// closeStore closes a store without waiting for ever for one that has hung.
func closeStore(t *testing.T, s orchestrator.Store) {
	if err := within(context.Background(), "Close", s.Close); err != nil {
		t.Error(err)
	}
}
