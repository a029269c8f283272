package badger

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// TestGather gathers what has arrived, whether others get turns or not.
func TestGather(t *testing.T) {
	for name, hasty := range map[string]time.Time{"patient": {}, "hasty": time.Now().Add(time.Hour)} {
		w := newWriter(nil)
		w.hasty = hasty
		first := &request{}
		for range 3 {
			w.requests <- &request{}
		}
		if got := w.gather([]*request{first}); len(got) != 4 || got[0] != first {
			t.Errorf("%s: gathered %d requests, want the first and the 3 behind it", name, len(got))
		}
	}
}

// TestGatherBesideComputing gathers where somebody else computes, on one processor: turns that bring
// nothing end.
func TestGatherBesideComputing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var enough atomic.Bool
	defer enough.Store(true)
	go func() {
		for n := 0; !enough.Load(); n++ {
			_ = n
		}
	}()
	w := newWriter(nil)
	for range 1000 {
		w.gather([]*request{{}})
		if !w.hasty.IsZero() {
			return
		}
	}
	t.Error("turns are given without end although they take long and bring nothing")
}
