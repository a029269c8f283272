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

// TestFlushedOtherwise flushes while the log cannot be opened, until long after it has changed, and when it can be
// again.
func TestFlushedOtherwise(t *testing.T) {
	s := openTest(t, t.TempDir())
	const last = 40
	w := mustWorker(t, s, last+1)
	write := func(node int) {
		t.Helper()
		w.mustCommit(t, w.batch(finished(node, 1_000_000)))
		wantClean(t, s)
	}
	write(0)
	first, dir := s.writer.flusher.number, s.writer.flusher.dir
	s.writer.flusher.dir = filepath.Join(dir, "KEYREGISTRY") // in which nothing can be
	for node := 1; node < last; node++ {
		write(node)
		if s.writer.flusher.log != nil {
			t.Fatal("the flusher keeps a log that may not be the last")
		}
	}
	s.writer.flusher.dir = dir
	write(last)
	if f := s.writer.flusher; f.log == nil || f.number < first+2 {
		t.Errorf("the flusher has not found log %d again, or another", f.number)
	}
}

// TestFlushedBesideAnother flushes the log beside a file that has its successor's name.
func TestFlushedBesideAnother(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	w := mustWorker(t, s, 10)
	next := filepath.Join(dir, fmt.Sprintf("%05d", s.writer.flusher.number+1)+logSuffix)
	if err := os.WriteFile(next, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for node := range 3 {
		w.mustCommit(t, w.batch(running(node)))
		if err := os.Remove(next); err != nil {
			t.Fatal(err)
		}
		wantClean(t, s)
		if err := os.WriteFile(next, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(next); err != nil {
		t.Fatal(err)
	}
}

// TestNotMapped tells a file that this process has not mapped, or does not know, from one that does not exist.
func TestNotMapped(t *testing.T) {
	open, closed := mustCreate(t), mustCreate(t)
	defer open.Close()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]*os.File{"not mapped": open, "not in /proc": closed} {
		if err := checkMapped(file); !errors.Is(err, errNotMapped) || errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: error %v, want errNotMapped and not ErrNotExist", name, err)
		}
	}
}

func mustCreate(t *testing.T) *os.File {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestFlushedInValueLog writes a row that gets into the value log.
func TestFlushedInValueLog(t *testing.T) {
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, 5)
	w.mustCommit(t, w.ending())
	for _, length := range []int{valueThreshold - 1, valueThreshold} {
		err := s.writer.do(t.Context(), &settling{w.lease.Job, []row{{specKey(1 << 60), bytes.Repeat([]byte("x"), length)}}})
		if err != nil {
			t.Errorf("a row of %d bytes: %v", length, err)
		}
		wantClean(t, s)
		if length == valueThreshold {
			wantFlushed(t, s, "*.vlog")
		}
	}
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
		t.Fatalf("Commit: error %v, want ErrClosed and EINVAL", err)
	}
	<-s.Failed()
}

// wantClean checks that no log of a store has anything that is not on the disk.
func wantClean(t *testing.T, s *Store) {
	t.Helper()
	wantFlushed(t, s, "*"+logSuffix)
}

// wantFlushed checks that no file of a store whose name matches has anything that is not on the disk. Where the
// kernel does not tell, as before Linux 6.5 and in file systems without a disk, it checks nothing.
func wantFlushed(t *testing.T, s *Store, pattern string) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(s.db.Opts().Dir, pattern))
	if err != nil || len(logs) == 0 {
		t.Fatalf("logs %v, error %v", logs, err)
	}
	if !tells(t) {
		t.Log("the kernel does not tell what is on the disk")
		return
	}
	for _, log := range logs {
		dirty, err := dirtyPages(log)
		if errors.Is(err, os.ErrNotExist) {
			continue // all of it has just become a table
		}
		if err != nil || dirty > 0 {
			t.Fatalf("%s: %d pages are not on the disk, error %v", log, dirty, err)
		}
	}
}

// tells reports whether the kernel tells what is on the disk.
func tells(t *testing.T) bool {
	t.Helper()
	file := mustCreate(t)
	defer file.Close()
	if _, err := file.WriteString("not flushed"); err != nil {
		t.Fatal(err)
	}
	dirty, err := dirtyPages(file.Name())
	return err == nil && dirty > 0
}

// dirtyPages returns how many pages of a file are not on the disk.
func dirtyPages(name string) (uint64, error) {
	file, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	const cachestat = 451 // on nearly all architectures; where it is not, the kernel is not asked
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
