package badger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"

	"github.com/seed-54b7607b/orchestrator"
)

// TestFlushed commits until the log has changed several times, and looks after each commit whether what it
// has written is on the disk.
func TestFlushed(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	const size = 8000 // of a result
	w := mustWorker(t, s, 10_000)
	first := s.writer.flusher.number
	for i := 0; s.writer.flusher.number < first+3; i += 100 {
		batch := make([]orchestrator.Node, 100)
		for k := range batch {
			batch[k] = finished(i+k, size)
		}
		w.mustCommit(t, w.batch(batch...))
		wantClean(t, s)
		wantInLog(t, s, finished(i, size).Result)
	}
}

// TestFlushedOtherwise flushes when the log is not where it is looked for.
func TestFlushedOtherwise(t *testing.T) {
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, 10)
	s.writer.flusher.close()
	s.writer.flusher.dir = t.TempDir()
	w.mustCommit(t, w.batch(running(0)))
	if s.writer.flusher.log != nil {
		t.Error("the flusher has a log, in a directory without one")
	}
	wantClean(t, s)
}

// TestFlushFails fails a store when a log cannot be flushed.
func TestFlushFails(t *testing.T) {
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, 10)
	read, write, err := os.Pipe() // which cannot be flushed
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	s.writer.flusher.close()
	s.writer.flusher.log = read
	if err := w.commit(t.Context(), w.batch(running(0))); !errors.Is(err, orchestrator.ErrClosed) || !errors.Is(err, syscall.EINVAL) {
		t.Errorf("Commit: error %v, want ErrClosed and EINVAL", err)
	}
	<-s.Failed()
}

// wantClean checks that no log of a store has anything that is not on the disk. Where the kernel does not
// tell, before Linux 6.5, it checks nothing.
func wantClean(t *testing.T, s *Store) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(s.db.Opts().Dir, "*"+logSuffix))
	if err != nil || len(logs) == 0 {
		t.Fatalf("logs %v, error %v", logs, err)
	}
	for _, log := range logs {
		dirty, err := dirtyPages(log)
		if errors.Is(err, syscall.ENOSYS) {
			t.Log("the kernel does not tell what is on the disk")
			return
		}
		if errors.Is(err, os.ErrNotExist) {
			continue // all of it has just become a table
		}
		if err != nil || dirty > 0 {
			t.Fatalf("%s: %d pages are not on the disk, error %v", log, dirty, err)
		}
	}
}

// dirtyPages returns how many pages of a file are not on the disk.
func dirtyPages(name string) (uint64, error) {
	file, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	const cachestat = 451 // on all architectures
	var all struct{ offset, length uint64 }
	var stat struct{ cached, dirty, writeback, evicted, recentlyEvicted uint64 }
	_, _, errno := syscall.Syscall6(cachestat, file.Fd(), uintptr(unsafe.Pointer(&all)), uintptr(unsafe.Pointer(&stat)), 0, 0, 0)
	if errno != 0 {
		return 0, fmt.Errorf("cachestat %s: %w", name, errno)
	}
	return stat.dirty + stat.writeback, nil
}

// wantInLog checks that the log which is flushed has what was written last.
func wantInLog(t *testing.T, s *Store, text []byte) {
	t.Helper()
	log, err := os.ReadFile(s.writer.flusher.log.Name())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(log, text) {
		t.Fatalf("%s does not have what was committed", s.writer.flusher.log.Name())
	}
}
