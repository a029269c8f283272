// Package transporttest is the conformance suite for transports: what package puppet promises of a
// [puppet.Transport] is checked on one, whatever it reaches nodes by. It needs a transport whose node
// is this machine, with sh and the usual programs.
//
//	func TestTransport(t *testing.T) {
//		transporttest.Run(t, "node", func(t *testing.T) puppet.Transport { return mytransport.New() })
//	}
package transporttest

import (
	"context"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator/puppet"
)

// Check is one rule of the contract, and what finds out whether a transport keeps it.
type Check struct {
	Name string
	Rule string // the sentence of the contract

	run func(ctx context.Context, s *scene) error
}

// Run runs all checks as subtests. open returns a transport to the node; what two calls return knows
// of the same commands. The caller closes what is open when t ends.
func Run(t *testing.T, node string, open func(t *testing.T) puppet.Transport) {
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) {
			ctx, done := context.WithTimeout(t.Context(), 2*time.Minute)
			defer done()
			if err := c.Run(ctx, node, t.TempDir(), func() puppet.Transport { return open(t) }); err != nil {
				t.Errorf("%v\nthe rule: %s", err, c.Rule)
			}
		})
	}
}

// Run runs the check, with an empty directory to work in. It returns what the transport does wrong,
// or nil.
func (c Check) Run(ctx context.Context, node, dir string, open func() puppet.Transport) error {
	return c.run(ctx, &scene{node: node, dir: dir, open: open, t: open()})
}

// Checks returns all checks.
func Checks() []Check {
	return append(append(commandChecks(), lifeChecks()...), fileChecks()...)
}
