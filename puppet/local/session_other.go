//go:build !unix

package local

import "syscall"

// ownSession changes nothing where there are no sessions, and no sh either as a rule.
func ownSession() *syscall.SysProcAttr { return nil }
