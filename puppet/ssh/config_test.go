package ssh_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/seed-54b7607b/orchestrator/puppet/ssh"
)

const config = `
Host web1
  HostName 192.0.2.1
  Port 2222
  User deploy
  IdentityFile ~/.ssh/web
  IdentityFile "/keys/%r@%h"
  HostKeyAlias web

Host *.example
  HostName %h.internal

Match host db1
  User postgres

Host jump
  ProxyJump bastion

Host command
  ProxyCommand nc %h %p

Host direct
  ProxyJump none

Host badport
  Port many
`

func TestConfig(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	settings, err := ssh.Config(writeFile(t, config))
	if err != nil {
		t.Fatal(err)
	}
	for node, want := range map[string]ssh.Host{
		"web1": {
			Address: "192.0.2.1", Port: 2222, User: "deploy", KeyAlias: "web",
			Keys: []string{filepath.Join(home, ".ssh/web"), "/keys/deploy@192.0.2.1"},
		},
		"a.example": {Address: "a.example.internal"},
		"db1":       {User: "postgres"},
		"direct":    {},
		"other":     {},
	} {
		if got, err := settings(node); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v instead of %+v", node, got, err, want)
		}
	}
	for node, says := range map[string]string{
		"jump": "ProxyJump is set", "command": "ProxyCommand is set", "badport": `the Port is "many"`,
	} {
		if _, err := settings(node); err == nil {
			t.Errorf("%s: there is no error", node)
		} else {
			contains(t, err.Error(), says)
		}
	}
}

func TestConfigThatIsNotThere(t *testing.T) {
	settings, err := ssh.Config(filepath.Join(t.TempDir(), "none"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := settings("node"); err != nil || !reflect.DeepEqual(got, ssh.Host{}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add(config, "web1")
	f.Add("Match all\nPort 1", "x")
	f.Add("Host \"a b\" !c *\n\tPort=99999", "c")
	f.Fuzz(func(t *testing.T, text, node string) {
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		settings, err := ssh.Config(file)
		if err != nil {
			return
		}
		if h, err := settings(node); err == nil && (h.Port < 0 || h.Port > 65535) {
			t.Errorf("the port is %d", h.Port)
		}
	})
}
