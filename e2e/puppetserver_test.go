//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// puppetserver is a server of catalogs, in a process of its own, that signs every certificate.
type puppetserver struct {
	dir  string
	port string
	cmd  *exec.Cmd
}

// files are the settings of the server, with DIR and PORT to be replaced.
var files = map[string]string{
	"conf/puppet.conf": `[main]
ssldir = DIR/ssl
dns_alt_names = localhost
[server]
certname = localhost
autosign = true
cadir = DIR/ca
vardir = DIR/var
codedir = DIR/code
environmentpath = DIR/code/environments
reports = none
storeconfigs = false
`,
	"conf.d/global.conf":    `global: { logging-config: DIR/logback.xml }`,
	"conf.d/product.conf":   `product: { check-for-updates: false }`,
	"conf.d/webserver.conf": `webserver: { client-auth: want, ssl-host: "127.0.0.1", ssl-port: PORT }`,
	"conf.d/puppetserver.conf": `jruby-puppet: {
  ruby-load-path: [/usr/lib/puppetserver/ruby/vendor_ruby]
  gem-home: DIR/gems
  gem-path: [DIR/gems, "/usr/lib/puppetserver/vendored-jruby-gems"]
  server-conf-dir: DIR/conf
  server-code-dir: DIR/code
  server-var-dir: DIR/var
  server-run-dir: DIR/run
  server-log-dir: DIR/log
  max-active-instances: 2
}
`,
	"logback.xml": `<configuration>
<appender name="OUT" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%d %-5p %m%n</pattern></encoder></appender>
<root level="info"><appender-ref ref="OUT"/></root>
</configuration>
`,
}

// startServer starts a server, and waits until it serves. It is stopped when the test ends.
func startServer(t *testing.T, dir string, manifests map[string]string) *puppetserver {
	t.Helper()
	s := &puppetserver{dir: dir, port: freePort(t)}
	replacer := strings.NewReplacer("DIR", dir, "PORT", s.port)
	for name, text := range files {
		write(t, filepath.Join(dir, name), replacer.Replace(text))
	}
	for name, text := range manifests {
		write(t, filepath.Join(dir, "code/environments", name, "manifests/site.pp"), text)
	}
	const packaged = "/etc/puppet/puppetserver/"
	for _, name := range []string{"conf.d/auth.conf", "conf.d/ca.conf", "conf.d/metrics.conf", "conf.d/web-routes.conf", "services.d/bootstrap.cfg", "services.d/ca.cfg"} {
		copyFile(t, packaged+name, filepath.Join(dir, name))
	}
	for _, name := range []string{"ssl", "ca", "var", "run", "log", "gems"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		t.Fatal(err)
	}
	restart := filepath.Join(dir, "run/restart")
	s.cmd = exec.Command("java", "-Xms512m", "-Xmx1g", "-Djruby.logger.class=com.puppetlabs.jruby_utils.jruby.Slf4jLogger",
		"-Djruby.lib=/usr/share/jruby/lib", "-jar", "/usr/share/puppetserver/puppetserver.jar",
		"--config", filepath.Join(dir, "conf.d"), "--bootstrap-config", filepath.Join(dir, "services.d"), "--restart-file", restart)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			_ = s.cmd.Process.Kill()
			<-ended
		}
		log.Close()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("the puppetserver's log:\n%s", text)
		}
	})
	await(t, 5*time.Minute, "the puppetserver to serve", func() bool {
		select {
		case <-ended:
			t.Fatalf("the puppetserver ended: %v", s.cmd.ProcessState)
		default:
		}
		text, err := os.ReadFile(restart)
		return err == nil && strings.HasPrefix(string(text), "1")
	})
	return s
}

// await waits until something is so.
func await(t *testing.T, limit time.Duration, what string, is func() bool) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	end := time.After(limit)
	for !is() {
		select {
		case <-ticker.C:
		case <-end:
			t.Fatalf("waited %s in vain for %s", limit, what)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
}

// write writes a file, and makes the directories above it.
func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	source, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	text, err := io.ReadAll(source)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(text))
}
