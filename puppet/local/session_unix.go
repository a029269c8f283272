//go:build unix

package local

import "syscall"

// ownSession has a process lead a session.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
