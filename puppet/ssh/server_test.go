package ssh_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// server is an ssh server on loopback that runs commands as sshd does: by a shell, 10 sessions a
// connection, with the exit status or the signal. It lasts as long as a test.
type server struct {
	home       string // of its user
	key        string // the file with the key that it lets in
	knownHosts string // the file that its own key is in
	port       int

	noise    string       // what its login shell prints first
	path     string       // put in front of the PATH of commands
	dropped  atomic.Int64 // connections that are yet to be closed unheard
	accepted atomic.Int64
	deaf     atomic.Bool // takes requests for programs and breaks off before it runs them

	config *ssh.ServerConfig
	work   sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	gone  chan struct{} // told of each connection that has ended
}

// newKey returns a key and the file that it was written to.
func newKey(t *testing.T) (ssh.Signer, string) { //nolint:ireturn // the protocol has an interface for keys
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer, writeKey(t, private)
}

// newServer returns a server that has the other host keys as well.
func newServer(t *testing.T, others ...ssh.Signer) *server {
	t.Helper()
	user, key := newKey(t)
	host, _ := newKey(t)
	s := &server{home: t.TempDir(), key: key, conns: map[net.Conn]bool{}, gone: make(chan struct{}, 1000)}
	s.config = &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(user.PublicKey().Marshal()) {
			return nil, errors.New("not this one")
		}
		return nil, nil //nolint:nilnil // there is nothing to permit
	}}
	for _, key := range append(others, host) {
		s.config.AddHostKey(key)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	s.knownHosts = filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(s.knownHosts, []byte(s.line(host.PublicKey())), 0o600); err != nil {
		t.Fatal(err)
	}
	s.work.Go(func() { s.accept(l) })
	t.Cleanup(func() {
		_ = l.Close()
		s.cut()
		s.work.Wait()
	})
	return s
}

// addr returns where the server listens.
func (s *server) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// line returns the line of a known_hosts file that says what the server's key is.
func (s *server) line(key ssh.PublicKey) string {
	return knownhosts.Line([]string{s.addr(), "alias"}, key) + "\n"
}

// cut breaks off all connections, and returns how many there were.
func (s *server) cut() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
	return len(s.conns)
}

func (s *server) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		if s.dropped.Add(-1) >= 0 {
			_ = c.Close()
			continue
		}
		s.accepted.Add(1)
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
		s.work.Go(func() {
			s.serve(c)
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
			s.gone <- struct{}{}
		})
	}
}

func (s *server) serve(c net.Conn) {
	conn, channels, requests, err := ssh.NewServerConn(c, s.config)
	if err != nil {
		return
	}
	s.work.Go(func() { ssh.DiscardRequests(requests) })
	var sessions atomic.Int64
	for asked := range channels {
		if sessions.Add(1) > 10 {
			sessions.Add(-1)
			_ = asked.Reject(ssh.ResourceShortage, "open failed")
			continue
		}
		channel, requests, err := asked.Accept()
		if err != nil {
			break
		}
		s.work.Go(func() {
			defer sessions.Add(-1)
			s.session(conn, channel, requests)
		})
	}
}

// session runs the one program that a session is for.
func (s *server) session(conn ssh.Conn, channel ssh.Channel, requests <-chan *ssh.Request) {
	defer func() { _ = channel.Close() }()
	for r := range requests {
		var asked struct{ Command string }
		if r.Type != "exec" || ssh.Unmarshal(r.Payload, &asked) != nil {
			_ = r.Reply(false, nil)
			continue
		}
		if s.deaf.Load() {
			_ = conn.Close()
			return
		}
		_ = r.Reply(true, nil)
		s.work.Go(func() { ssh.DiscardRequests(requests) })
		s.execute(channel, asked.Command)
		return
	}
}

func (s *server) execute(channel ssh.Channel, command string) {
	cmd := exec.Command("/bin/sh", "-c", s.noise+command)
	cmd.Dir = s.home
	cmd.Env = append(os.Environ(), "HOME="+s.home)
	if s.path != "" {
		cmd.Env = append(cmd.Env, "PATH="+s.path+":"+os.Getenv("PATH"))
	}
	cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return
	}
	s.work.Go(func() {
		defer func() { _ = stdin.Close() }()
		buf := make([]byte, 32<<10)
		for {
			n, err := channel.Read(buf)
			if _, werr := stdin.Write(buf[:n]); err != nil || werr != nil {
				return
			}
		}
	})
	_ = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		_, _ = channel.SendRequest("exit-signal", false, ssh.Marshal(struct {
			Name   string
			Core   bool
			Text   string
			Locale string
		}{Name: "KILL"}))
		return
	}
	_, _ = channel.SendRequest("exit-status", false, binary.BigEndian.AppendUint32(nil, uint32(cmd.ProcessState.ExitCode())))
}
