package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/seed-54b7607b/orchestrator/puppet/internal/shell"
)

// errUnopened: nothing has begun, because the connection has turned out to be dead.
var errUnopened = errors.New("the connection was dead")

// exec runs a program in a session of the connection to a node.
func (t *Transport) exec(ctx context.Context, node string, call shell.Call) error {
	err := t.execOnce(ctx, node, call)
	if errors.Is(err, errUnopened) {
		err = t.execOnce(ctx, node, call)
	}
	return err
}

func (t *Transport) execOnce(ctx context.Context, node string, call shell.Call) error {
	c, err := t.connect(ctx, node)
	if err != nil {
		return err
	}
	defer t.release(node, c)
	leave, err := c.enter(ctx, call.Long)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	t.work.Go(func() {
		defer leave()
		ended <- t.session(ctx, c, call)
	})
	select {
	case err = <-ended:
	case <-ctx.Done():
		// What may have begun is not waited for: the node may be silent.
		return fmt.Errorf("%w: %w", shell.ErrCut, context.Cause(ctx))
	}
	switch {
	case t.ctx.Err() != nil && (errors.Is(err, shell.ErrCut) || errors.Is(err, errUnopened)):
		return ErrClosed
	case errors.Is(err, errUnopened):
		t.drop(node, c)
	}
	return err
}

// session runs a program in a session of its own.
func (t *Transport) session(ctx context.Context, c *conn, call shell.Call) error {
	s, err := t.open(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	forget := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer forget()
	s.Stdin, s.Stdout, s.Stderr = call.Stdin, call.Stdout, call.Stderr
	if err := s.Start("exec " + shell.Quote(call.Argv...)); err != nil {
		if strings.HasPrefix(err.Error(), "ssh: command ") {
			return errors.New("the ssh server runs no commands")
		}
		return fmt.Errorf("%w: %w", shell.ErrCut, err)
	}
	err = s.Wait()
	exit, ok := errors.AsType[*ssh.ExitError](err)
	switch {
	case err == nil, err == io.EOF: //nolint:errorlint // a program that has not read all of its input has ended well, too
		return nil
	case ok && exit.Signal() == "":
		return fmt.Errorf("the shell ended with status %d", exit.ExitStatus())
	default:
		return fmt.Errorf("%w: %w", shell.ErrCut, err)
	}
}

// open opens a session, and waits when the server has too many.
func (t *Transport) open(ctx context.Context, c *conn) (*ssh.Session, error) {
	until, pause := time.Now().Add(t.opts.Retry), 100*time.Millisecond
	for {
		s, err := c.client.NewSession()
		if err == nil {
			return s, nil
		}
		refused, ok := errors.AsType[*ssh.OpenChannelError](err)
		if !ok {
			return nil, fmt.Errorf("%w: %w", errUnopened, err)
		}
		if time.Now().Add(pause).After(until) {
			return nil, fmt.Errorf("the ssh server grants no more sessions: %s", refused.Message)
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause):
			pause = min(2*pause, 3*time.Second)
		}
	}
}
