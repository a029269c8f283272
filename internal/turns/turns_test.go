package turns

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestGive has goroutines that wait for the only processor run before Give returns: nearly always, since
// the runtime may turn to the same goroutine again.
func TestGive(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const all = 1000
	var ran atomic.Int32
	missed := 0
	for range all {
		var turns Turns
		before := ran.Load()
		go ran.Add(1)
		turns.Give()
		if ran.Load() == before {
			missed++
		}
	}
	if missed > all/10 {
		t.Errorf("%d of %d turns were not given", missed, all)
	}
}

// TestComputing gives turns to a goroutine that computes, until one has taken long.
func TestComputing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var turns Turns
	var enough atomic.Bool
	go func() {
		for n := 0; !enough.Load(); n++ {
			_ = n
		}
	}()
	defer enough.Store(true)
	for range 1000 {
		if !turns.Give() {
			return
		}
	}
	t.Error("turns are given without end although they take long")
}

// TestBusy gives no turns after one that took long, for a while.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turns Turns
		turns.busy.Store(new(time.Now().Add(times * long)))
		for range 10 {
			if turns.Give() {
				t.Fatal("a turn is given although they take long")
			}
		}
		<-time.After(times * long)
		if !turns.Give() {
			t.Error("no turn is given although they took long a while ago only")
		}
	})
}
