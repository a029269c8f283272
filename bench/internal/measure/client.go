package measure

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Client is one connection of a client that costs the machine, which it shares with the server,
// as little as it can: one goroutine, one buffer.
type Client struct {
	conn   net.Conn
	in     *bufio.Reader
	forget func() bool
}

// Dial connects to a server. The connection breaks when ctx ends.
func Dial(ctx context.Context, addr string) (*Client, error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	return &Client{conn: conn, in: bufio.NewReaderSize(conn, 32<<10), forget: stop}, nil
}

// Close closes the connection.
func (c *Client) Close() {
	c.forget()
	c.conn.Close()
}

// Get asks for a path, hands the body to read, and returns the status.
func (c *Client) Get(path, accept string, read func(io.Reader) error) (int, error) {
	if _, err := fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: bench\r\nAccept: %s\r\n\r\n", path, accept); err != nil {
		return 0, fmt.Errorf("client: %w", err)
	}
	resp, err := http.ReadResponse(c.in, nil) //nolint:bodyclose // a body that was dropped half way is not read to its end
	if err != nil {
		return 0, fmt.Errorf("client: %w", err)
	}
	return resp.StatusCode, read(resp.Body)
}

// Discard reads a body to its end.
func Discard(body io.Reader) error {
	_, err := io.Copy(io.Discard, body)
	return err
}

// Load has connections ask for a path, each as soon as it was answered, for a time, and returns
// how many answers there were in a second. An answer that is not 200 is an error.
func Load(ctx context.Context, addr, path string, connections int, long time.Duration) (float64, error) {
	var answers atomic.Int64
	begin := time.Now()
	end := begin.Add(long)
	err := Each(connections, func(int) error {
		c, err := Dial(ctx, addr)
		if err != nil {
			return err
		}
		defer c.Close()
		for time.Now().Before(end) {
			status, err := c.Get(path, "application/json", Discard)
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("GET %s: status %d", path, status)
			}
			if err != nil {
				return err
			}
			answers.Add(1)
		}
		return nil
	})
	return float64(answers.Load()) / time.Since(begin).Seconds(), err
}

// Each calls f n times at once, with 0 to n-1, waits for all, and returns the first error.
func Each(n int, f func(i int) error) error {
	var all sync.WaitGroup
	failures := make(chan error, n)
	for i := range n {
		all.Go(func() {
			if err := f(i); err != nil {
				failures <- err
			}
		})
	}
	all.Wait()
	select {
	case err := <-failures:
		return err
	default:
		return nil
	}
}
