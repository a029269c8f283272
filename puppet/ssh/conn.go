package ssh

import (
	"context"
	"time"

	"golang.org/x/crypto/ssh"
)

// conn is the connection to a node, from when it is asked for. A server grants 10 sessions as a
// rule, so no more are asked for; some are kept free for what is over soon, a stop above all.
type conn struct {
	ready chan struct{} // closed when client or err is set
	err   error

	client *ssh.Client
	long   chan struct{}
	brief  chan struct{}

	users int         // guarded by Transport.mu
	idle  *time.Timer // runs while there are no users; guarded by Transport.mu
}

const (
	longSessions  = 8
	briefSessions = 2
)

func (c *conn) close() {
	if c.client != nil {
		_ = c.client.Close()
	}
}

// enter waits for one of the sessions that are granted. The function that it returns gives it back.
func (c *conn) enter(ctx context.Context, long bool) (func(), error) {
	sessions := c.brief
	if long {
		sessions = c.long
	}
	select {
	case sessions <- struct{}{}:
		return func() { <-sessions }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// connect returns the connection to a node, which has to be released.
func (t *Transport) connect(ctx context.Context, node string) (*conn, error) {
	t.mu.Lock()
	if t.conns == nil {
		t.mu.Unlock()
		return nil, ErrClosed
	}
	c := t.conns[node]
	if c == nil {
		c = &conn{
			ready: make(chan struct{}),
			long:  make(chan struct{}, longSessions),
			brief: make(chan struct{}, briefSessions),
		}
		t.conns[node] = c
		t.work.Go(func() { t.keep(node, c) })
	}
	c.users++
	if c.idle != nil {
		c.idle.Stop()
	}
	t.mu.Unlock()
	select {
	case <-c.ready:
	case <-ctx.Done():
		t.release(node, c)
		return nil, context.Cause(ctx)
	}
	if c.err != nil {
		t.release(node, c)
		return nil, c.err
	}
	return c, nil
}

// release says that a connection is not used any more, by one of its users.
func (t *Transport) release(node string, c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.users--; c.users > 0 || t.conns[node] != c {
		return
	}
	if c.idle != nil {
		c.idle.Reset(t.opts.Idle)
		return
	}
	c.idle = time.AfterFunc(t.opts.Idle, func() { t.retire(node, c) })
}

// retire closes a connection that nothing has used for a while.
func (t *Transport) retire(node string, c *conn) {
	t.mu.Lock()
	idle := c.users == 0 && t.conns[node] == c
	if idle {
		delete(t.conns, node)
	}
	t.mu.Unlock()
	if idle {
		<-c.ready
		c.close()
	}
}

// drop has the next user of a node get another connection.
func (t *Transport) drop(node string, c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conns[node] == c {
		delete(t.conns, node)
	}
	if c.idle != nil {
		c.idle.Stop()
	}
}

// keep makes a connection and watches it until it is closed, by whomever.
func (t *Transport) keep(node string, c *conn) {
	defer t.drop(node, c)
	c.client, c.err = t.dial(t.ctx, node)
	if c.err != nil {
		t.drop(node, c)
		close(c.ready)
		return
	}
	close(c.ready)
	gone := make(chan struct{})
	t.work.Go(func() {
		defer close(gone)
		_ = c.client.Wait()
	})
	alive := time.NewTicker(t.opts.KeepAlive)
	defer alive.Stop()
	for {
		select {
		case <-gone:
			return
		case <-alive.C:
			dead := time.AfterFunc(t.opts.KeepAlive, c.close)
			_, _, err := c.client.SendRequest("keepalive@openssh.com", true, nil)
			dead.Stop()
			if err != nil {
				c.close()
				<-gone
				return
			}
		}
	}
}
