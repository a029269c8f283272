package badger

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// reopen closes a store and opens it again.
func reopen(t *testing.T, s *Store, dir string) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return openTest(t, dir)
}

// TestNewestProgress changes a job in all ways, and opens the store again after each: what was written
// last holds, whichever row it is in.
func TestNewestProgress(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	w := mustWorker(t, s, 3)
	silent := func(state orchestrator.JobState) orchestrator.Batch {
		b := orchestrator.Batch{Progress: w.progress.Clone()}
		b.Progress.State = state
		b.Progress.Status = append(b.Progress.Status, orchestrator.StateChange{State: state, At: at(5)})
		return b
	}
	steps := []struct {
		name string
		make func() orchestrator.Batch // nil for a request to stop
	}{
		{"created", nil},
		{"changed without an event", func() orchestrator.Batch { return silent(orchestrator.JobReady) }},
		{"changed with an event", func() orchestrator.Batch { return w.batch(running(0)) }},
		{"asked to stop", nil},
		{"changed with events", func() orchestrator.Batch { return w.batch(finished(0, 10), running(1)) }},
		{"changed without an event again", func() orchestrator.Batch { return silent(orchestrator.JobStopping) }},
		{"changed with a large event", func() orchestrator.Batch {
			n := running(1)
			n.Message = strings.Repeat("x", 3*maxPiece)
			return w.batch(n)
		}},
		{"ended", func() orchestrator.Batch { return w.ending() }},
	}
	for i, step := range steps {
		switch {
		case step.make != nil:
			w.mustCommit(t, step.make())
		case i > 0:
			if _, err := s.RequestStop(t.Context(), 1, false); err != nil {
				t.Fatal(err)
			}
		}
		before, err := s.Job(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		same(t, step.name+": progress", before.Progress, w.progress)
		s = reopen(t, s, dir)
		after, err := s.Job(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		same(t, step.name+": opened again", after, before)
		if !after.State.Terminal() {
			if w, err = claimAny(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	if rows := countRows(t, s); rows[kindLive] != 0 || rows[kindUnfinished] != 0 || len(s.state.unfinished) != 0 {
		t.Errorf("what is left of an unfinished job: %v", rows)
	}
}

// TestLongStatus opens a store with a job whose progress is longer than a row.
func TestLongStatus(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	w := mustWorker(t, s, 1)
	b := w.batch(running(0))
	for i := range 2 * maxPiece {
		b.Progress.Status = append(b.Progress.Status, orchestrator.StateChange{State: orchestrator.JobRunning, At: at(i)})
	}
	w.mustCommit(t, b)
	s = reopen(t, s, dir)
	job, err := s.Job(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "progress", job.Progress, w.progress)
}

// TestUnfinishedChunks ends some of many jobs, and opens the store again.
func TestUnfinishedChunks(t *testing.T) {
	const jobs = 2*jobsPerChunk + 3
	dir := t.TempDir()
	s := openTest(t, dir)
	var want []orchestrator.JobID
	for id := orchestrator.JobID(1); id <= jobs; id++ {
		w := mustWorker(t, s, 1)
		if ends := id%3 == 0 || id < jobsPerChunk; ends {
			w.mustCommit(t, w.ending())
		} else {
			want = append(want, id)
		}
	}
	if rows := countRows(t, s); rows[kindUnfinished] != 2 {
		t.Errorf("%d rows of unfinished jobs, want one for each of two chunks", rows[kindUnfinished])
	}
	s = reopen(t, s, dir)
	var got []orchestrator.JobID
	for range want {
		w, err := claimAny(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, w.lease.Job)
	}
	if !slices.Equal(got, want) {
		t.Errorf("unfinished are %v, want %v", got, want)
	}
	if _, err := claimAny(t.Context(), s); err == nil {
		t.Error("there is one more")
	}
}

// TestFewNames keeps the names of few nodes with the job, however long the rest of it is, and removes
// what tells where they are together with it.
func TestFewNames(t *testing.T) {
	for name, job := range map[string]orchestrator.Job{
		"short": testJob(),
		"long":  {JobSpec: orchestrator.JobSpec{Command: orchestrator.CommandDeploy, Description: strings.Repeat("x", 2*partSize)}, Progress: testJob().Progress},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openTest(t, dir)
			names := nodeNames(maxSmall)
			if _, err := s.CreateJob(t.Context(), job, names); err != nil {
				t.Fatal(err)
			}
			if rows := countRows(t, s); rows[kindNames] != 0 || rows[kindBucket] == 0 {
				t.Errorf("what was written: %v", rows)
			}
			s = reopen(t, s, dir)
			if got := readNames(t, s, 1); !slices.Equal(got, names) {
				t.Errorf("got the nodes %v, want %v", got, names)
			}
			for _, node := range names {
				page, err := s.Jobs(t.Context(), orchestrator.JobQuery{Node: node})
				if err != nil || len(page.Jobs) != 1 {
					t.Errorf("jobs with the node %s: got %d and the error %v, want 1", node, len(page.Jobs), err)
				}
			}
			w, err := claimAny(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			w.mustCommit(t, w.ending())
			if n, err := s.PruneJobs(t.Context(), at(100)); err != nil || n != 1 {
				t.Fatalf("removed %d jobs, and got the error %v", n, err)
			}
			s.background.Wait()
			for kind, n := range countRows(t, s) {
				if kind != kindMeta {
					t.Errorf("%d rows of kind %c are left", n, kind)
				}
			}
		})
	}
}

// TestPiecesAreRemoved removes jobs that have rows in pieces of all kinds.
func TestPiecesAreRemoved(t *testing.T) {
	s := openTest(t, t.TempDir())
	for _, nodes := range []int{1, maxSmall, maxSmall + 1, namesPerChunk + 1} {
		names := nodeNames(nodes)
		for i := range names {
			names[i] += strings.Repeat("x", 200)
		}
		job := testJob()
		job.Description, job.Environment = strings.Repeat("x", maxInlineSpec-1000), strings.Repeat("x", 6000)
		if _, err := s.CreateJob(t.Context(), job, names); err != nil {
			t.Fatal(err)
		}
		w, err := claimAny(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		long := running(0)
		long.Name, long.Result = names[0], result(2*maxPiece, 0)
		w.mustCommit(t, w.batch(long))
		long = finished(0, 2*maxPiece)
		long.Name = names[0]
		w.mustCommit(t, w.batch(long))
		w.mustCommit(t, w.ending())
	}
	if err := s.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows := countRows(t, s); rows[kindPiece] < 12 {
		t.Errorf("few rows are in pieces: %v", rows)
	}
	for removed := 0; removed < 4; {
		n, err := s.PruneJobs(t.Context(), at(100))
		if err != nil || n == 0 {
			t.Fatalf("removed %d jobs, and got the error %v", n, err)
		}
		removed += n
	}
	s.background.Wait()
	for kind, n := range countRows(t, s) {
		if kind != kindMeta {
			t.Errorf("%d rows of kind %c are left", n, kind)
		}
	}
}

// TestCorruptNames reads a job whose row has not as many names as the job has nodes.
func TestCorruptNames(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	w := mustWorker(t, s, 2)
	view, _ := s.state.live(w.lease.Job)
	tail := tail{asked: view.asked, names: encodeNames([]string{"a"}), spec: encodeSpec(&orchestrator.JobSpec{})}
	value, err := encodeJob(&view, tail.encode())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, dir, row{jobKey(1), value})
	s = openTest(t, dir)
	for _, err := range s.Nodes(t.Context(), 1, orchestrator.NodeQuery{}) {
		wantText(t, "Nodes", err, "out of range", keyText(jobKey(1)))
	}
}
