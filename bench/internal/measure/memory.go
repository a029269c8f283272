package measure

import (
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Live returns how many bytes of the heap are in use, garbage not included.
func Live() int64 {
	runtime.GC()
	return heapObjects()
}

// heapObjects returns how many bytes the objects in the heap have, garbage included.
func heapObjects() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// Peak watches the heap while f runs and returns the most bytes that its objects had. With collect
// it has the garbage collected before each look, which slows f down. Otherwise garbage counts.
func Peak(collect bool, f func() error) (int64, error) {
	quit, every := make(chan struct{}), time.Millisecond
	look := heapObjects
	if collect {
		look, every = Live, 100*time.Millisecond
	}
	peak := look()
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			peak = max(peak, look())
			select {
			case <-tick.C:
			case <-quit:
				return
			}
		}
	})
	err := f()
	close(quit)
	watch.Wait()
	return max(peak, look()), err
}

// Resident returns how many bytes of the process are in memory, mapped files included.
func Resident() (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("resident memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("resident memory: %w", err)
			}
			return kb << 10, nil
		}
	}
	return 0, fmt.Errorf("resident memory: no VmRSS in /proc/self/status")
}
