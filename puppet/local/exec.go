package local

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/seed-54b7607b/orchestrator/puppet/internal/shell"
)

// run runs a program here, in a session of its own: no terminal's signals reach it.
func run(ctx context.Context, _ string, c shell.Call) error {
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...) //nolint:gosec // it is the shell, with a constant script
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	cmd.SysProcAttr = ownSession()
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return err
	}
	err := cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return fmt.Errorf("the shell ended with status %d", exit.ExitCode())
	}
	if err != nil {
		return fmt.Errorf("%w: %w", shell.ErrCut, err)
	}
	return nil
}
