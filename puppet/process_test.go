//go:build unix

package puppet

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// processes is a transport to this machine, for tests of tasks. What it has run is kept.
type processes struct {
	mu       sync.Mutex
	commands []Command
}

func (p *processes) Run(ctx context.Context, _ string, c Command) (Exit, error) {
	p.mu.Lock()
	p.commands = append(p.commands, c)
	p.mu.Unlock()
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Stdin = bytes.NewReader(c.Stdin)
	cmd.Env = os.Environ()
	for name, value := range c.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		return Exit{}, err
	}
	return Exit{Status: cmd.ProcessState.ExitCode(), Stdout: stdout.Bytes(), Stderr: stderr.Bytes(), Stopped: ctx.Err() != nil}, nil
}

func (p *processes) Attach(context.Context, string, string) (Exit, error) {
	return Exit{}, ErrNoCommand
}

func (p *processes) Put(_ context.Context, _, path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

func (p *processes) Get(_ context.Context, _, path string, _ int64) (File, error) {
	content, err := os.ReadFile(path)
	return File{Content: content}, err
}

func (p *processes) Remove(_ context.Context, _, path string) error { return os.RemoveAll(path) }

// modules writes the files of modules, and returns a directory for a modulepath.
func modules(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// watchedProcesses calls begun once there is a file.
type watchedProcesses struct {
	processes

	flag  string
	begun func()
}

func (p *watchedProcesses) Run(ctx context.Context, node string, c Command) (Exit, error) {
	if c.ID == "" {
		return p.processes.Run(ctx, node, c)
	}
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case <-ended:
				return
			case <-ticker.C:
				if _, err := os.Stat(p.flag); err == nil {
					p.begun()
					return
				}
			}
		}
	}()
	return p.processes.Run(ctx, node, c)
}
