//go:build e2e

package ssh_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/ssh"
	"github.com/seed-54b7607b/orchestrator/puppet/transporttest"
)

// The tests of this file run against the sshd of the system, which has to be installed. They need to
// be root.

// sshd is a real server on loopback, with a configuration and keys of its own.
type sshd struct {
	dir, key, knownHosts string
	port, pid            int
}

// startSSHD starts an sshd with more lines in its configuration. It ends with the test.
func startSSHD(t *testing.T, lines ...string) *sshd {
	t.Helper()
	program, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &sshd{dir: t.TempDir(), port: l.Addr().(*net.TCPAddr).Port}
	l.Close()
	user, key := newKey(t)
	host, hostKey := newKey(t)
	d.key = key
	s := server{port: d.port}
	d.knownHosts = writeFile(t, s.line(host.PublicKey()))
	authorized := writeFile(t, user.PublicKey().Type()+" "+strings.Fields(s.line(user.PublicKey()))[2]+"\n")
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		t.Fatal(err)
	}
	config := writeFile(t, strings.Join(append([]string{
		"Port " + strconv.Itoa(d.port),
		"ListenAddress 127.0.0.1",
		"HostKey " + hostKey,
		"AuthorizedKeysFile " + authorized,
		"PidFile none",
		"UsePAM no",
		"StrictModes no",
		"PasswordAuthentication no",
		"PermitRootLogin prohibit-password",
		"SetEnv HOME=" + d.dir, // what shells read at home is not of the test, and may take long
	}, lines...), "\n")+"\n")
	var log strings.Builder
	cmd := exec.Command(program, "-D", "-e", "-f", config)
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d.pid = cmd.Process.Pid
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return d
}

func (d *sshd) options() *ssh.Options {
	return &ssh.Options{
		Settings:       func(string) (ssh.Host, error) { return ssh.Host{Address: "127.0.0.1", Port: d.port}, nil },
		User:           "root",
		Keys:           []string{d.key},
		Agent:          filepath.Join(d.dir, "no-agent"),
		KnownHosts:     []string{d.knownHosts},
		Dir:            filepath.Join(d.dir, "commands"),
		Grace:          time.Second,
		ConnectTimeout: 30 * time.Second,
	}
}

func TestRealTransport(t *testing.T) {
	d := startSSHD(t)
	transporttest.Run(t, "web1.example", func(t *testing.T) puppet.Transport { return open(t, d.options()) })
}

// TestRealBurst has many nodes on one sshd that refuses connections as it does by default.
func TestRealBurst(t *testing.T) {
	d := startSSHD(t, "MaxStartups 3:60:5", "PerSourceMaxStartups none")
	opts := d.options()
	opts.Retry = time.Minute
	opts.Dials = 40
	transport := open(t, opts)
	ended := make(chan error)
	for i := range 40 {
		go func() {
			_, err := transport.Run(t.Context(), fmt.Sprintf("web%d.example", i), script("true"))
			ended <- err
		}()
	}
	for range 40 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestRealFewSessions has a server that grants fewer sessions than are asked for.
func TestRealFewSessions(t *testing.T) {
	d := startSSHD(t, "MaxSessions 2")
	opts := d.options()
	opts.Retry = time.Minute
	transport := open(t, opts)
	ended := make(chan error)
	for range 12 {
		go func() {
			_, err := transport.Run(t.Context(), "web1.example", script("true"))
			ended <- err
		}()
	}
	for range 12 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestRealCut has the server's process of the connection killed, twice.
func TestRealCut(t *testing.T) {
	d := startSSHD(t)
	r := begin(t.Context(), t, open(t, d.options()), "job-1")
	for range 2 {
		d.cut(t)
	}
	r.finish(t)
}

func TestRealCutAndStop(t *testing.T) {
	d := startSSHD(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	r := begin(ctx, t, open(t, d.options()), "job-1")
	d.cut(t)
	cancel(orchestrator.ErrJobStopped)
	<-r.ended
	if r.err != nil || !r.exit.Stopped {
		t.Errorf("Run returned %+v, %v", r.exit, r.err)
	}
}

// cut kills the processes that serve connections. It waits until there is one.
func (d *sshd) cut(t *testing.T) {
	t.Helper()
	children := fmt.Sprintf("/proc/%d/task/%d/children", d.pid, d.pid)
	for {
		text, err := os.ReadFile(children)
		if err != nil {
			t.Fatal(err)
		}
		for word := range strings.FieldsSeq(string(text)) {
			pid, err := strconv.Atoi(word)
			if err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		if len(text) > 0 {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
}
