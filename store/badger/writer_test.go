package badger

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// until waits for something to come true.
func until(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ready(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not happen", what)
		}
	}
}

// onCommit makes the writer call f instead of committing. No write may be in progress.
func onCommit(s *Store, f func(group int, commit func() error) error) {
	commit, groups := s.writer.commit, 0
	s.writer.commit = func(g *group) error {
		groups++
		return f(groups, func() error { return commit(g) })
	}
}

// hang makes a job be created whose commit hangs until the returned function is called.
func hang(t *testing.T, s *Store) (release func()) {
	t.Helper()
	return hangIn(t, s, func() error {
		_, err := s.CreateJob(context.WithoutCancel(t.Context()), testJob(), nodeNames(1))
		return err
	})
}

// hangIn makes the next commit, which is that of a call, hang until the returned function is
// called, and waits until it does.
func hangIn(t *testing.T, s *Store, call func() error) (release func()) {
	t.Helper()
	hung, released := make(chan struct{}), make(chan struct{})
	onCommit(s, func(group int, commit func() error) error {
		if group == 1 {
			close(hung)
			<-released
		}
		return commit()
	})
	var all sync.WaitGroup
	all.Go(func() {
		if err := call(); err != nil {
			t.Error(err)
		}
	})
	<-hung
	release = sync.OnceFunc(func() {
		close(released)
		all.Wait()
	})
	t.Cleanup(release)
	return release
}

// queued waits until so many requests wait for the writer.
func queued(t *testing.T, s *Store, n int) {
	t.Helper()
	until(t, fmt.Sprintf("a queue of %d requests", n), func() bool { return len(s.writer.requests) == n })
}

func TestGroupCommit(t *testing.T) {
	const callers = 200
	s := openTest(t, t.TempDir())
	release := hang(t, s)
	before := s.writer.groups.Load()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			if _, err := s.CreateJob(t.Context(), testJob(), nodeNames(3)); err != nil {
				t.Error(err)
			}
		})
	}
	queued(t, s, callers)
	release()
	all.Wait()
	if groups := s.writer.groups.Load() - before; groups != 1 {
		t.Errorf("%d calls that came during a commit were written by %d commits, want 1", callers, groups)
	}
	page, err := s.Jobs(t.Context(), orchestrator.JobQuery{})
	if err != nil || len(page.Jobs) != callers+1 || page.Total != callers+1 {
		t.Errorf("got %d jobs of %d and the error %v, want %d", len(page.Jobs), page.Total, err, callers+1)
	}
}

func TestLargeGroupIsSplit(t *testing.T) {
	const callers = 12
	s := openTest(t, t.TempDir())
	workers := make([]*worker, callers)
	for i := range workers {
		workers[i] = mustWorker(t, s, 1)
	}
	release := hang(t, s)
	before := s.writer.groups.Load()
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(func() {
			if err := w.commit(t.Context(), w.batch(finished(0, orchestrator.MaxBatchBytes))); err != nil {
				t.Error(err)
			}
		})
	}
	queued(t, s, callers)
	release()
	all.Wait()
	if groups := s.writer.groups.Load() - before; groups < 2 || groups > callers {
		t.Errorf("%d commits of a megabyte were written by %d commits", callers, groups)
	}
	for _, w := range workers {
		for n, err := range s.Nodes(t.Context(), w.lease.Job, orchestrator.NodeQuery{}) {
			if err != nil || len(n.Result) != orchestrator.MaxBatchBytes {
				t.Errorf("got a result of %d bytes and the error %v", len(n.Result), err)
			}
		}
	}
}

