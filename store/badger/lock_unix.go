//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package badger

import (
	"fmt"
	"os"
	"syscall"
)

// lockDir takes the lock on a directory that Badger takes when it opens one.
func lockDir(dir string) (unlock func(), err error) {
	f, err := os.Open(dir) //nolint:gosec // G304: the directory is that of the store
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("another store has it open, in this process or another: %w", err)
	}
	return func() { _ = f.Close() }, nil
}
