package badger

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// TestRecentJobs keeps more jobs than there is memory for.
func TestRecentJobs(t *testing.T) {
	r := newRecentJobs()
	job := testJob()
	job.Description = strings.Repeat("x", 10_000)
	often := testJob()
	often.ID = 1
	r.add(&often)
	for id := range orchestrator.JobID(5000) {
		other := job
		other.ID = id + 2
		r.add(&other)
		if r.get(1) != &often {
			t.Fatalf("after %d others: a job that was asked for all the time is forgotten", id+1)
		}
		if r.get(id+2) != &other {
			t.Fatalf("the job %d is not kept", id+2)
		}
	}
	size := 0
	for id := range orchestrator.JobID(5002) {
		if job := r.get(id); job != nil {
			r.Remove(id)
			size += sizeOfJob(job)
		}
	}
	if size > maxRecent || size < maxRecent/4 {
		t.Errorf("%d bytes are kept", size)
	}
	job.ID, job.Description = 9999, strings.Repeat("x", maxRecentJob)
	if r.add(&job); r.get(9999) != nil {
		t.Error("a job that is too large is kept")
	}
}

// pageOf returns the newest jobs in the order by ID.
func pageOf(t *testing.T, s *Store, q orchestrator.JobQuery) orchestrator.JobPage {
	t.Helper()
	page, err := s.Jobs(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// TestRecentJobGoesOn reads a job again and again while it goes on and ends.
func TestRecentJobGoesOn(t *testing.T) {
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, 3)
	id := w.lease.Job
	check := func() {
		t.Helper()
		for range 2 {
			job, err := s.Job(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			listed := pageOf(t, s, orchestrator.JobQuery{Descending: true, Limit: 5})
			found := pageOf(t, s, orchestrator.JobQuery{State: w.progress.State, Limit: 5})
			for _, job := range []orchestrator.Job{job, listed.Jobs[0], found.Jobs[0]} {
				if job.ID != id || job.State != w.progress.State || job.LastEvent != w.progress.LastEvent || job.Counts != w.progress.Counts || job.Owner.Login != "brenda" {
					t.Errorf("got %+v, want the progress %+v", job, w.progress)
				}
			}
		}
	}
	check()
	w.mustCommit(t, w.batch(running(0), running(2)))
	check()
	w.mustCommit(t, w.batch(finished(0, 50), finished(2, 50)))
	check()
	w.mustCommit(t, w.ending())
	check()
	if !s.state.keptJob(id).State.Terminal() {
		t.Error("the job is not kept as it ended")
	}
	if job, err := s.RequestStop(t.Context(), id, true); err != nil || job.State != orchestrator.JobFinished || job.Stop != orchestrator.StopNone {
		t.Errorf("got %+v and the error %v", job, err)
	}
}

// TestRecentJobRemoved removes a job that is kept, and another while it is being read.
func TestRecentJobRemoved(t *testing.T) {
	s := openTest(t, t.TempDir())
	for range 3 {
		w := mustWorker(t, s, 1)
		w.finish(t, 1, 50)
		w.mustCommit(t, w.ending())
	}
	if page := pageOf(t, s, orchestrator.JobQuery{Limit: 2}); page.Total != 3 || len(page.Jobs) != 2 {
		t.Fatalf("got %d of %d jobs", len(page.Jobs), page.Total)
	}
	third, err := s.stored(3)
	if err != nil {
		t.Fatal(err)
	}
	job, err := third.job()
	if err != nil {
		t.Fatal(err)
	}
	removals := s.state.removals // as of when the third was read
	if n, err := s.PruneJobs(t.Context(), at(100)); n != 3 || err != nil {
		t.Fatalf("got %d jobs removed and the error %v", n, err)
	}
	s.state.keep(removals, job)
	for id := range orchestrator.JobID(4) {
		if _, err := s.Job(t.Context(), id); !errors.Is(err, orchestrator.ErrNotFound) {
			t.Errorf("job %d: got the error %v", id, err)
		}
	}
	for _, q := range []orchestrator.JobQuery{{Limit: 5}, {Limit: 5, Descending: true}, {State: orchestrator.JobFinished}} {
		if page := pageOf(t, s, q); page.Total != 0 || len(page.Jobs) != 0 {
			t.Errorf("got %d of %d jobs", len(page.Jobs), page.Total)
		}
	}
}
