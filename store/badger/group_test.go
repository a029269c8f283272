package badger

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// TestNoRoomLeavesNoTrace has requests that find no room in a transaction, which is written, and the next
// one, which they are in, is not: they have changed nothing.
func TestNoRoomLeavesNoTrace(t *testing.T) {
	large := testJob()
	large.Description = strings.Repeat("x", partSize-1000)
	for name, request := range map[string]func(s *Store, w *worker) error{
		"ends a job": func(s *Store, w *worker) error {
			b := w.batch(finished(0, orchestrator.MaxBatchBytes))
			end := w.ending()
			end.Events[0].ID++
			end.Progress.LastEvent++
			b.Progress, b.Events = end.Progress, append(b.Events, end.Events[0])
			return s.Commit(context.Background(), w.lease, b)
		},
		"creates a job": func(s *Store, _ *worker) error {
			_, err := s.CreateJob(context.Background(), large, nodeNames(1))
			return err
		},
		"creates a job that has ended": func(s *Store, _ *worker) error {
			ended := large
			ended.State = orchestrator.JobFinished
			_, err := s.CreateJob(context.Background(), ended, nodeNames(1))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openTest(t, dir)
			fillers := []int{orchestrator.MaxBatchBytes, orchestrator.MaxBatchBytes, 350_000} // nearly a transaction
			workers := make([]*worker, len(fillers)+1)
			for i := range workers {
				workers[i] = mustWorker(t, s, 5)
			}
			release := hang(t, s)
			broken := errors.New("the disk is broken")
			onCommit(s, func(group int, commit func() error) error {
				if group > 1 {
					return broken
				}
				return commit()
			})
			var all sync.WaitGroup
			for i, bytes := range fillers {
				all.Go(func() {
					w := workers[i]
					if err := w.commit(t.Context(), w.batch(finished(0, bytes))); err != nil {
						t.Error(err)
					}
				})
				queued(t, s, i+1)
			}
			all.Go(func() {
				if err := request(s, workers[len(fillers)]); !errors.Is(err, broken) {
					t.Errorf("got the error %v, want that of the disk", err)
				}
			})
			queued(t, s, len(fillers)+1)
			release()
			all.Wait()
			_ = s.Close() // it says that the store has failed

			s = openTest(t, dir)
			page, err := s.Jobs(t.Context(), orchestrator.JobQuery{})
			if err != nil || page.Total != len(workers)+1 || len(page.Jobs) != page.Total {
				t.Errorf("there are %d jobs of %d, and the error %v, want %d", len(page.Jobs), page.Total, err, len(workers)+1)
			}
			ended, err := s.Jobs(t.Context(), orchestrator.JobQuery{State: orchestrator.JobFinished})
			if err != nil || ended.Total != 0 {
				t.Errorf("%d jobs have ended, and the error %v", ended.Total, err)
			}
			for range page.Jobs {
				if _, err := claimAny(t.Context(), s); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestRoomForSharedRows fills a transaction with rows that are written once for all who change them, and
// with rows as it takes them.
func TestRoomForSharedRows(t *testing.T) {
	s := openTest(t, t.TempDir())
	for _, size := range []int{1, 300, 5000} {
		g := newGroup(s)
		n := 0
		for id := orchestrator.JobID(1); ; id += jobsPerChunk {
			key := keyKey(strings.Repeat("k", 20) + string(rune(n)))
			finished := class{asked{command: orchestrator.CommandDeploy}, orchestrator.JobFinished}
			l, err := g.list(&ended{id: id, class: finished, at: int64(id) << spanBits})
			if err != nil {
				t.Fatal(err)
			}
			err = g.put(append(l.rows, row{key, make([]byte, size)}))
			if errors.Is(err, errFull) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			g.setUnfinished(id, true)
			g.listed(l)
			for i := range orchestrator.JobID(jobsPerChunk - 1) { // as long a row as there can be
				l.set.set(&ended{id: id + i, at: []int64{math.MinInt64, math.MaxInt64 >> 1}[i%2]}, true)
			}
			n++
		}
		if err := g.seal(); err != nil {
			t.Errorf("%d rows of %d bytes: %v", n, size, err)
		}
		if n < 100 {
			t.Errorf("only %d rows of %d bytes fit", n, size)
		}
		g.discard()
	}
}

// TestStopBeforeCreate asks for a job to be stopped that is created just behind, in the same transaction.
func TestStopBeforeCreate(t *testing.T) {
	s := openTest(t, t.TempDir())
	release := hang(t, s) // creates the first job
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := s.RequestStop(t.Context(), 2, false); !errors.Is(err, orchestrator.ErrNotFound) {
			t.Errorf("got the error %v, want ErrNotFound", err)
		}
	})
	queued(t, s, 1)
	all.Go(func() {
		if job, err := s.CreateJob(t.Context(), testJob(), nodeNames(1)); err != nil || job.ID != 2 {
			t.Errorf("got the job %d and the error %v", job.ID, err)
		}
	})
	queued(t, s, 2)
	release()
	all.Wait()
}

// TestStopBeforeEnd asks for a job to be stopped when its end has been encoded and is not written yet, in
// the same transaction: that it was asked is not lost.
func TestStopBeforeEnd(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	w := mustWorker(t, s, 1)
	w.mustCommit(t, w.batch(finished(0, 60)))
	release := hang(t, s)
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := s.RequestStop(t.Context(), w.lease.Job, false); err != nil {
			t.Error(err)
		}
	})
	queued(t, s, 1)
	all.Go(func() {
		if err := w.commit(t.Context(), w.ending()); err != nil {
			t.Error(err)
		}
	})
	queued(t, s, 2)
	release()
	all.Wait()
	for range 2 {
		job, err := s.Job(t.Context(), w.lease.Job)
		if err != nil || job.State != orchestrator.JobFinished || job.Stop != orchestrator.StopSoft {
			t.Errorf("got the job in state %s, asked %q, and the error %v", job.State, job.Stop, err)
		}
		s = reopen(t, s, dir)
	}
}