// TestRefusedAlone has good and bad requests in one group.
func TestRefusedAlone(t *testing.T) {
	s := openTest(t, t.TempDir())
	good, stale, wrong := mustWorker(t, s, 2), mustWorker(t, s, 2), mustWorker(t, s, 2)
	if _, err := s.Renew(t.Context(), stale.lease.Holder, 0); err != nil {
		t.Fatal(err)
	}
	wrong.progress.LastEvent = 7
	release := hang(t, s)
	before := s.writer.groups.Load()
	var all sync.WaitGroup
	check := func(want error, call func() error) {
		all.Go(func() {
			if err := call(); !errors.Is(err, want) {
				t.Errorf("got the error %v, want %v", err, want)
			}
		})
	}
	check(orchestrator.ErrLeaseLost, func() error { return stale.commit(t.Context(), stale.batch(running(0))) })
	check(orchestrator.ErrInvalid, func() error { return wrong.commit(t.Context(), wrong.batch(running(0))) })
	check(orchestrator.ErrNotFound, func() error {
		_, err := s.RequestStop(t.Context(), 99, true)
		return err
	})
	check(nil, func() error { return good.commit(t.Context(), good.batch(running(0))) })
	queued(t, s, 4)
	release()
	all.Wait()
	if groups := s.writer.groups.Load() - before; groups != 1 {
		t.Errorf("got %d commits, want 1", groups)
	}
	for _, w := range []*worker{good, stale, wrong} {
		job, err := s.Job(t.Context(), w.lease.Job)
		if err != nil {
			t.Fatal(err)
		}
		if want := w == good; (job.LastEvent == 1) != want || (job.State == orchestrator.JobRunning) != want {
			t.Errorf("job %d is %s with %d events", job.ID, job.State, job.LastEvent)
		}
	}
}

// TestHungDisk shows what goes on while a write hangs.
func TestHungDisk(t *testing.T) {
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, 2)
	free, err := s.CreateJob(t.Context(), testJob(), nodeNames(1))
	if err != nil {
		t.Fatal(err)
	}
	release := hang(t, s)

	leases, err := s.Renew(t.Context(), w.lease.Holder, time.Hour)
	if err != nil || len(leases) != 1 {
		t.Errorf("Renew: got %d leases and the error %v", len(leases), err)
	}
	if job, err := s.Job(t.Context(), w.lease.Job); err != nil || job.State != orchestrator.JobNew {
		t.Errorf("Job: got the state %q and the error %v", job.State, err)
	}
	if other, err := claimAny(t.Context(), s); err != nil || other.lease.Job != free.ID {
		t.Errorf("Claim: got the error %v", err)
	}
	for n, err := range s.Nodes(t.Context(), w.lease.Job, orchestrator.NodeQuery{}) {
		if err != nil || n.State != orchestrator.NodeNew {
			t.Errorf("Nodes: got the state %q and the error %v", n.State, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	outcome := make(chan error)
	go func() { outcome <- s.Commit(ctx, w.lease, w.batch(running(0))) }()
	queued(t, s, 1)
	cancel()
	if err := <-outcome; !errors.Is(err, context.Canceled) {
		t.Errorf("Commit whose context has ended: got the error %v", err)
	}
	release()
	w.mustCommit(t, w.batch(running(1))) // is the first: the other was not written
	if job, err := s.Job(t.Context(), w.lease.Job); err != nil || job.LastEvent != 1 {
		t.Errorf("Job: got the last event %d and the error %v, want 1", job.LastEvent, err)
	}
}

// TestTakenRequest ends the context of a call whose writing has begun.
func TestTakenRequest(t *testing.T) {
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, 1)
	ctx, cancel := context.WithCancel(t.Context())
	onCommit(s, func(_ int, commit func() error) error {
		cancel()
		return commit()
	})
	if err := s.Commit(ctx, w.lease, w.batch(running(0))); err != nil {
		t.Errorf("got the error %v for what was written", err)
	}
	if job, err := s.Job(t.Context(), w.lease.Job); err != nil || job.LastEvent != 1 {
		t.Errorf("got the last event %d and the error %v, want 1", job.LastEvent, err)
	}
}

// TestClaimAfterCommit claims a job whose former holder is writing it: the one time with news, the
// other time to end it.
func TestClaimAfterCommit(t *testing.T) {
	for _, ends := range []bool{false, true} {
		s := openTest(t, t.TempDir())
		w := mustWorker(t, s, 2)
		if _, err := s.Renew(t.Context(), w.lease.Holder, time.Nanosecond); err != nil {
			t.Fatal(err)
		}
		b := w.batch(running(0))
		if ends {
			b = w.ending()
		}
		release := hangIn(t, s, func() error { return w.commit(t.Context(), b) })
		var all sync.WaitGroup
		all.Go(func() {
			lease, job, err := s.Claim(t.Context(), uuid.New(), time.Hour)
			switch {
			case ends && !errors.Is(err, orchestrator.ErrNotFound):
				t.Errorf("claimed the job %d in state %s with the error %v", lease.Job, job.State, err)
			case !ends && (err != nil || lease.Job != w.lease.Job || job.LastEvent != 1 || job.Counts.Running != 1):
				t.Errorf("claimed the job %d with %d events and the error %v", lease.Job, job.LastEvent, err)
			}
		})
		queued(t, s, 1)
		release()
		all.Wait()
		if err := w.commit(t.Context(), w.batch(running(1))); !errors.Is(err, orchestrator.ErrLeaseLost) {
			t.Errorf("a commit after the claim: got the error %v", err)
		}
	}
}

// TestRefusedByBadger fails a commit before anything is written.
func TestRefusedByBadger(t *testing.T) {
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, 2)
	onCommit(s, func(group int, commit func() error) error {
		if group == 1 {
			return badgerdb.ErrTxnTooBig
		}
		return commit()
	})
	if err := s.Commit(t.Context(), w.lease, w.batch(running(0))); !errors.Is(err, badgerdb.ErrTxnTooBig) {
		t.Errorf("got the error %v", err)
	}
	w.mustCommit(t, w.batch(running(1)))
	states := []orchestrator.NodeState{}
	for n, err := range s.Nodes(t.Context(), w.lease.Job, orchestrator.NodeQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, n.State)
	}
	if !slices.Equal(states, []orchestrator.NodeState{orchestrator.NodeNew, orchestrator.NodeRunning}) {
		t.Errorf("got the states %v", states)
	}
}

