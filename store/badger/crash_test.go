package badger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/seed-54b7607b/orchestrator"
)

// crashDir names the environment variable that makes the test binary do nothing but commitForever.
const crashDir = "TEST_BADGER_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, commitForever(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// What the process that is killed says that it has done, each with the job.
const (
	saysLarge     = "large"     // a job was created in parts
	saysCommitted = "committed" // and the last event
)

// commitForever is what TestKilled kills: it commits to several jobs, and creates large ones, until it
// is killed. It prints a line after each call that has been acknowledged.
func commitForever(dir string) error {
	s, err := Open(dir, quiet())
	if err != nil {
		return err
	}
	ctx := context.Background()
	var mu sync.Mutex
	acknowledge := func(args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(args...)
	}
	ended := make(chan error)
	for range 4 {
		w, err := claimAny(ctx, s)
		if errors.Is(err, orchestrator.ErrNotFound) {
			w, err = newWorker(ctx, s, 20_000)
		}
		if err != nil {
			return err
		}
		go func() {
			for {
				i := int(w.progress.LastEvent) / 2
				n := running(i)
				if w.progress.LastEvent%2 == 1 {
					n = finished(i, 400)
				}
				if err := w.commit(ctx, w.batch(n)); err != nil {
					ended <- err
					return
				}
				acknowledge(saysCommitted, w.lease.Job, w.progress.LastEvent)
			}
		}()
	}
	go func() {
		for {
			job, err := s.CreateJob(ctx, testJob(), nodeNames(20_000))
			if err != nil {
				ended <- err
				return
			}
			acknowledge(saysLarge, job.ID)
		}
	}()
	return <-ended
}

// TestKilled kills a process in the middle of commits, several times, and looks whether all that
// it acknowledged is there.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[orchestrator.JobID]orchestrator.EventID{}
	for round := range 3 {
		commitAndKill(t, dir, acknowledged)
		s := openTest(t, dir)
		s.background.Wait()
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

// commitAndKill runs commitForever until it has acknowledged many commits and a large job, however
// long that takes, kills it, and notes what it has acknowledged.
func commitAndKill(t *testing.T, dir string, acknowledged map[orchestrator.JobID]orchestrator.EventID) {
	t.Helper()
	const commits = 150
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := map[string]int{}
	note := func(line string) {
		var what string
		var job orchestrator.JobID
		var last orchestrator.EventID
		if n, err := fmt.Sscan(line, &what, &job, &last); n < 2 {
			t.Fatalf("the process says %q: %v", line, err)
		}
		said[what]++
		acknowledged[job] = max(acknowledged[job], last)
	}
	text := bufio.NewReader(out)
	for said[saysCommitted] < commits || said[saysLarge] == 0 {
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
