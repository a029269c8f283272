package badger

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// reportFsync reports how long the disk takes to flush 4 KB, at the median.
func reportFsync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "fsync"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	times := make([]time.Duration, 101)
	for i := range times {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "µs-fsync-p50")
}

// BenchmarkCommit has committers that write one transition of one node at a time, each of a job
// of its own.
func BenchmarkCommit(b *testing.B) {
	for _, committers := range []int{1, 16, 100, 1000} {
		b.Run(fmt.Sprintf("committers=%d", committers), func(b *testing.B) {
			s := openTest(b, b.TempDir())
			workers := make([]*worker, committers)
			for i := range workers {
				workers[i] = mustWorker(b, s, 1000)
			}
			groups := s.writer.groups.Load()
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			var all sync.WaitGroup
			for _, w := range workers {
				all.Go(func() {
					for i := 0; left.Add(-1) >= 0; i++ {
						if err := w.commit(b.Context(), w.batch(running(i%1000))); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
			b.ReportMetric(float64(b.N)/float64(s.writer.groups.Load()-groups), "commits/fsync")
			reportFsync(b)
		})
	}
}

// BenchmarkCommitBesideCreate has one committer, alone and while jobs of 100,000 nodes are created.
func BenchmarkCommitBesideCreate(b *testing.B) {
	for _, creating := range []bool{false, true} {
		b.Run(fmt.Sprintf("creating=%t", creating), func(b *testing.B) {
			s := openTest(b, b.TempDir())
			w := mustWorker(b, s, 1000)
			stop := make(chan struct{})
			var all sync.WaitGroup
			if creating {
				names := nodeNames(100_000)
				all.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						if _, err := s.CreateJob(b.Context(), testJob(), names); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			var times []time.Duration
			for b.Loop() {
				start := time.Now()
				w.mustCommit(b, w.batch(running(len(times)%1000)))
				times = append(times, time.Since(start))
			}
			close(stop)
			all.Wait()
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Microseconds()), "µs-p50")
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "µs-p99")
		})
	}
}

// BenchmarkTransitions writes groups of 256 transitions of one job, half of them with a result,
// and, to compare with, as many bytes to a file with one flush.
func BenchmarkTransitions(b *testing.B) {
	const group = 256
	b.Run("store", func(b *testing.B) {
		s := openTest(b, b.TempDir())
		n := 0
		var w *worker
		for b.Loop() {
			const nodes = 1 << 15
			i := n * group / 2 % nodes
			if i == 0 {
				b.StopTimer()
				w = mustWorker(b, s, nodes)
				b.StartTimer()
			}
			batch := make([]orchestrator.Node, 0, group)
			for k := range group / 2 {
				batch = append(batch, running(i+k))
			}
			for k := range group / 2 {
				batch = append(batch, finished(i+k, 400))
			}
			w.mustCommit(b, w.batch(batch...))
			n++
		}
		b.ReportMetric(float64(n*group)/b.Elapsed().Seconds(), "transitions/s")
		reportFsync(b)
	})
	b.Run("file", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "log"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		n := 0
		row := bytes.Repeat([]byte("x"), 500)
		for b.Loop() {
			var buf []byte
			for range group {
				buf = append(buf, row...)
			}
			if _, err := f.Write(buf); err != nil {
				b.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
			n++
		}
		b.ReportMetric(float64(n*group)/b.Elapsed().Seconds(), "transitions/s")
	})
}

// benchPage reads the newest 20 jobs.
func benchPage(b *testing.B, s *Store, q orchestrator.JobQuery) {
	var times []time.Duration
	for b.Loop() {
		start := time.Now()
		page, err := s.Jobs(b.Context(), q)
		if err != nil || len(page.Jobs) != 20 {
			b.Fatalf("got %d jobs and the error %v", len(page.Jobs), err)
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1e3, "µs-p50")
}

// createMany creates jobs of one node, many at once.
func createMany(b *testing.B, s *Store, n int) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(n))
	var all sync.WaitGroup
	for range 256 {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := s.CreateJob(b.Context(), testJob(), nodeNames(1)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkPage(b *testing.B) {
	newest := orchestrator.JobQuery{Descending: true, Limit: 20}
	for _, jobs := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("jobs=%d", jobs), func(b *testing.B) {
			s := openTest(b, b.TempDir())
			createMany(b, s, jobs)
			b.ReportAllocs()
			benchPage(b, s, newest)
		})
	}
	b.Run("jobs=10000/after=2000-transitions-each", func(b *testing.B) {
		s := openTest(b, b.TempDir())
		createMany(b, s, 10_000)
		endAll(b, s)
		for range 20 {
			mustWorker(b, s, 1000).finish(b, 1000, 400)
		}
		benchPage(b, s, newest)
	})
	b.Run("jobs=10000/by=timestamp", func(b *testing.B) {
		s := openTest(b, b.TempDir())
		createMany(b, s, 10_000)
		benchPage(b, s, orchestrator.JobQuery{OrderBy: orchestrator.OrderByTimestamp, Descending: true, Limit: 20})
	})
}

func BenchmarkNodes(b *testing.B) {
	const nodes = 100_000
	s := openTest(b, b.TempDir())
	w := mustWorker(b, s, nodes)
	w.finish(b, nodes, 400)
	id := w.lease.Job
	finished := func(b *testing.B, q orchestrator.NodeQuery) {
		b.ReportAllocs()
		size, first := 0, time.Duration(0)
		for b.Loop() {
			start, n := time.Now(), 0
			for node, err := range s.Nodes(b.Context(), id, q) {
				if err != nil {
					b.Fatal(err)
				}
				if n == 0 {
					first = time.Since(start)
				}
				n++
				size += sizeOf(&node)
			}
			if n != nodes {
				b.Fatalf("got %d nodes", n)
			}
		}
		b.ReportMetric(float64(size)/1e6/b.Elapsed().Seconds(), "MB/s")
		b.ReportMetric(float64(first.Microseconds()), "µs-first")
	}
	b.Run("finished", func(b *testing.B) { finished(b, orchestrator.NodeQuery{}) })
	b.Run("raw", func(b *testing.B) {
		size := 0
		for b.Loop() {
			err := s.read(b.Context(), func(sn *snapshot) error {
				prefix := []byte{kindEvents}
				return sn.iterate(prefix, prefix, false, func(item *badgerdb.Item) (bool, error) {
					return true, item.Value(func(v []byte) error {
						size += len(v)
						return nil
					})
				})
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(size)/1e6/b.Elapsed().Seconds(), "MB/s")
	})
	b.Run("events", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			for _, err := range s.Events(b.Context(), id, 1) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
	})
	w.mustCommit(b, w.ending())
	s.background.Wait()
	b.Run("ended", func(b *testing.B) { finished(b, orchestrator.NodeQuery{}) })
	b.Run("ended,borrowed", func(b *testing.B) { finished(b, orchestrator.NodeQuery{Borrow: true}) })
	b.Run("ended,brief", func(b *testing.B) { finished(b, orchestrator.NodeQuery{Brief: true}) })
}

func BenchmarkNewNodes(b *testing.B) {
	const nodes = 100_000
	s := openTest(b, b.TempDir())
	w := mustWorker(b, s, nodes)
	for b.Loop() {
		n := 0
		for _, err := range s.Nodes(b.Context(), w.lease.Job, orchestrator.NodeQuery{State: orchestrator.NodeNew}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != nodes {
			b.Fatalf("got %d nodes", n)
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	for _, nodes := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			s := openTest(b, b.TempDir())
			names, n := nodeNames(nodes), 0
			for b.Loop() {
				if _, err := s.CreateJob(b.Context(), testJob(), names); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(n*nodes)/b.Elapsed().Seconds(), "nodes/s")
			reportFsync(b)
		})
	}
}

// endAll ends all jobs that can be claimed.
func endAll(b *testing.B, s *Store) {
	b.Helper()
	for {
		w, err := claimAny(b.Context(), s)
		if err != nil {
			return
		}
		w.mustCommit(b, w.ending())
	}
}
