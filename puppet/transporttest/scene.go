package transporttest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seed-54b7607b/orchestrator/puppet"
)

// scene is what a check works with.
type scene struct {
	node string
	dir  string
	open func() puppet.Transport
	t    puppet.Transport
}

// newID returns an ID that was never used.
func newID() string { return "check-" + rand.Text() }

// sh returns a command that is a shell's script.
func sh(script string, args ...string) puppet.Command {
	return puppet.Command{Argv: append([]string{"/bin/sh", "-c", script, "sh"}, args...)}
}

// path returns the path of a file of the check.
func (s *scene) path(name string) string { return filepath.Join(s.dir, name) }

// run runs a command that has to succeed, and returns what it prints.
func (s *scene) run(ctx context.Context, c puppet.Command) (string, error) {
	exit, err := s.t.Run(ctx, s.node, c)
	if err != nil {
		return "", fmt.Errorf("the command was not run: %w", err)
	}
	if exit.Status != 0 || exit.Signal != "" || exit.Stopped {
		return "", fmt.Errorf("the command ended with status %d, signal %q, Stopped %t: %s", exit.Status, exit.Signal, exit.Stopped, exit.Stderr)
	}
	return string(exit.Stdout), nil
}

// outcome is what came of a command.
type outcome struct {
	exit puppet.Exit
	err  error
}

// start runs a command, and returns when it has made the file that $1 names there.
func (s *scene) start(ctx context.Context, c puppet.Command) (<-chan outcome, error) {
	began := s.path("began-" + rand.Text())
	c.Argv = append(c.Argv, began)
	ended := make(chan outcome, 1)
	go func() {
		exit, err := s.t.Run(ctx, s.node, c)
		ended <- outcome{exit, err}
	}()
	for {
		if _, err := os.Stat(began); err == nil {
			return ended, nil
		}
		select {
		case out := <-ended:
			return nil, fmt.Errorf("the command ended at once: %+v %w", out.exit, out.err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

var errNoReturn = errors.New("the call does not return")

// await waits for what comes of a command.
func await(ctx context.Context, ended <-chan outcome) outcome {
	select {
	case out := <-ended:
		return out
	case <-ctx.Done():
		return outcome{err: errNoReturn}
	}
}

// pids reads the processes whose numbers are in a file.
func pids(file string) ([]int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []int
	for word := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			return nil, err
		}
		all = append(all, pid)
	}
	if len(all) == 0 {
		return nil, errors.New("no process has said its number")
	}
	return all, nil
}

// running reports whether a process is there and is no corpse.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}
