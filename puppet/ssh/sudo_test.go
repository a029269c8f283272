package ssh_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/ssh"
)

// fakeSudo stands for sudo in the PATH of a server. It keeps what it was asked for.
const fakeSudo = `#!/bin/sh
printf '%s\n' "$*" >>"$(dirname "$0")/asked"
[ "$1" = -n ] || exit 9
shift
case $1 in --preserve-env=*) shift ;; esac
[ "$1" != -- ] || shift
case $1 in
wants-password) echo 'sudo: a password is required' >&2; exit 1 ;;
not-permitted) echo "Sorry, user deploy is not allowed to execute '$*' as root on web1." >&2; exit 1 ;;
odd) echo 'sudo: /etc/sudoers is world writable' >&2; exit 1 ;;
not-there) echo "sudo: $1: command not found" >&2; exit 1 ;;
esac
SUDO=1 exec "$@"
`

// newSudoServer returns a server, the options for its use with sudo, and the file with what sudo
// was asked for.
func newSudoServer(t *testing.T) (*ssh.Options, string) {
	t.Helper()
	s := newServer(t)
	s.path = t.TempDir()
	if err := os.WriteFile(filepath.Join(s.path, "sudo"), []byte(fakeSudo), 0o700); err != nil {
		t.Fatal(err)
	}
	opts := s.options()
	settings := opts.Settings
	opts.Settings = func(node string) (ssh.Host, error) {
		h, err := settings(node)
		h.Sudo = true
		return h, err
	}
	return opts, filepath.Join(s.path, "asked")
}

func TestSudo(t *testing.T) {
	opts, asked := newSudoServer(t)
	transport := open(t, opts)
	c := script(`printf %s "$SUDO$PT_word"; cat; exit 3`, "it's")
	c.Env = map[string]string{"PT_word": "secret", "PT_other": "x"}
	c.Stdin = []byte("input")
	exit, err := transport.Run(t.Context(), "web1.example", c)
	if err != nil || exit.Status != 3 || string(exit.Stdout) != "1secretinput" {
		t.Errorf("Run returned %+v, %v", exit, err)
	}
	text, err := os.ReadFile(asked)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(text), "-n --preserve-env=PT_other,PT_word -- /bin/sh -c")
	if strings.Contains(string(text), "secret") {
		t.Errorf("sudo was asked for %q", text)
	}
}

func TestSudoRefuses(t *testing.T) {
	opts, _ := newSudoServer(t)
	transport := open(t, opts)
	for program, says := range map[string]string{
		"wants-password": "wants a password for wants-password: sudoers there needs a NOPASSWD rule",
		"not-permitted":  "does not permit the user to run not-permitted",
		"odd":            "does not run odd: /etc/sudoers is world writable",
	} {
		exit, err := transport.Run(t.Context(), "web1.example", puppet.Command{Argv: []string{program, "argument"}})
		if err == nil {
			t.Errorf("%s: %+v", program, exit)
			continue
		}
		contains(t, err.Error(), "sudo on web1.example", says)
		if strings.Contains(err.Error(), "argument") {
			t.Errorf("%v shows an argument", err)
		}
	}
	exit, err := transport.Run(t.Context(), "web1.example", puppet.Command{Argv: []string{"not-there"}})
	if err != nil || exit.Status != 127 {
		t.Errorf("not-there: %+v, %v", exit, err)
	}
}

func TestFailureUnderSudoIsNoRefusal(t *testing.T) {
	opts, _ := newSudoServer(t)
	exit, err := open(t, opts).Run(t.Context(), "web1.example", script("echo Error: sudo is of no use >&2; exit 1"))
	if err != nil || exit.Status != 1 {
		t.Errorf("Run returned %+v, %v", exit, err)
	}
}

func TestStopUnderSudo(t *testing.T) {
	opts, _ := newSudoServer(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	r := begin(ctx, t, open(t, opts), "job-1")
	cancel(orchestrator.ErrTimeout)
	<-r.ended
	if r.err != nil || !r.exit.Stopped {
		t.Errorf("Run returned %+v, %v", r.exit, r.err)
	}
}
