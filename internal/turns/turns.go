// Package turns lets the goroutines go on that wait for a processor, so that what they are about to bring
// can be worked on together. It costs next to nothing where they are about to wait again, and much where
// they compute: there it is left.
package turns

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Turns gives turns for somebody. Its zero value is ready to use, by many goroutines at once.
type Turns struct {
	busy atomic.Pointer[time.Time] // until when no turns are given; nil if they never took long
}

// A turn that takes longer than this was taken by somebody who computes; the runtime lets nobody do that for
// much longer. Then none is given for some times as long, so that they take no more than a hundredth of the
// time.
const (
	long  = 5 * time.Millisecond
	times = 100
)

// Give gives all who wait for a processor a turn, and reports whether another may be of use. It returns
// false at once while turns take too long.
func (t *Turns) Give() bool {
	before := time.Now()
	if busy := t.busy.Load(); busy != nil && before.Before(*busy) {
		return false
	}
	runtime.Gosched()
	if took := time.Since(before); took > long {
		t.busy.Store(new(before.Add(times * took)))
		return false
	}
	return true
}
