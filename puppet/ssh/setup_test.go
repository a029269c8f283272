package ssh_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	xssh "golang.org/x/crypto/ssh"

	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/ssh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// writeKey writes a private key to a file.
func writeKey(t *testing.T, private crypto.PrivateKey) string {
	t.Helper()
	block, err := xssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, string(pem.EncodeToMemory(block)))
}

// lockedKey is a key that is protected by a passphrase. It takes long to make.
var lockedKey = sync.OnceValue(func() string {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	block, err := xssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("passphrase"))
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(block))
})

// writeFile returns a file with a text.
func writeFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// options returns those that reach a server.
func (s *server) options() *ssh.Options {
	return &ssh.Options{
		Settings:       func(string) (ssh.Host, error) { return ssh.Host{Address: "127.0.0.1", Port: s.port}, nil },
		User:           "user",
		Keys:           []string{s.key},
		Agent:          filepath.Join(s.home, "no-agent"),
		KnownHosts:     []string{s.knownHosts},
		Grace:          time.Second,
		ConnectTimeout: 30 * time.Second,
	}
}

// open returns a transport that is closed when the test ends.
func open(t *testing.T, opts *ssh.Options) *ssh.Transport {
	t.Helper()
	transport, err := ssh.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = transport.Close() })
	return transport
}

func script(text string, args ...string) puppet.Command {
	return puppet.Command{Argv: append([]string{"/bin/sh", "-c", text, "sh"}, args...)}
}

// refused runs a command that must not be run, and returns why it is not.
func refused(t *testing.T, opts *ssh.Options) string {
	t.Helper()
	exit, err := open(t, opts).Run(t.Context(), "web1.example", script("true"))
	if err == nil {
		t.Fatalf("the command was run: %+v", exit)
	}
	return err.Error()
}

// contains fails the test unless a text has all parts.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
}

// running is a command that waits until it is let go.
type running struct {
	began, goOn string
	ended       chan struct{}
	exit        puppet.Exit
	err         error
}

// begin runs a command that has begun when begin returns.
func begin(ctx context.Context, t *testing.T, transport puppet.Transport, id string) *running {
	t.Helper()
	dir := t.TempDir()
	r := &running{began: filepath.Join(dir, "began"), goOn: filepath.Join(dir, "go"), ended: make(chan struct{})}
	c := script(`echo $$ >"$1"; echo begun; while [ -e "$1" ] && [ ! -e "$2" ]; do sleep 0.1; done; echo done >&2; exit 6`, r.began, r.goOn)
	c.ID = id
	t.Cleanup(func() { r.letGo(t) })
	go func() {
		defer close(r.ended)
		r.exit, r.err = transport.Run(ctx, "web1.example", c)
	}()
	for {
		if text, _ := os.ReadFile(r.began); len(text) > 0 {
			return r
		}
		select {
		case <-r.ended:
			t.Fatalf("the command ended at once: %+v, %v", r.exit, r.err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// letGo has the command end.
func (r *running) letGo(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(r.goOn, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// finish lets the command go, and fails the test unless it ends as it should.
func (r *running) finish(t *testing.T) {
	t.Helper()
	r.letGo(t)
	<-r.ended
	if r.err != nil || r.exit.Status != 6 || string(r.exit.Stdout) != "begun\n" || string(r.exit.Stderr) != "done\n" || r.exit.Stopped {
		t.Errorf("the command ended with %+v, %v", r.exit, r.err)
	}
}

// newECDSA returns a key of another kind than the others.
func newECDSA(t *testing.T) xssh.Signer { //nolint:ireturn // the protocol has an interface for keys
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := xssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}
