package badger

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// crashed returns a directory as a crash leaves it, with what a store had acknowledged: a job and an
// event.
func crashed(t *testing.T) string {
	t.Helper()
	dir, left := t.TempDir(), t.TempDir()
	s := openTest(t, dir)
	w := mustWorker(t, s, 2)
	w.mustCommit(t, w.batch(running(0)))
	if err := os.CopyFS(left, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return left
}

// empty makes a file of a directory have no length.
func empty(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestOpenAfterACrash opens what is left of a crash in the moment in which Badger makes a log, or
// deletes one.
func TestOpenAfterACrash(t *testing.T) {
	for name, files := range map[string][]string{
		"no empty file":             {},
		"newest log of memtables":   {"00009.mem"},
		"deleted log of memtables":  {"00000.mem"},
		"value log":                 {"000001.vlog"},
		"newer value logs and both": {"000008.vlog", "000009.vlog", "00009.mem"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := crashed(t)
			for _, file := range files {
				empty(t, dir, file)
			}
			var text bytes.Buffer
			s, err := Open(dir, &Options{Logger: slog.New(slog.NewTextHandler(&text, nil))})
			if err != nil {
				t.Fatal(err)
			}
			job, err := s.Job(t.Context(), 1)
			if err != nil || job.LastEvent != 1 {
				t.Errorf("got the last event %d and the error %v, want what was acknowledged", job.LastEvent, err)
			}
			if _, err := s.CreateJob(t.Context(), testJob(), nodeNames(1)); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if got := bytes.Count(text.Bytes(), []byte("removed an empty file")); got != len(files) {
				t.Errorf("%d empty files are reported, want %d:\n%s", got, len(files), &text)
			}
			if job, err := openTest(t, dir).Job(t.Context(), 2); err != nil || job.ID != 2 {
				t.Errorf("the job that was created afterwards: got the error %v", err)
			}
		})
	}
}

// TestOpenEmptied has more empty logs than a crash leaves.
func TestOpenEmptied(t *testing.T) {
	dir := crashed(t)
	for _, file := range []string{"00008.mem", "00009.mem"} {
		empty(t, dir, file)
	}
	_, err := Open(dir, quiet())
	wantText(t, "Open", err, dir, "00008.mem and 00009.mem are empty", "restore the directory from a copy, or delete these files")
	for _, file := range []string{"00008.mem", "00009.mem"} {
		if err := os.Remove(filepath.Join(dir, file)); err != nil {
			t.Errorf("Open has touched what it refuses: %v", err)
		}
	}
	if job, err := openTest(t, dir).Job(t.Context(), 1); err != nil || job.LastEvent != 1 {
		t.Errorf("after they were deleted: got the last event %d and the error %v", job.LastEvent, err)
	}
}

// TestOpenBesideAnEmptyLog has a store open that is just making a log: it is not taken away.
func TestOpenBesideAnEmptyLog(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	empty(t, dir, "00009.mem")
	_, err := Open(dir, quiet())
	wantText(t, "a second Open", err, "another store has it open")
	if _, err := os.Stat(filepath.Join(dir, "00009.mem")); err != nil {
		t.Errorf("the log of the other store: %v", err)
	}
	if _, err := s.Job(t.Context(), 1); !errors.Is(err, orchestrator.ErrNotFound) {
		t.Errorf("the other store: got the error %v", err)
	}
}
