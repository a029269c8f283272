// Package modeltest plays random histories to orchestrators and checks what the library promises.
// It is a package of its own so that what it needs reaches nobody who imports the library.
package modeltest

import (
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Whatever happens, every job ends in one of the states there are for that, every node comes to
// one end, nothing runs twice, counts agree with nodes, and events are in line.
func TestEveryHistoryEndsWell(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawScript(rt)
		var err error
		synctest.Test(t, func(t *testing.T) { err = play(t.Context(), s) })
		if err != nil {
			for i, a := range s.acts {
				rt.Logf("%d. %v", i+1, a)
			}
			rt.Fatal(err)
		}
	})
}
