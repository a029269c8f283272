package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// dial connects to a node. It tries again while the node refuses or breaks off.
func (t *Transport) dial(ctx context.Context, node string) (*ssh.Client, error) {
	h, err := t.host(node)
	if err != nil {
		return nil, err
	}
	until, pause := time.Now().Add(t.opts.Retry), 100*time.Millisecond
	for {
		client, err := t.attempt(ctx, node, &h)
		if err == nil {
			return client, nil
		}
		if !transient(err) || time.Now().Add(pause).After(until) {
			return nil, fmt.Errorf("cannot connect to %s (%s@%s): %w", node, h.User, h.addr(), explainDial(err))
		}
		select {
		case <-ctx.Done():
			return nil, ErrClosed
		case <-time.After(pause + rand.N(pause)): //nolint:gosec // it is no secret
			pause = min(2*pause, 3*time.Second)
		}
	}
}

// attempt connects and logs in once, when it is its turn.
func (t *Transport) attempt(ctx context.Context, node string, h *Host) (*ssh.Client, error) {
	select {
	case t.dials <- struct{}{}:
		defer func() { <-t.dials }()
	case <-ctx.Done():
		return nil, ErrClosed
	}
	ctx, done := context.WithTimeout(ctx, t.opts.ConnectTimeout)
	defer done()
	config := &ssh.ClientConfig{User: h.User}
	if err := t.known.configure(config, node, h); err != nil {
		return nil, err
	}
	end, err := t.login(ctx, config, h)
	if err != nil {
		return nil, err
	}
	defer end()
	stream, err := new(net.Dialer).DialContext(ctx, "tcp", h.addr())
	if err != nil {
		return nil, err
	}
	forget := context.AfterFunc(ctx, func() { _ = stream.Close() })
	conn, channels, requests, err := ssh.NewClientConn(stream, h.addr(), config)
	if !forget() && err == nil {
		_ = conn.Close()
		err = ctx.Err()
	}
	if err != nil {
		_ = stream.Close()
		if ctx.Err() != nil {
			return nil, context.DeadlineExceeded
		}
		return nil, err
	}
	return ssh.NewClient(conn, channels, requests), nil
}

// transient reports whether an attempt is worth another one: the server is not there yet, or takes
// no more connections at this moment.
func transient(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// explainDial says in words what has gone wrong.
func explainDial(err error) error {
	if key, ok := errors.AsType[*hostKeyError](err); ok {
		return key
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errors.New("the server breaks off each connection, as it does with too many at once")
	case strings.Contains(err.Error(), "unable to authenticate"):
		return errors.New("the server accepts none of the keys")
	default:
		return err
	}
}
