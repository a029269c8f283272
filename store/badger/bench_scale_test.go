package badger

import (
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// The jobs of BenchmarkScale have run on one or two of so many hosts, within a month.
const (
	scaleHosts = 10_000
	scaleSpan  = 30 * 24 * time.Hour
)

// scaleJob returns the i-th of n jobs, which has ended, and which hosts are its nodes.
func scaleJob(i, n int) (job orchestrator.Job, host, nodes int) {
	job = testJob()
	r := uint64(i) * 0x9e3779b97f4a7c15 >> 20
	job.Environment = [...]string{"production", "production", "production", "staging", "test"}[r%5]
	job.Owner.Login = fmt.Sprintf("owner%02d", r%20)
	if r%3 == 0 {
		job.Command = orchestrator.CommandTask
		job.Task.Name = fmt.Sprintf("module%02d::task", r/3%50)
	}
	job.State = [...]orchestrator.JobState{
		orchestrator.JobFinished, orchestrator.JobFinished, orchestrator.JobFinished, orchestrator.JobFailed, orchestrator.JobStopped,
	}[r/7%5]
	ended := at(0).Add(scaleSpan / time.Duration(n) * time.Duration(i)).Truncate(time.Millisecond)
	job.Status = append(job.Status, orchestrator.StateChange{State: job.State, At: ended})
	return job, int(r % scaleHosts), 1 + i%2
}

// fillEnded creates jobs that have ended.
func fillEnded(b *testing.B, s *Store, n int) {
	b.Helper()
	hosts := nodeNames(scaleHosts + 1)
	var next atomic.Int64
	var all sync.WaitGroup
	for range 512 {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				job, host, nodes := scaleJob(i, n)
				if _, err := s.CreateJob(b.Context(), job, hosts[host:host+nodes]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// scaleQueries returns queries for pages of 20 of n jobs, every order and every filter among them.
func scaleQueries(n int) iter.Seq2[string, orchestrator.JobQuery] {
	middle, last := orchestrator.JobID(n/2), at(0).Add(scaleSpan)
	queries := []struct {
		name string
		q    orchestrator.JobQuery
	}{
		{"newest", orchestrator.JobQuery{Descending: true}},
		{"oldest", orchestrator.JobQuery{}},
		{"after=middle", orchestrator.JobQuery{After: middle}},
		{"by=owner", orchestrator.JobQuery{OrderBy: orchestrator.OrderByOwner}},
		{"by=owner/after=middle", orchestrator.JobQuery{OrderBy: orchestrator.OrderByOwner, After: middle}},
		{"by=timestamp", orchestrator.JobQuery{OrderBy: orchestrator.OrderByTimestamp, Descending: true}},
		{"by=timestamp/after=middle", orchestrator.JobQuery{OrderBy: orchestrator.OrderByTimestamp, After: middle}},
		{"by=environment", orchestrator.JobQuery{OrderBy: orchestrator.OrderByEnvironment}},
		{"by=state", orchestrator.JobQuery{OrderBy: orchestrator.OrderByState, Descending: true}},
		{"command", orchestrator.JobQuery{Command: orchestrator.CommandTask, Descending: true}},
		{"task", orchestrator.JobQuery{Task: "module07", Descending: true}},
		{"state", orchestrator.JobQuery{State: orchestrator.JobStopped, Descending: true}},
		{"state/after=middle", orchestrator.JobQuery{State: orchestrator.JobStopped, After: middle}},
		{"node", orchestrator.JobQuery{Node: nodeName(77), Descending: true}},
		{"finished=last-day", orchestrator.JobQuery{FinishedFrom: last.Add(-24 * time.Hour), Descending: true}},
		{"finished=half", orchestrator.JobQuery{FinishedTo: at(0).Add(scaleSpan / 2), Descending: true}},
		{"finished=half/by=owner", orchestrator.JobQuery{FinishedTo: at(0).Add(scaleSpan / 2), OrderBy: orchestrator.OrderByOwner}},
		{"state/by=timestamp", orchestrator.JobQuery{State: orchestrator.JobFailed, OrderBy: orchestrator.OrderByTimestamp, Descending: true}},
		{"task/state/finished", orchestrator.JobQuery{
			Task: "module07", State: orchestrator.JobFailed, FinishedFrom: at(0).Add(scaleSpan / 3), FinishedTo: at(0).Add(scaleSpan / 2),
		}},
	}
	return func(yield func(string, orchestrator.JobQuery) bool) {
		for _, c := range queries {
			c.q.Limit = 20
			if !yield(c.name, c.q) {
				return
			}
		}
	}
}

// BenchmarkScale has a store of many jobs that have ended: what must not take longer than with few.
func BenchmarkScale(b *testing.B) {
	for _, jobs := range []int{1000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("jobs=%d", jobs), func(b *testing.B) {
			dir := b.TempDir()
			s, err := Open(dir, quiet())
			if err != nil {
				b.Fatal(err)
			}
			fillEnded(b, s, jobs)
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			benchOpen(b, dir)
			s = openTest(b, dir)
			for name, q := range scaleQueries(jobs) {
				b.Run(name, func(b *testing.B) { benchJobs(b, s, q) })
			}
			b.Run("prune", func(b *testing.B) { benchPrune(b, s, min(jobs/2, 4000)) })
		})
	}
}

// benchOpen opens a directory again and again, and reports the heap that the store takes.
func benchOpen(b *testing.B, dir string) {
	b.Run("open", func(b *testing.B) {
		before := heapInUse()
		for b.Loop() {
			s, err := Open(dir, quiet())
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			b.ReportMetric(float64(heapInUse()-before)/1e6, "MB-heap")
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// benchJobs reads a page, and reports the median.
func benchJobs(b *testing.B, s *Store, q orchestrator.JobQuery) {
	var times []time.Duration
	total := 0
	for b.Loop() {
		start := time.Now()
		page, err := s.Jobs(b.Context(), q)
		if err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(start))
		total = page.Total
	}
	reportMedian(b, times)
	b.ReportMetric(float64(total), "total")
}

func reportMedian(b *testing.B, times []time.Duration) {
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1e3, "µs-p50")
}

// benchPrune removes jobs, the deletion of their rows included.
func benchPrune(b *testing.B, s *Store, jobs int) {
	removed := 0
	for b.Loop() {
		for n := 0; n < jobs; {
			step, err := s.PruneJobs(b.Context(), at(0).Add(scaleSpan))
			if err != nil {
				b.Fatal(err)
			}
			if n += step; step == 0 {
				break
			}
			removed += step
		}
		s.background.Wait()
	}
	b.ReportMetric(float64(removed)/b.Elapsed().Seconds(), "jobs/s")
}

// BenchmarkMillionNodes has one job of a million nodes, of which few have failed. It reads first pages
// of 100; those in other orders are in BenchmarkNodePages.
func BenchmarkMillionNodes(b *testing.B) {
	for _, nodes := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			dir, all := b.TempDir(), b
			s := openTest(b, dir)
			w := mustWorker(b, s, nodes)
			finishAll(b, w, nodes)
			id := w.lease.Job
			b.Run("settled", func(b *testing.B) {
				for b.Loop() {
					s.background.Wait()
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(nodes), "µs/node")
			})
			b.Run("first", func(b *testing.B) {
				benchFirst(b, s.Nodes(b.Context(), id, orchestrator.NodeQuery{Limit: 100}))
			})
			b.Run("offset=half", func(b *testing.B) {
				benchFirst(b, s.Nodes(b.Context(), id, orchestrator.NodeQuery{Limit: 100, Offset: nodes / 2}))
			})
			b.Run("events", func(b *testing.B) { benchFirst(b, s.Events(b.Context(), id, 1)) })
			b.Run("events/from=half", func(b *testing.B) { benchFirst(b, s.Events(b.Context(), id, orchestrator.EventID(nodes))) })
			b.Run("opened", func(b *testing.B) {
				for b.Loop() {
					if err := s.Close(); err != nil {
						b.Fatal(err)
					}
					s = openTest(all, dir)
				}
			})
			b.Run("removed", func(b *testing.B) {
				for b.Loop() {
					if _, err := s.PruneJobs(b.Context(), at(1000)); err != nil {
						b.Fatal(err)
					}
					s.background.Wait()
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(nodes), "µs/node")
			})
		})
	}
}

// finishAll commits that all nodes have run, and that one in a thousand has failed.
func finishAll(b *testing.B, w *worker, nodes int) {
	b.Helper()
	const atOnce = 500
	for from := 0; from < nodes; from += atOnce {
		var run, end []orchestrator.Node
		for i := from; i < min(from+atOnce, nodes); i++ {
			run = append(run, running(i))
			n := finished(i, 400)
			if i%1000 == 999 {
				n.State = orchestrator.NodeFailed
			}
			end = append(end, n)
		}
		w.mustCommit(b, w.batch(run...))
		w.mustCommit(b, w.batch(end...))
	}
	w.mustCommit(b, w.ending())
}

// benchFirst reads the first hundred values of an iterator, and reports the median.
func benchFirst[T any](b *testing.B, seq iter.Seq2[T, error]) {
	var times []time.Duration
	for b.Loop() {
		start, n := time.Now(), 0
		for _, err := range seq {
			if err != nil {
				b.Fatal(err)
			}
			if n++; n == 100 {
				break
			}
		}
		times = append(times, time.Since(start))
	}
	reportMedian(b, times)
}
