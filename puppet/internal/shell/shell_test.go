package shell_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/internal/shell"
	"github.com/seed-54b7607b/orchestrator/puppet/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// through returns an Exec that has another program for /bin/sh.
func through(sh string) shell.Exec {
	return func(ctx context.Context, _ string, c shell.Call) error {
		cmd := exec.CommandContext(ctx, sh, c.Argv[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		err := cmd.Run()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
			return err
		}
		if err != nil {
			return fmt.Errorf("%w: %w", shell.ErrCut, err)
		}
		return nil
	}
}

// TestShells runs the suite for transports through the shells that are most often sh.
func TestShells(t *testing.T) {
	for _, name := range []string{"dash", "bash"} {
		t.Run(name, func(t *testing.T) {
			program, err := exec.LookPath(name)
			if err != nil {
				t.Fatal(err)
			}
			sh := filepath.Join(t.TempDir(), "sh")
			if err := os.Symlink(program, sh); err != nil {
				t.Fatal(err)
			}
			transport := &shell.Transport{Exec: through(sh), Dir: t.TempDir(), Grace: time.Second}
			transporttest.Run(t, "node", func(*testing.T) puppet.Transport { return transport })
		})
	}
}

func TestNothingIsKeptOfACommandThatHasEnded(t *testing.T) {
	dir := t.TempDir()
	transport := &shell.Transport{Exec: through("/bin/sh"), Dir: dir, Grace: time.Second}
	for _, id := range []string{"", "job-1"} {
		if _, err := transport.Run(t.Context(), "node", puppet.Command{ID: id, Argv: []string{"true"}, Stdin: []byte("secret")}); err != nil {
			t.Fatal(err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "node", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%q is left, %v", left, err)
	}
}

// TestOldCommandsAreForgotten has a node forget a command that ended long ago, and nobody asks for.
func TestOldCommandsAreForgotten(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "other-node", "job-1")
	young := filepath.Join(dir, "node", "job-2")
	for at, command := range map[time.Time]string{time.Now().AddDate(0, 0, -9): old, time.Now(): young} {
		if err := os.MkdirAll(command, 0o700); err != nil {
			t.Fatal(err)
		}
		status := filepath.Join(command, "status")
		if err := os.WriteFile(status, []byte("0 -\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(status, at, at); err != nil {
			t.Fatal(err)
		}
	}
	transport := &shell.Transport{Exec: through("/bin/sh"), Dir: dir, Grace: time.Second}
	if _, err := transport.Run(t.Context(), "node", puppet.Command{Argv: []string{"true"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", old, err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Error(err)
	}
}

// TestStateIsPrivate looks at what is kept of a command while it runs.
func TestStateIsPrivate(t *testing.T) {
	dir := t.TempDir()
	transport := &shell.Transport{Exec: through("/bin/sh"), Dir: filepath.Join(dir, "state"), Grace: time.Second}
	exit, err := transport.Run(t.Context(), "node", puppet.Command{
		Argv:  []string{"sh", "-c", `cat >/dev/null; find "$1" -type d; find "$1" -perm /077; grep -rs --devices=skip secret "$1"`, "sh", dir + "/state"},
		Env:   map[string]string{"PT_x": "secret"},
		Stdin: []byte("secret"),
	})
	if err != nil {
		t.Fatal(err)
	}
	found := strings.Fields(string(exit.Stdout))
	if len(found) != 3 || !strings.HasPrefix(found[2], dir+"/state/node/anonymous-") {
		t.Errorf("found %q and %q", found, exit.Stderr)
	}
}

func BenchmarkRun(b *testing.B) {
	transport := &shell.Transport{Exec: through("/bin/sh"), Dir: b.TempDir(), Grace: time.Second}
	for b.Loop() {
		if _, err := transport.Run(b.Context(), "node", puppet.Command{Argv: []string{"true"}}); err != nil {
			b.Fatal(err)
		}
	}
}

// A file may be removed after it has been looked at, and before it is read.
func TestFileThatVanishes(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "lock")
	head, err := exec.LookPath("head")
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{file: "1", filepath.Join(dir, "head"): "#!/bin/sh\nrm -f '" + file + "'\nexec '" + head + "' \"$@\"\n"} {
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	transport := &shell.Transport{Exec: through("/bin/sh"), Dir: t.TempDir(), Grace: time.Second}
	if got, err := transport.Get(t.Context(), "node", file, 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %q, %v", got.Content, err)
	}
}
