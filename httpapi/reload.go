package httpapi

import (
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// reloadEvery is how often files are looked at, at most.
	reloadEvery = time.Second

	// settleTime is how old a file's time has to be for it to tell of every change: the times that
	// a file system keeps are coarse, and a file may change twice at what counts as one.
	settleTime = 2 * time.Second
)

// reloaded is what was read from files, and is read again when they have changed. It is looked
// after by those who use it: nothing runs in between, and nothing has to be stopped.
type reloaded[T any] struct {
	files []string
	read  func() (T, error)
	log   *slog.Logger

	current atomic.Pointer[T]
	began   time.Time
	due     atomic.Int64 // when the files are looked at next, in nanoseconds after began

	mu      sync.Mutex    // held while the files are looked at
	seen    []os.FileInfo // the files as they were read last; nil for one that could not be found
	again   bool          // that reading may have missed something
	problem string        // why the files could not be read last time, "" if they could
}

// reload reads files for the first time. It returns why that is not possible.
func reload[T any](log *slog.Logger, read func() (T, error), files ...string) (*reloaded[T], error) {
	if log == nil {
		log = slog.Default()
	}
	r := &reloaded[T]{files: files, read: read, log: log, began: time.Now()}
	r.see()
	value, err := read()
	if err != nil {
		return nil, err
	}
	r.current.Store(&value)
	r.due.Store(int64(reloadEvery))
	return r, nil
}

// get returns what was read last. One of its callers looks at the files, once a second; nobody
// waits for it.
func (r *reloaded[T]) get() T {
	if time.Since(r.began) >= time.Duration(r.due.Load()) && r.mu.TryLock() {
		defer r.mu.Unlock()
		r.look()
		r.due.Store(int64(time.Since(r.began) + reloadEvery))
	}
	return *r.current.Load()
}

// look reads the files again if they have changed. What was read before stays in force while they
// cannot be read.
func (r *reloaded[T]) look() {
	again := r.again
	changed := r.see()
	if !changed && !again {
		return
	}
	value, err := r.read()
	if err != nil {
		r.again = true
		if problem := err.Error(); problem != r.problem {
			r.problem = problem
			r.log.Error("files not read again: what was read before stays in force", "files", r.files, "err", err)
		}
		return
	}
	r.current.Store(&value)
	if changed || r.problem != "" {
		r.problem = ""
		r.log.Info("files read again", "files", r.files)
	}
}

// see notes how the files are now, and reports whether they have changed.
func (r *reloaded[T]) see() (changed bool) {
	infos := make([]os.FileInfo, len(r.files))
	r.again = false
	for i, file := range r.files {
		info, err := os.Stat(file)
		if err != nil {
			continue
		}
		infos[i] = info
		r.again = r.again || time.Since(info.ModTime()) < settleTime
	}
	changed = !slices.EqualFunc(infos, r.seen, sameInfo)
	r.seen = infos
	return changed
}

// sameInfo reports whether nothing has happened to a file.
func sameInfo(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.Mode() == b.Mode() && a.ModTime().Equal(b.ModTime())
}
