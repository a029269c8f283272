//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package badger

import "errors"

// lockDir is not known to take the lock that Badger takes here.
func lockDir(string) (unlock func(), err error) {
	return nil, errors.New("a crash has left an empty log: if no program has the directory open, delete the .mem file of 0 bytes")
}
