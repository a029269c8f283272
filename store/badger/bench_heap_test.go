package badger

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// peakHeap calls f and returns how many bytes there are on the heap at most meanwhile, those included
// that are garbage.
func peakHeap(f func()) uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	var peak uint64
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		ticker := time.NewTicker(2 * time.Millisecond)
		defer ticker.Stop()
		for {
			metrics.Read(sample)
			peak = max(peak, sample[0].Value.Uint64())
			select {
			case <-ticker.C:
			case <-done:
				return
			}
		}
	})
	f()
	close(done)
	all.Wait()
	return peak
}

// randomResult returns a JSON object of about n bytes that cannot be compressed to much less than
// three quarters.
func randomResult(r *rand.ChaCha8, n int) json.RawMessage {
	b := make([]byte, n*3/4)
	_, _ = r.Read(b)
	return json.RawMessage(fmt.Sprintf(`{"_output":%q}`, base64.StdEncoding.EncodeToString(b)))
}

// BenchmarkLargeResults takes a job to its end whose nodes have long results, a megabyte of them in a
// commit, and reports the peak of the heap.
func BenchmarkLargeResults(b *testing.B) {
	const nodes, bytes, atOnce = 20_000, 40_000, 25
	for b.Loop() {
		r := rand.NewChaCha8([32]byte{})
		b.StopTimer()
		s := openTest(b, b.TempDir())
		w := mustWorker(b, s, nodes)
		b.StartTimer()
		peak := peakHeap(func() {
			for from := 0; from < nodes; from += atOnce {
				var run, end []orchestrator.Node
				for i := from; i < from+atOnce; i++ {
					run = append(run, running(i))
					n := finished(i, 0)
					n.Result = randomResult(r, bytes)
					end = append(end, n)
				}
				w.mustCommit(b, w.batch(run...))
				w.mustCommit(b, w.batch(end...))
			}
			w.mustCommit(b, w.ending())
		})
		b.ReportMetric(float64(peak)/1e6, "MB-heap-peak")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	reportFsync(b)
}
