package ssh_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/ssh"
	"github.com/seed-54b7607b/orchestrator/puppet/transporttest"
)

func TestTransport(t *testing.T) {
	s := newServer(t)
	s.noise = "echo welcome; echo to this host >&2; "
	transporttest.Run(t, "web1.example", func(t *testing.T) puppet.Transport { return open(t, s.options()) })
}

func TestOneConnectionForAllCommands(t *testing.T) {
	s := newServer(t)
	transport := open(t, s.options())
	ended := make(chan error)
	for range 30 {
		go func() {
			_, err := transport.Run(t.Context(), "web1.example", script("true"))
			ended <- err
		}()
	}
	for range 30 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if n := s.accepted.Load(); n != 1 {
		t.Errorf("there were %d connections", n)
	}
}

func TestIdleConnectionIsClosed(t *testing.T) {
	s := newServer(t)
	opts := s.options()
	opts.Idle = 10 * time.Millisecond
	transport := open(t, opts)
	for range 2 {
		if _, err := transport.Run(t.Context(), "web1.example", script("true")); err != nil {
			t.Fatal(err)
		}
		<-s.gone
	}
}

func TestCloseLeavesCommands(t *testing.T) {
	s := newServer(t)
	transport := open(t, s.options())
	r := begin(t.Context(), t, transport, "job-1")
	if err := transport.Close(); err != nil {
		t.Error(err)
	}
	<-r.ended
	if !errors.Is(r.err, ssh.ErrClosed) {
		t.Errorf("Run returned %+v, %v", r.exit, r.err)
	}
	r.letGo(t)
	exit, err := open(t, s.options()).Attach(t.Context(), "web1.example", "job-1")
	if err != nil || exit.Status != 6 || string(exit.Stdout) != "begun\n" {
		t.Errorf("Attach returned %+v, %v", exit, err)
	}
	if _, err := transport.Run(t.Context(), "web1.example", script("true")); !errors.Is(err, ssh.ErrClosed) {
		t.Errorf("the closed transport returned %v", err)
	}
}

func TestInvalidOptions(t *testing.T) {
	for _, opts := range []ssh.Options{
		{Grace: time.Millisecond}, {Grace: -1}, {ConnectTimeout: -1}, {Retry: -1}, {KeepAlive: -1}, {Idle: -1}, {Reconnect: -1}, {Dials: -1},
	} {
		if _, err := ssh.New(&opts); !errors.Is(err, orchestrator.ErrInvalid) {
			t.Errorf("%+v: the error is %v", opts, err)
		}
	}
}

func TestOptionsFromHome(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	if err := open(t, nil).Close(); err != nil {
		t.Error(err)
	}
	if err := os.Unsetenv("HOME"); err != nil {
		t.Fatal(err)
	}
	if _, err := ssh.New(nil); err == nil {
		t.Error("there is no home directory, and no error")
	}
}
