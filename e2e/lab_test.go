//go:build e2e

package e2e

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/local"
)

// lab is a puppetserver and ten nodes, which are directories on this machine.
type lab struct {
	Dir  string
	Port string // of the puppetserver

	SSHPort string
}

// nodes are the nodes of a lab. What a node's catalog is, is told by its name.
var nodes = []string{
	"steady1", "drift1", "confnoop1", "changing1", "failing1", "mixed1", "nocompile1", "disabled1", "slow1", "slow2",
}

// manifest is that of the environments production and staging.
const manifest = `
$root = "LAB/nodes/${trusted['certname']}/root"
node /^changing/ { notify { 'a change': } }
node /^failing/ { exec { '/bin/false': } }
node /^mixed/ { notify { 'a change': } exec { '/bin/false': } }
node /^nocompile/ { fail('this catalog never compiles') }
node /^slow/ {
  exec { "/bin/sh -c 'echo ran >>${root}/count; touch ${root}/started; while [ -e ${root}/hold ]; do sleep 0.1; done'": timeout => 300 }
}
node default { file { "${root}/motd": content => "welcome\n" } }
`

// transports are the ways to the nodes.
var transports = map[string]func(lab) (puppet.Transport, error){
	"local": func(l lab) (puppet.Transport, error) {
		return local.New(&local.Options{Dir: filepath.Join(l.Dir, "commands")})
	},
	"ssh": overSSH,
}

// newLab starts a puppetserver, and writes the settings of the nodes.
func newLab(t *testing.T) lab {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("the tests of this package run Puppet as root")
	}
	l := lab{Dir: t.TempDir()}
	text := strings.ReplaceAll(manifest, "LAB", l.Dir)
	for _, name := range nodes {
		for _, dir := range []string{"conf", "var", "ssl", "public", "run", "log", "root"} {
			if err := os.MkdirAll(l.path(name, dir), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(t, l.path("confnoop1", "conf/puppet.conf"), "[agent]\nnoop = true\n")
	l.startSSH(t)
	l.Port = startServer(t, filepath.Join(l.Dir, "server"), map[string]string{"production": text, "staging": text}).port
	return l
}

func (l lab) modules() string { return filepath.Join(l.Dir, "modules") }
func (l lab) temp() string    { return filepath.Join(l.Dir, "tmp") }

// path returns where a file of a node is.
func (l lab) path(node, file string) string { return filepath.Join(l.Dir, "nodes", node, file) }

// args are what makes an agent that of a node: each of its directories has to be named.
func (l lab) args(node string) []string {
	return []string{
		"--certname", node, "--confdir", l.path(node, "conf"), "--vardir", l.path(node, "var"), "--ssldir", l.path(node, "ssl"),
		"--publicdir", l.path(node, "public"), "--rundir", l.path(node, "run"), "--logdir", l.path(node, "log"),
		"--server", "localhost", "--serverport", l.Port, "--http_keepalive_timeout", "0",
	}
}

// agent calls the agent of a node by hand.
func (l lab) agent(node string, args ...string) *exec.Cmd {
	return exec.Command("puppet", slices.Concat([]string{"agent"}, args, l.args(node))...)
}

// hold makes the next run of a slow node's agent stay in the middle until release is called.
func (l lab) hold(t *testing.T, node string) (release func()) {
	t.Helper()
	_ = os.Remove(l.path(node, "root/started"))
	_ = os.Remove(l.path(node, "root/count"))
	write(t, l.path(node, "root/hold"), "")
	release = func() { _ = os.Remove(l.path(node, "root/hold")) }
	t.Cleanup(release)
	return release
}

// awaitMidRun waits until the run of a slow node's agent is in the middle.
func (l lab) awaitMidRun(t *testing.T, node string) {
	t.Helper()
	await(t, 3*time.Minute, "a run of "+node+" to be in the middle", func() bool {
		_, err := os.Stat(l.path(node, "root/started"))
		return err == nil
	})
}

// runs returns how often a slow node's agent has been in the middle since hold.
func (l lab) runs(t *testing.T, node string) int {
	t.Helper()
	text, err := os.ReadFile(l.path(node, "root/count"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Count(string(text), "ran\n")
}

// processes returns the command lines of all processes that have a text in theirs.
func processes(t *testing.T, text string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(line), text) && filepath.Base(filepath.Dir(file)) != strconv.Itoa(os.Getpid()) {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// wantNothingLeft fails if any process of a node's agent is there.
func (l lab) wantNothingLeft(t *testing.T, node string) {
	t.Helper()
	if left := processes(t, l.path(node, "")+"/"); len(left) > 0 {
		t.Errorf("processes are left: %q", left)
	}
}
