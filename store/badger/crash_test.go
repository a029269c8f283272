package badger

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// crashDir names the environment variable that makes TestCommitForever do what its name says.
const crashDir = "TEST_BADGER_CRASH_DIR"

// TestCommitForever is what TestKilled kills: it commits to several jobs, and creates one, until
// it is killed. It prints a line after each commit that has been acknowledged.
func TestCommitForever(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("part of TestKilled")
	}
	s := openTest(t, dir)
	var mu sync.Mutex
	acknowledge := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf(format+"\n", args...)
	}
	var workers []*worker
	for range 4 {
		w, err := claimAny(t.Context(), s)
		if err != nil {
			if w, err = newWorker(t.Context(), s, 1000); err != nil {
				t.Error(err)
				return
			}
			acknowledge("created %d", w.lease.Job)
		}
		workers = append(workers, w)
	}
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(func() {
			for w.progress.LastEvent < 2000 {
				i := int(w.progress.LastEvent) / 2
				n := running(i)
				if w.progress.LastEvent%2 == 1 {
					n = finished(i, 400)
				}
				if err := w.commit(t.Context(), w.batch(n)); err != nil {
					t.Error(err)
					return
				}
				acknowledge("committed %d %d", w.lease.Job, w.progress.LastEvent)
			}
		})
	}
	all.Go(func() {
		for {
			job, err := s.CreateJob(t.Context(), testJob(), nodeNames(20_000))
			if err != nil {
				t.Error(err)
				return
			}
			acknowledge("created %d", job.ID)
		}
	})
	all.Wait()
}

// TestKilled kills a process in the middle of commits, several times, and looks whether all that
// it acknowledged is there.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	acknowledged := map[orchestrator.JobID]orchestrator.EventID{}
	for round := range 3 {
		commitAndKill(t, dir, 300, acknowledged)
		s := openTest(t, dir)
		s.background.Wait()
		if len(acknowledged) < 5 {
			t.Fatalf("only %d jobs were created", len(acknowledged))
		}
		for id, last := range acknowledged {
			checkKilled(t, s, id, last)
		}
		page, err := s.Jobs(t.Context(), orchestrator.JobQuery{})
		if err != nil || page.Total != len(page.Jobs) || page.Jobs[len(page.Jobs)-1].ID != orchestrator.JobID(page.Total) {
			t.Errorf("got %d jobs of %d and the error %v", len(page.Jobs), page.Total, err)
		}
		if rows := countRows(t, s); rows[kindStaged] != 0 {
			t.Errorf("round %d: sets that belong to no job are left: %v", round, rows)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// commitAndKill runs TestCommitForever until it has acknowledged so many calls, kills it, and
// notes what it has acknowledged.
func commitAndKill(t *testing.T, dir string, lines int, acknowledged map[orchestrator.JobID]orchestrator.EventID) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCommitForever$")
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	text := bufio.NewReader(out)
	note := func(line string) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			return
		}
		id, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return
		}
		var last int64
		if fields[0] == "committed" && len(fields) == 3 {
			if last, err = strconv.ParseInt(fields[2], 10, 64); err != nil {
				return
			}
		}
		job := orchestrator.JobID(id)
		acknowledged[job] = max(acknowledged[job], orchestrator.EventID(last))
	}
	for range lines {
		line, err := text.ReadString('\n')
		if err != nil {
			t.Fatalf("the process ended by itself: %v: %s", err, line)
		}
		note(line)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(text)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(rest)) {
		if strings.HasSuffix(line, "\n") {
			note(line)
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process was not killed")
	}
}

// checkKilled checks that a job has at least the events that were acknowledged, and that its
// parts fit together.
func checkKilled(t *testing.T, s *Store, id orchestrator.JobID, acknowledged orchestrator.EventID) {
	t.Helper()
	job, err := s.Job(t.Context(), id)
	if err != nil {
		t.Errorf("job %d: %v", id, err)
		return
	}
	if job.LastEvent < acknowledged {
		t.Errorf("job %d has %d events, %d were acknowledged", id, job.LastEvent, acknowledged)
	}
	next := orchestrator.EventID(1)
	for ev, err := range s.Events(t.Context(), id, 1) {
		if err != nil || ev.ID != next || ev.Node.LatestEvent != ev.ID {
			t.Errorf("job %d: got the event %d and the error %v, want the event %d", id, ev.ID, err, next)
			return
		}
		next++
	}
	if next != job.LastEvent+1 {
		t.Errorf("job %d has %d events, want %d", id, next-1, job.LastEvent)
	}
	var counts orchestrator.NodeCounts
	for n, err := range s.Nodes(t.Context(), id, orchestrator.NodeQuery{}) {
		switch {
		case err != nil:
			t.Errorf("job %d: %v", id, err)
		case n.State == orchestrator.NodeNew:
			counts.New++
		case n.State == orchestrator.NodeRunning:
			counts.Running++
		case n.State == orchestrator.NodeFinished:
			counts.Finished++
		}
	}
	if counts != job.Counts {
		t.Errorf("job %d counts %+v, its nodes are %+v", id, job.Counts, counts)
	}
}
