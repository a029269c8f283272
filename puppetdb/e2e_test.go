//go:build e2e

package puppetdb_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/puppetdb"
)

// realPuppetDB starts PostgreSQL and PuppetDB, in a directory of theirs and on loopback, and returns the
// URL of the latter. It lets in whom the authority has given a certificate.
func realPuppetDB(t *testing.T, ca *authority) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "puppetdb") //nolint:usetesting // nobody but root gets into t.TempDir, and PostgreSQL is not run by root
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	cert, key := ca.pair(dir, "localhost")
	postgres, port := postgresql(t, dir), freePort(t)
	for name, text := range map[string]string{
		"conf.d/config.ini":   "[global]\nvardir = DIR/var\nlogging-config = DIR/logback.xml\n[puppetdb]\ndisable-update-checking = true\n",
		"conf.d/database.ini": "[database]\nsubname = //127.0.0.1:" + postgres + "/postgres\nusername = puppetdb\npassword = unused\n",
		"conf.d/jetty.ini":    "[jetty]\nssl-host = 127.0.0.1\nssl-port = " + port + "\nclient-auth = need\nssl-cert = " + cert + "\nssl-key = " + key + "\nssl-ca-cert = " + ca.file + "\n",
		"conf.d/auth.conf":    "authorization: { version: 1, rules: [{ match-request: { path: \"/\", type: path }, allow: \"*\", sort-order: 1, name: all }] }\n",
		"logback.xml":         "<configuration><appender name=\"OUT\" class=\"ch.qos.logback.core.ConsoleAppender\"><encoder><pattern>%d %-5p %m%n</pattern></encoder></appender><root level=\"warn\"><appender-ref ref=\"OUT\"/></root></configuration>\n",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "var"), 0o700))
	begin(t, exec.Command("java", "-Xmx256m", "-cp", "/usr/share/puppetdb/puppetdb.jar", "clojure.main", "-m", "puppetlabs.puppetdb.core", "services",
		"--config", filepath.Join(dir, "conf.d"), "--bootstrap-config", "/etc/puppetdb/bootstrap.cfg"))
	return "https://127.0.0.1:" + port
}

// postgresql starts a database server as the user that Debian's package has for it, and returns its port.
func postgresql(t *testing.T, dir string) (port string) {
	t.Helper()
	bin, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	require.NoError(t, err)
	require.NotEmpty(t, bin, "PostgreSQL is not installed")
	u, err := user.Lookup("postgres")
	require.NoError(t, err)
	uid, err := strconv.Atoi(u.Uid)
	require.NoError(t, err)
	gid, err := strconv.Atoi(u.Gid)
	require.NoError(t, err)
	data := filepath.Join(dir, "postgres")
	require.NoError(t, os.Mkdir(data, 0o700))
	require.NoError(t, os.Chown(data, uid, gid))
	require.NoError(t, os.Chmod(dir, 0o755))
	port = freePort(t)
	as := func(program string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin[len(bin)-1], program), args...)
		cmd.Dir = data
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		return cmd
	}
	out, err := as("initdb", "-A", "trust", "-U", "puppetdb", "-D", data).CombinedOutput()
	require.NoError(t, err, string(out))
	begin(t, as("postgres", "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-k", data, "-F"))
	eventually(t, time.Minute, func() error {
		return as("psql", "-h", "127.0.0.1", "-p", port, "-U", "puppetdb", "-d", "postgres",
			"-c", "create extension if not exists pg_trgm", "-c", "create extension if not exists pgcrypto").Run()
	})
	return port
}

// begin starts a process that is ended with the test, which shows what it said if it has failed.
func begin(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		if err := cmd.Wait(); t.Failed() {
			t.Logf("%s: %v\n%s", filepath.Base(cmd.Path), err, out.String())
		}
	})
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

// eventually tries until there is no error.
func eventually(t *testing.T, bound time.Duration, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	for tick := time.Tick(200 * time.Millisecond); ; {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick:
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
}

func TestRealPuppetDB(t *testing.T) {
	ca := newAuthority(t, "ours")
	cert, key := ca.pair(t.TempDir(), "orchestrator.example.com")
	url := realPuppetDB(t, ca)
	r := resolver(t, url, &puppetdb.Options{CA: ca.file, Cert: cert, Key: key})
	eventually(t, 5*time.Minute, func() error {
		_, err := ask(t, r, `"nodes{}"`)
		return err
	})
	feed(t, url, ca, cert, key, map[string]string{"web1.example.com": "web", "web2.example.com": "web", "db1.example.com": "db"})

	web, all := []string{"web1.example.com", "web2.example.com"}, []string{"db1.example.com", "web1.example.com", "web2.example.com"}
	for query, want := range map[string][]string{
		`"nodes {}"`:                  all,
		`"facts { name = \"role\" }"`: all,
		`"inventory[certname] { facts.role = \"web\" }"`:                    web,
		`["from","nodes",["extract",["certname"],["~","certname","^web"]]]`: web,
		`"[\"from\",\"nodes\"]"`:                                            all,
		`"nodes[certname] { certname = \"none\" }"`:                         nil,
	} {
		got, err := ask(t, r, query)
		require.NoError(t, err, query)
		assert.ElementsMatch(t, want, got, query)
	}
	for query, want := range map[string]string{
		`""`:                          "PuppetDB query failed: PQL parse error at line 1, column 1:\n\nnull\n^\n\nExpected one of:\n",
		`"nodes[certname] {"`:         "PuppetDB query failed: PQL parse error at line 1, column 18:",
		`["=","certname","web1"]`:     "PuppetDB query failed: Your initial query must be of the form",
		`["from","nope"]`:             "PuppetDB query failed: Invalid entity 'nope' in query",
		`"nodes[nope] {}"`:            "PuppetDB query failed: Can't extract unknown 'nodes' field 'nope'.",
		`"nodes[count()] {}"`:         "PuppetDB query failed: it has to return the certname of nodes, and element 0 of its answer has none",
		`"nodes { certname ~ \"(\"}"`: "PuppetDB query failed: ERROR: invalid regular expression",
	} {
		_, err := ask(t, r, query)
		require.ErrorIs(t, err, orchestrator.ErrInvalidQuery, query)
		assert.True(t, strings.HasPrefix(err.Error(), want), "%s: %s", query, err)
	}
	_, err := ask(t, resolver(t, url, &puppetdb.Options{CA: ca.file}), `"nodes{}"`)
	told(t, err, orchestrator.ErrUnresolved, "PuppetDB and this server do not accept each other's certificates.")
}

// feed gives PuppetDB nodes with a role each.
func feed(t *testing.T, url string, ca *authority, cert, key string, roles map[string]string) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	transport := &http.Transport{TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: ca.pool()}}
	defer transport.CloseIdleConnections()
	for node, role := range roles {
		facts := fmt.Sprintf(`{"certname":%q,"environment":"production","values":{"role":%q},"producer_timestamp":%q,"producer":"test"}`, node, role, time.Now().UTC().Format(time.RFC3339))
		res, err := (&http.Client{Transport: transport}).Post(url+"/pdb/cmd/v1?command=replace_facts&version=5&secondsToWaitForCompletion=60&certname="+node, "application/json", strings.NewReader(facts))
		require.NoError(t, err)
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode, string(text))
		require.Contains(t, string(text), `"processed" : true`)
	}
}
