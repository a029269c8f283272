package ssh_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/seed-54b7607b/orchestrator/puppet/ssh"
)

func TestBurstThatIsRefused(t *testing.T) {
	s := newServer(t)
	s.dropped.Store(20)
	transport := open(t, s.options())
	ended := make(chan error)
	for i := range 15 {
		go func() {
			_, err := transport.Run(t.Context(), fmt.Sprintf("web%d.example", i), script("true"))
			ended <- err
		}()
	}
	for range 15 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if n := s.accepted.Load(); n != 15 {
		t.Errorf("there were %d connections for 15 nodes", n)
	}
}

func TestServerThatAlwaysBreaksOff(t *testing.T) {
	s := newServer(t)
	s.dropped.Store(1 << 40)
	opts := s.options()
	opts.Retry = 300 * time.Millisecond
	contains(t, refused(t, opts), "web1.example", s.addr(), "breaks off each connection")
}

func TestNothingListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := newServer(t)
	s.port = l.Addr().(*net.TCPAddr).Port
	opts := s.options()
	opts.Retry = time.Millisecond
	contains(t, refused(t, opts), "web1.example", "connection refused")
}

func TestPeerThatSaysNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := newServer(t)
	s.port = l.Addr().(*net.TCPAddr).Port
	opts := s.options()
	opts.ConnectTimeout = 50 * time.Millisecond
	contains(t, refused(t, opts), "web1.example", "no answer in time")
}

func TestHostKeyChanged(t *testing.T) {
	s := newServer(t)
	other, _ := newKey(t)
	opts := s.options()
	opts.KnownHosts = []string{writeFile(t, s.line(other.PublicKey()))}
	contains(t, refused(t, opts), "the host key of web1.example has changed", xssh.FingerprintSHA256(other.PublicKey()), opts.KnownHosts[0]+":1")
}

func TestHostKeyUnknown(t *testing.T) {
	s := newServer(t)
	line, err := os.ReadFile(s.knownHosts)
	if err != nil {
		t.Fatal(err)
	}
	opts := s.options()
	opts.KnownHosts = []string{writeFile(t, "")}
	said := refused(t, opts)
	_, key, _ := strings.Cut(string(line), " ")
	want := fmt.Sprintf("[127.0.0.1]:%d %s", s.port, key)
	contains(t, said, "the host key of web1.example is not known", "add this line to "+opts.KnownHosts[0], want[:len(want)-1])
	if err := os.WriteFile(opts.KnownHosts[0], []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, opts).Run(t.Context(), "web1.example", script("true")); err != nil {
		t.Errorf("the line was added: %v", err)
	}
}

func TestHostKeyRevoked(t *testing.T) {
	s := newServer(t)
	line, err := os.ReadFile(s.knownHosts)
	if err != nil {
		t.Fatal(err)
	}
	opts := s.options()
	opts.KnownHosts = []string{writeFile(t, "@revoked "+string(line))}
	contains(t, refused(t, opts), "web1.example is marked as revoked in "+opts.KnownHosts[0]+":1")
}

func TestKnownHostsAreReadAgain(t *testing.T) {
	s := newServer(t)
	line, err := os.ReadFile(s.knownHosts)
	if err != nil {
		t.Fatal(err)
	}
	opts := s.options()
	opts.KnownHosts = []string{writeFile(t, "")}
	transport := open(t, opts)
	if _, err := transport.Run(t.Context(), "web1.example", script("true")); err == nil {
		t.Fatal("the key of the host was not known")
	}
	if err := os.WriteFile(opts.KnownHosts[0], line, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := transport.Run(t.Context(), "web1.example", script("true")); err != nil {
		t.Error(err)
	}
}

func TestAnotherKindOfHostKeyIsNoChange(t *testing.T) {
	s := newServer(t, newECDSA(t))
	if _, err := open(t, s.options()).Run(t.Context(), "web1.example", script("true")); err != nil {
		t.Error(err)
	}
}

func TestAgent(t *testing.T) {
	s := newServer(t)
	text, err := os.ReadFile(s.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := xssh.ParseRawPrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	opts := s.options()
	l, err := net.Listen("unix", opts.Agent)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn, err := l.Accept()
		if err == nil {
			_ = agent.ServeAgent(keys, conn)
			conn.Close()
		}
	}()
	// A key that needs a passphrase is left to the agent.
	opts.Keys = []string{writeFile(t, lockedKey())}
	if _, err := open(t, opts).Run(t.Context(), "web1.example", script("true")); err != nil {
		t.Error(err)
	}
	l.Close()
	<-served
}

func TestKeysThatDoNotHelp(t *testing.T) {
	s := newServer(t)
	_, other := newKey(t)
	for _, test := range []struct {
		keys []string
		says string
	}{
		{[]string{other}, "accepts none of the keys"},
		{[]string{writeFile(t, lockedKey())}, "protected by a passphrase"},
		{[]string{}, "no key to log in with"},
		{[]string{"/no/such/key"}, "/no/such/key"},
		{[]string{writeFile(t, "-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n")}, "does not hold a private key"},
	} {
		opts := s.options()
		opts.Keys, opts.Agent = test.keys, ""
		t.Setenv("SSH_AUTH_SOCK", "")
		contains(t, refused(t, opts), test.says)
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	s := newServer(t)
	opts := s.options()
	opts.Settings = func(node string) (ssh.Host, error) { return ssh.Host{}, fmt.Errorf("no such node") }
	contains(t, refused(t, opts), "web1.example", "no such node")
	opts.Settings = func(string) (ssh.Host, error) { return ssh.Host{Port: 65536}, nil }
	contains(t, refused(t, opts), "web1.example", "65536")
}
