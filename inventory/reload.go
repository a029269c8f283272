package inventory

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

const (
	maxFile = 16 << 20

	// lookEvery is how often the file is looked at, at most.
	lookEvery = time.Second

	// settled is how old the time of a file has to be before another change is sure to alter it.
	settled = 2 * time.Second
)

// fileState is how the file was when it was read.
type fileState struct {
	info os.FileInfo // nil if it has to be read again, whatever it looks like
	sum  [sha256.Size]byte
}

// fleet returns what was read last. One of its callers looks at the file; nobody waits for it.
func (f *File) fleet() *fleet {
	if f.mu.TryLock() {
		defer f.mu.Unlock()
		if time.Since(f.looked) >= lookEvery {
			f.look()
			f.looked = time.Now()
		}
	}
	return f.current.Load()
}

// look reads the file again if it may have changed, and logs what came of it.
func (f *File) look() {
	changed, err := f.read()
	switch {
	case err != nil && err.Error() != f.problem:
		f.problem = err.Error()
		f.opts.Logger.Error("inventory not read again: what was read before stays in force", "err", err)
	case err == nil && (changed || f.problem != ""):
		f.problem = ""
		f.opts.Logger.Info("inventory read again", "file", f.path, "nodes", len(f.current.Load().nodes))
	}
}

// read reads the file if it may have changed, and reports whether it has.
func (f *File) read() (changed bool, err error) {
	info, err := os.Stat(f.path)
	if err == nil && sameFile(info, f.state.info) {
		return false, nil
	}
	f.state.info = nil
	if err != nil {
		return false, err
	}
	text, err := readBounded(f.path, info)
	if err != nil {
		return false, fmt.Errorf("%s: %w", f.path, err)
	}
	sum := sha256.Sum256(text)
	if f.current.Load() == nil || sum != f.state.sum {
		dir, home := directories(f.path)
		parsed, err := parse(text, dir, home)
		if err != nil {
			return false, fmt.Errorf("%s: %w", f.path, err)
		}
		f.current.Store(parsed)
		f.state.sum, changed = sum, true
	}
	if time.Since(info.ModTime()) >= settled {
		f.state.info = info
	}
	return changed, nil
}

// readBounded reads a file that only those may write who may say what is run.
func readBounded(path string, info os.FileInfo) ([]byte, error) {
	switch {
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file") // and might never end, or never begin
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o002 != 0:
		return nil, fmt.Errorf("may be written by everybody: its mode is %04o (chmod o-w)", info.Mode().Perm())
	}
	file, err := os.Open(path) //nolint:gosec // it is the one that the program was told to read
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("is larger than %d bytes", maxFile)
	}
	return text, err
}

// directories returns what the paths in a file start from. An unknown one is "".
func directories(path string) (dir, home string) {
	dir = filepath.Dir(path)
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	return dir, home
}

// sameFile reports whether nothing has happened to a file.
func sameFile(a, b os.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) &&
		a.Size() == b.Size() && a.Mode() == b.Mode() && a.ModTime().Equal(b.ModTime())
}
