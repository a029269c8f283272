package badger

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// BenchmarkRun takes jobs from their creation to their end as an orchestrator does: one job of
// 20,000 nodes, in groups of 256, and 20,000 jobs of one node, 100 at once.
func BenchmarkRun(b *testing.B) {
	const many = 20_000
	b.Run("nodes=20000", func(b *testing.B) {
		s := openTest(b, b.TempDir())
		n := 0
		for b.Loop() {
			w := mustWorker(b, s, many)
			w.finish(b, many, 400)
			w.mustCommit(b, w.ending())
			n += many
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "nodes/s")
		reportFsync(b)
	})
	b.Run("jobs=20000", func(b *testing.B) {
		n := 0
		for b.Loop() {
			b.StopTimer()
			s := openTest(b, b.TempDir())
			b.StartTimer()
			runSmall(b, s, many, 100)
			n += many
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "jobs/s")
		reportFsync(b)
	})
}

// runSmall runs jobs of one node, some at once.
func runSmall(b *testing.B, s *Store, jobs, atOnce int) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(jobs))
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if err := runOne(b, s); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// runOne creates a job of one node, and runs one.
func runOne(b *testing.B, s *Store) error {
	if _, err := s.CreateJob(b.Context(), testJob(), nodeNames(1)); err != nil {
		return err
	}
	w, err := claimAny(b.Context(), s)
	if err != nil {
		return err
	}
	if err := w.commit(b.Context(), w.batch(running(0))); err != nil {
		return err
	}
	end := w.batch(finished(0, 400))
	p := &end.Progress
	p.LastEvent++
	p.State = orchestrator.JobFinished
	p.Status = append(p.Status, orchestrator.StateChange{State: p.State, At: at(2)})
	end.Events = append(end.Events, orchestrator.Event{
		ID: p.LastEvent, Type: orchestrator.EventJobFinished, Time: at(2), JobState: p.State,
	})
	return w.commit(b.Context(), end)
}