var errDisk = errors.New("input/output error")

// TestFailedDisk fails a commit whose rows may be on the disk, or not, and opens the store again.
func TestFailedDisk(t *testing.T) {
	for _, written := range []bool{false, true} {
		t.Run(fmt.Sprintf("written=%t", written), func(t *testing.T) {
			dir := t.TempDir()
			s := openTest(t, dir)
			w := mustWorker(t, s, 2)
			w.mustCommit(t, w.batch(running(0)))
			var commits atomic.Int64
			onCommit(s, func(_ int, commit func() error) error {
				commits.Add(1)
				if written {
					if err := commit(); err != nil {
						t.Error(err)
					}
				}
				return errDisk
			})
			lost := w.batch(finished(0, 100), running(1))
			select {
			case <-s.Failed():
				t.Error("the store says that it has failed before it has")
			default:
			}
			commitErr := s.Commit(t.Context(), w.lease, lost)
			<-s.Failed()
			_, jobErr := s.Job(t.Context(), w.lease.Job)
			_, createErr := s.CreateJob(t.Context(), testJob(), nodeNames(1))
			_, _, claimErr := s.Claim(t.Context(), uuid.New(), time.Hour)
			_, renewErr := s.Renew(t.Context(), w.lease.Holder, time.Hour)
			for call, err := range map[string]error{"Commit": commitErr, "Job": jobErr, "CreateJob": createErr, "Claim": claimErr, "Renew": renewErr} {
				if !errors.Is(err, errDisk) || !errors.Is(err, orchestrator.ErrClosed) {
					t.Errorf("%s: got the error %v, want one that matches ErrClosed and what the disk says", call, err)
				}
			}
			if n := commits.Load(); n != 1 {
				t.Errorf("got %d commits, want 1", n)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}

			s = openTest(t, dir)
			job, err := s.Job(t.Context(), w.lease.Job)
			if err != nil {
				t.Fatal(err)
			}
			want := w.progress
			if written {
				want = lost.Progress
			}
			same(t, "progress", job.Progress, want)
			again, err := claimAny(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			again.mustCommit(t, again.batch(finished(1, 50)))
		})
	}
}
