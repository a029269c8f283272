package orchestrator

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// waits makes the crew do tasks at once that end when release is called, and returns when all have begun.
func waits(c *crew, tasks int) (release func()) {
	var begun sync.WaitGroup
	end := make(chan struct{})
	for range tasks {
		begun.Add(1)
		c.do(func() {
			begun.Done()
			<-end
		})
	}
	begun.Wait()
	return func() { close(end) }
}

func TestCrewKeepsGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c crew
		for _, atOnce := range []int{1, 3, 2, maxIdle + 20, 5} {
			release := waits(&c, atOnce)
			release()
			synctest.Wait()
		}
		if got := len(c.idle); got != maxIdle {
			t.Errorf("%d goroutines are kept, want %d", got, maxIdle)
		}
		release := waits(&c, 7)
		if got := len(c.idle); got != maxIdle-7 {
			t.Errorf("%d goroutines have nothing to do while 7 tasks go on, want %d", got, maxIdle-7)
		}
		release()
		c.dismiss()
		synctest.Wait() // and the bubble fails if one is left
		if len(c.idle) != 0 {
			t.Errorf("%d goroutines are kept after all were dismissed", len(c.idle))
		}
	})
}

// TestCrewLosesNoTask has tasks beget tasks, some of which end their goroutine.
func TestCrewLosesNoTask(t *testing.T) {
	const first, each = 50, 20
	var c crew
	var done atomic.Int64
	for range first {
		c.do(func() {
			for i := range each {
				c.do(func() {
					done.Add(1)
					if i%3 == 0 {
						runtime.Goexit()
					}
				})
			}
		})
	}
	c.dismiss()
	if got := done.Load(); got != first*each {
		t.Errorf("%d tasks were done, want %d", got, first*each)
	}
}

// TestCrewDismissedWhileBusy dismisses a crew that has tasks still.
func TestCrewDismissedWhileBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c crew
		release := waits(&c, 3)
		dismissed := false
		go func() {
			c.dismiss()
			dismissed = true
		}()
		synctest.Wait()
		if dismissed {
			t.Error("the crew was dismissed before its tasks were done")
		}
		release()
		synctest.Wait()
		if !dismissed || len(c.idle) != 0 {
			t.Errorf("dismissed=%t, and %d goroutines are kept", dismissed, len(c.idle))
		}
	})
}
