//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/ssh"
)

// sshd is the settings of a server that lets root of this machine in by a key, and nobody else. It
// would drop some of many connections made at once, as any does by default. What shells read in the
// home directory of root is not of the test, and may take long, so that the directory is another.
const sshd = `Port PORT
ListenAddress 127.0.0.1
HostKey DIR/host
AuthorizedKeysFile DIR/user.pub
PidFile DIR/pid
UsePAM no
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
SetEnv HOME=DIR
`

// startSSH starts an ssh server for all nodes of a lab.
func (l *lab) startSSH(t *testing.T) {
	t.Helper()
	l.SSHPort = freePort(t)
	write(t, l.ssh("config"), strings.NewReplacer("DIR", l.ssh(""), "PORT", l.SSHPort).Replace(sshd))
	for _, name := range []string{"host", "user"} {
		l.keygen(t, name)
	}
	l.trust(t, "host")
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("/usr/sbin/sshd", "-f", l.ssh("config"), "-E", l.ssh("log")).CombinedOutput(); err != nil {
		t.Fatalf("sshd: %v: %s", err, out)
	}
	t.Cleanup(func() {
		l.cut(t)
		_ = syscall.Kill(l.sshServer(t), syscall.SIGTERM)
	})
	await(t, 10*time.Second, "sshd to serve", func() bool {
		_, err := os.Stat(l.ssh("pid"))
		return err == nil
	})
}

func (l *lab) ssh(file string) string { return filepath.Join(l.Dir, "ssh", file) }

// keygen makes a pair of keys.
func (l *lab) keygen(t *testing.T, name string) {
	t.Helper()
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", l.ssh(name)).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v: %s", err, out)
	}
}

// trust makes the key of that name the one that the server is known by.
func (l *lab) trust(t *testing.T, name string) {
	t.Helper()
	key, err := os.ReadFile(l.ssh(name + ".pub"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, l.ssh("known_hosts"), "[127.0.0.1]:"+l.SSHPort+" "+string(key))
}

// sshServer returns the process that listens.
func (l *lab) sshServer(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(l.ssh("pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// cut cuts all connections: it kills the processes that the server has made for them.
func (l *lab) cut(t *testing.T) (cut int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		_, behind, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(behind); len(fields) > 1 && fields[1] == strconv.Itoa(l.sshServer(t)) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			cut++
		}
	}
	return cut
}

// overSSH reaches all nodes through the one server.
func overSSH(l lab) (puppet.Transport, error) { //nolint:ireturn // it is one of the transports
	port, err := strconv.Atoi(l.SSHPort)
	if err != nil {
		return nil, err
	}
	return ssh.New(&ssh.Options{
		Settings:   func(string) (ssh.Host, error) { return ssh.Host{Address: "127.0.0.1", Port: port, User: "root"}, nil },
		Keys:       []string{l.ssh("user")},
		KnownHosts: []string{l.ssh("known_hosts")},
		Dir:        filepath.Join(l.Dir, "commands"),
	})
}

// testCut: all connections are cut in mid-run.
func testCut(t *testing.T, s *server) {
	const name = "slow1"
	release := s.Lab.hold(t, name)
	job := s.begin(t, "deploy", object{}, name)
	s.Lab.awaitMidRun(t, name)
	if s.Lab.cut(t) == 0 {
		t.Fatal("there was no connection")
	}
	release()
	s.ended(t, job)[name].want(t, "finished", `"status":"changed"`)
	if runs := s.Lab.runs(t, name); runs != 1 {
		t.Errorf("%d runs", runs)
	}
}

// testHostKey: the server has another key than the one that it is known by.
func testHostKey(t *testing.T, s *server) {
	s.Lab.keygen(t, "other")
	s.Lab.trust(t, "other")
	s.Lab.cut(t)
	s.run(t, "deploy", object{}, "steady1")["steady1"].want(t, "errored", "host key")
	s.Lab.trust(t, "host")
	s.run(t, "deploy", object{}, "steady1")["steady1"].want(t, "finished", `"status":"unchanged"`)
}
