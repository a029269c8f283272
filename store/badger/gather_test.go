package badger

import (
	"testing"
	"time"
)

// TestGather gathers what has arrived, whether others get turns or not.
func TestGather(t *testing.T) {
	for name, hasty := range map[string]time.Time{"patient": {}, "hasty": time.Now().Add(time.Hour)} {
		w := newWriter(&Store{}, "")
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
