package ssh_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/ssh"
)

func TestConnectionCutInMidRun(t *testing.T) {
	for _, id := range []string{"", "job-1-web1"} {
		s := newServer(t)
		r := begin(t.Context(), t, open(t, s.options()), id)
		for range 3 {
			for s.cut() == 0 {
				<-time.After(5 * time.Millisecond)
			}
			<-s.gone
		}
		r.finish(t)
	}
}

func TestServerAwayInMidRun(t *testing.T) {
	s := newServer(t)
	r := begin(t.Context(), t, open(t, s.options()), "")
	s.dropped.Store(5)
	s.cut()
	r.finish(t)
}

func TestServerGoneForGood(t *testing.T) {
	s := newServer(t)
	opts := s.options()
	opts.Retry, opts.Reconnect = time.Millisecond, time.Millisecond
	r := begin(t.Context(), t, open(t, opts), "")
	s.dropped.Store(1 << 40)
	s.cut()
	<-r.ended
	if r.err == nil {
		t.Fatalf("Run returned %+v", r.exit)
	}
	contains(t, r.err.Error(), "cannot be reached", "not known what became", "web1.example")
	r.letGo(t)
}

func TestCutBeforeTheCommandBegan(t *testing.T) {
	s := newServer(t)
	s.deaf.Store(true)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	ended := make(chan error, 1)
	transport := open(t, s.options())
	c := script("exit 0")
	c.ID = "job-1"
	go func() {
		_, err := transport.Run(ctx, "web1.example", c)
		ended <- err
	}()
	<-s.gone
	s.deaf.Store(false)
	err := <-ended
	if err == nil {
		t.Fatal("the command was run")
	}
	contains(t, err.Error(), "not started")
	if _, err := transport.Run(t.Context(), "web1.example", c); err == nil {
		t.Error("a command that was given up was run")
	}
	if _, err := transport.Attach(t.Context(), "web1.example", c.ID); !errors.Is(err, puppet.ErrNoCommand) {
		t.Errorf("Attach returned %v", err)
	}
}

func TestStopWhileTheConnectionIsCut(t *testing.T) {
	s := newServer(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	r := begin(ctx, t, open(t, s.options()), "job-1")
	s.dropped.Store(2)
	s.cut()
	cancel(orchestrator.ErrTimeout)
	<-r.ended
	if r.err != nil || !r.exit.Stopped {
		t.Errorf("Run returned %+v, %v", r.exit, r.err)
	}
}

func TestStopOfANodeOutOfReach(t *testing.T) {
	s := newServer(t)
	opts := s.options()
	opts.Retry = time.Millisecond
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	r := begin(ctx, t, open(t, opts), "")
	s.dropped.Store(1 << 40)
	s.cut()
	cancel(orchestrator.ErrTimeout)
	<-r.ended
	if !errors.Is(r.err, puppet.ErrNotStopped) {
		t.Errorf("Run returned %+v, %v", r.exit, r.err)
	}
	r.letGo(t)
}

// link passes connections on to a server, until they are frozen: open, and silent.
type link struct {
	port   int
	frozen atomic.Bool
	linked atomic.Int64
}

// newLink returns a link that lasts as long as the test.
func newLink(t *testing.T, to string) *link {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &link{port: l.Addr().(*net.TCPAddr).Port}
	var work sync.WaitGroup
	var mu sync.Mutex
	var all []net.Conn
	work.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			n := k.linked.Add(1)
			mu.Lock()
			all = append(all, near, far)
			mu.Unlock()
			for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
				work.Go(func() {
					_, _ = io.Copy(&sieve{link: k, to: pair[0], first: n == 1}, pair[1])
				})
			}
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range all {
			_ = c.Close()
		}
		mu.Unlock()
		work.Wait()
	})
	return k
}

// sieve loses all that is written over the first connection while the link is frozen.
type sieve struct {
	link  *link
	to    io.Writer
	first bool
}

func (s *sieve) Write(p []byte) (int, error) {
	if s.first && s.link.frozen.Load() {
		return len(p), nil
	}
	return s.to.Write(p)
}

func TestPeerThatFallsSilentInMidRun(t *testing.T) {
	s := newServer(t)
	k := newLink(t, s.addr())
	opts := s.options()
	opts.Settings = func(string) (ssh.Host, error) {
		return ssh.Host{Address: "127.0.0.1", Port: k.port, KeyAlias: "alias"}, nil
	}
	opts.KeepAlive = 200 * time.Millisecond
	r := begin(t.Context(), t, open(t, opts), "")
	k.frozen.Store(true)
	r.finish(t)
	if n := k.linked.Load(); n != 2 {
		t.Errorf("there were %d connections", n)
	}
}

func TestWatcherKilled(t *testing.T) {
	s := newServer(t)
	r := begin(t.Context(), t, open(t, s.options()), "")
	text, err := os.ReadFile(r.began)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	parent, err := strconv.Atoi(strings.Fields(string(status))[3])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(parent, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-r.ended
	if r.err == nil {
		t.Fatalf("Run returned %+v", r.exit)
	}
	contains(t, r.err.Error(), "was lost")
	r.letGo(t)
}
