//go:build unix

// Command standalone is a complete server: it runs a command of yours on nodes and serves the
// orchestrator v1 jobs API under /orchestrator/v1.
//
//	standalone -demo
//	standalone -command 'ssh -n {node} sudo -n puppet agent -t'
//	standalone -new-token casey >> tokens
//	standalone -command … -addr :8143 -tokens tokens -tls-cert cert.pem -tls-key key.pem
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/store/badger"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

type config struct {
	addr, store, data               string
	command, taskCommand, sensitive string
	concurrency                     int
	timeout                         time.Duration
	demo, behindProxy               bool
	tokens, clientNames             string
	tls                             httpapi.TLSFiles
	newToken                        string
	tokenLife                       time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	cfg, err := parse(os.Args[1:], os.Stderr)
	switch {
	case err != nil:
	case cfg.newToken != "":
		err = newToken(cfg, os.Stdout, os.Stderr)
	default:
		err = serve(ctx, cfg, log, os.Stdout)
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		log.Error("server failed", "err", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage")

// parse reads the command line. It says on stderr what is wrong with it.
func parse(args []string, stderr io.Writer) (config, error) {
	var cfg config
	flags := flag.NewFlagSet("standalone", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.addr, "addr", "127.0.0.1:8143", "`address` to listen on; loopback only, unless clients are asked who they are")
	flags.StringVar(&cfg.store, "store", "badger", "where jobs are kept: badger (on disk) or memory")
	flags.StringVar(&cfg.data, "data", "./orchestrator-data", "`directory` of the badger store")
	flags.StringVar(&cfg.command, "command", "", "`argv` to run for each node, with {node} replaced; single and double quotes group, there is no shell")
	flags.StringVar(&cfg.taskCommand, "task-command", "", "`argv` to run for each node of a task, with {node} and {task} replaced; the parameters are on its standard input (default: tasks are errored)")
	flags.StringVar(&cfg.sensitive, "sensitive", "password,passwd,secret,token,private_key", "`names` of task parameters that are never stored, shown or logged, separated by commas")
	flags.IntVar(&cfg.concurrency, "concurrency", 0, "how many nodes to run at once (default 250, in the demo 8)")
	flags.DurationVar(&cfg.timeout, "timeout", 0, "how long one node may run (default 1h)")
	flags.BoolVar(&cfg.demo, "demo", false, "run a job on 25 made-up nodes and show it")
	flags.StringVar(&cfg.tokens, "tokens", "", "`file` of the tokens that clients must have; read again when it changes")
	flags.StringVar(&cfg.tls.Cert, "tls-cert", "", "`file` of the certificate to serve HTTPS with; read again when it changes")
	flags.StringVar(&cfg.tls.Key, "tls-key", "", "`file` of its key")
	flags.StringVar(&cfg.tls.ClientCA, "client-ca", "", "`file` of the authorities whose certificates let clients in without a token; see -client-names")
	flags.StringVar(&cfg.clientNames, "client-names", "", "common `names` of the certificates that let clients in, separated by commas (default: all that the authorities have given out)")
	flags.BoolVar(&cfg.behindProxy, "behind-proxy", false, "serve plain HTTP and trust forwarding headers, because a proxy in front does TLS and sets them")
	flags.StringVar(&cfg.newToken, "new-token", "", "make a token for this `login`, show it, print the line for the file of -tokens, and end")
	flags.DurationVar(&cfg.tokenLife, "token-life", 90*24*time.Hour, "how long the new token is good for")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return cfg, err
		}
		return cfg, errUsage
	}
	if problem := cfg.problem(flags.Args()); problem != "" {
		fmt.Fprintf(stderr, "standalone: %s\n", problem)
		return cfg, errUsage
	}
	if cfg.demo && cfg.concurrency == 0 {
		cfg.concurrency = 8
	}
	return cfg, nil
}

// problem says what is wrong with the configuration, or nothing.
func (cfg config) problem(extra []string) string {
	_, _, err := net.SplitHostPort(cfg.addr)
	encrypted, asks := cfg.tls.Cert != "", cfg.tokens != "" || cfg.tls.ClientCA != ""
	switch {
	case len(extra) > 0:
		return fmt.Sprintf("unexpected argument %q (is a quote missing around -command?)", extra[0])
	case cfg.concurrency < 0 || cfg.timeout < 0 || cfg.tokenLife <= 0:
		return "-concurrency and -timeout must not be negative, and -token-life must be positive"
	case cfg.newToken != "":
		return ""
	case cfg.demo == (cfg.command != "" || cfg.taskCommand != ""):
		return "give either -command 'ARGV…' (or -task-command) or -demo"
	case cfg.store != "badger" && cfg.store != "memory":
		return fmt.Sprintf("-store %q: must be badger or memory", cfg.store)
	case err != nil:
		return fmt.Sprintf("-addr %q: %v", cfg.addr, err)
	case encrypted != (cfg.tls.Key != ""):
		return "-tls-cert and -tls-key must be given together"
	case cfg.tls.ClientCA != "" && !encrypted:
		return "-client-ca needs -tls-cert and -tls-key: only HTTPS has certificates"
	case cfg.clientNames != "" && cfg.tls.ClientCA == "":
		return "-client-names needs -client-ca"
	case cfg.behindProxy && (encrypted || !asks):
		return "-behind-proxy is for plain HTTP with -tokens"
	case cfg.demo && (encrypted || asks):
		return "-demo is a client without a token and without a certificate: leave them out"
	case !asks && !httpapi.IsLoopback(cfg.addr):
		return fmt.Sprintf("-addr %q: only a loopback address can be served without -tokens or -client-ca, because nobody is asked who they are", cfg.addr)
	case !encrypted && !cfg.behindProxy && !httpapi.IsLoopback(cfg.addr):
		return fmt.Sprintf("-addr %q: only a loopback address can be served without -tls-cert and -tls-key, because tokens could be read on their way; see -behind-proxy", cfg.addr)
	}
	return ""
}

// newToken makes a token. It is shown apart from the line that makes it known, so that the latter
// can be appended to the file as it is.
func newToken(cfg config, stdout, stderr io.Writer) error {
	token, line, err := httpapi.NewToken(orchestrator.Owner{Login: cfg.newToken}, time.Now().Add(cfg.tokenLife))
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "The token, which is kept nowhere: %s\n", token)
	_, err = fmt.Fprintln(stdout, line)
	return err
}

// serve runs the server until ctx ends.
func serve(ctx context.Context, cfg config, log *slog.Logger, stdout io.Writer) error {
	runner, err := cfg.runner()
	if err != nil {
		return err
	}
	opts, tlsConfig, err := cfg.access(log)
	if err != nil {
		return err
	}
	var store orchestrator.Store = memory.New()
	if cfg.store == "badger" {
		if store, err = badger.Open(cfg.data, &badger.Options{Logger: log}); err != nil {
			return err
		}
	}
	defer func() {
		if err := store.Close(); err != nil {
			log.Error("store not closed", "err", err)
		}
	}()
	o, err := orchestrator.New(store, runner, &orchestrator.Options{
		MaxConcurrency:  cfg.concurrency,
		NodeTimeout:     cfg.timeout,
		SensitiveParams: func(string) []string { return strings.Split(cfg.sensitive, ",") },
		Logger:          log,
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", cfg.addr)
	if err != nil {
		return err
	}
	server := newServer(httpapi.New(o, opts), opts.Authenticate != nil, log)
	scheme := "http"
	if tlsConfig != nil {
		scheme, listener = "https", tls.NewListener(listener, tlsConfig)
	}
	if err := o.Start(context.Background()); err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	base := scheme + "://" + listener.Addr().String() + "/orchestrator/v1"
	log.Info("serving", "url", base, "store", cfg.store)

	if cfg.demo {
		if err := demo(ctx, base, stdout); err != nil && ctx.Err() == nil {
			log.Error("demo failed", "err", err)
		}
	}
	select {
	case err = <-served:
	case <-ctx.Done():
		err = nil
	}
	return errors.Join(err, shutDown(server, o, log))
}

// access returns the options of the handler that say who is let in, and how connections to them are
// encrypted; nil if they are not.
func (cfg config) access(log *slog.Logger) (opts *httpapi.Options, tlsConfig *tls.Config, err error) {
	opts = &httpapi.Options{Logger: log, TrustForwarded: cfg.behindProxy}
	if cfg.tls.Cert != "" {
		cfg.tls.Logger = log
		if tlsConfig, err = cfg.tls.Config(); err != nil {
			return nil, nil, err
		}
	}
	certs := &httpapi.ClientCerts{OwnerOf: func(cert *x509.Certificate) (orchestrator.Owner, bool) {
		return orchestrator.Owner{}, cfg.clientNames == "" || slices.Contains(strings.Split(cfg.clientNames, ","), cert.Subject.CommonName)
	}}
	switch {
	case cfg.tokens != "":
		tokens, err := httpapi.OpenTokens(cfg.tokens, log)
		if err != nil {
			return nil, nil, err
		}
		opts.Authenticate = httpapi.FirstOf(tokens.Authenticate, certs.Authenticate)
	case cfg.tls.ClientCA != "":
		opts.Authenticate = certs.Authenticate
	default:
		log.Warn("nobody is asked who they are: only this machine can connect, and everyone on it may do everything")
	}
	if cfg.tls.ClientCA != "" && cfg.clientNames == "" {
		log.Warn("every certificate of these authorities lets its client in; -client-names says which do", "authorities", cfg.tls.ClientCA)
	}
	return opts, tlsConfig, nil
}

// newServer returns a server of the API that no client can keep waiting, for a request or between two.
// How long a client may take for an answer is for the API to say, because some answers have no end.
func newServer(api http.Handler, asks bool, log *slog.Logger) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("/orchestrator/v1/", api)
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	if !asks {
		server.Handler = httpapi.LoopbackOnly(mux)
	}
	return server
}

// shutDown lets requests and running nodes finish for a while. Jobs that have not ended go on
// when the server is started again.
func shutDown(server *http.Server, o *orchestrator.Orchestrator, log *slog.Logger) error {
	log.Info("stopping: running nodes have 30 seconds to finish")
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- o.Stop(ctx) }()
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close()
	}
	if err := <-stopped; err != nil {
		log.Warn("running nodes were cancelled", "err", err)
	}
	log.Info("stopped")
	return nil
}

// command is a runner that starts a process for each node: it says what, by what created the job.
type command map[orchestrator.Command]func(orchestrator.RunRequest) []string

// runner returns what runs nodes, as the command line says.
func (cfg config) runner() (command, error) {
	c := make(command)
	for kind, line := range map[orchestrator.Command]string{
		orchestrator.CommandDeploy: cfg.command, orchestrator.CommandTask: cfg.taskCommand,
	} {
		switch argv, err := split(line); {
		case cfg.demo:
			c[kind] = func(req orchestrator.RunRequest) []string { return demoCommand(req.Node) }
		case line == "": // and so there is none
		case err != nil:
			return nil, fmt.Errorf("the command for jobs of type %s: %w", kind, err)
		default:
			c[kind] = func(req orchestrator.RunRequest) []string { return replaced(argv, req) }
		}
	}
	return c, nil
}

// Run runs the command for a node. What the process writes to its standard output is the result;
// exit status 0 means finished, 126, 127 and a process that cannot be started mean errored, and
// every other end means failed. The process learns of the job from its environment, which other
// processes may be able to read, and of a task's parameters, which may be secret, from its standard input.
func (c command) Run(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	argvFor := c[req.Spec.Command]
	if argvFor == nil {
		return orchestrator.RunResult{}, fmt.Errorf("this server was started without a command for jobs of type %s", req.Spec.Command)
	}
	argv := argvFor(req)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = bytes.NewReader(req.Spec.Task.Params)
	cmd.Env = append(os.Environ(),
		"ORCHESTRATOR_JOB="+req.Job.String(),
		"ORCHESTRATOR_NODE="+req.Node,
		"ORCHESTRATOR_TASK="+req.Spec.Task.Name,
		"ORCHESTRATOR_ENVIRONMENT="+req.Spec.Environment,
		fmt.Sprintf("ORCHESTRATOR_NOOP=%t", req.Spec.Noop))
	var stdout, stderr output
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// The process gets a group of its own, so that what it has started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second

	err := cmd.Run()
	result := orchestrator.RunResult{Result: stdout.first, Message: stderr.lastLine()}
	if ctx.Err() != nil {
		return result, ctx.Err()
	}
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return result, nil
	case !errors.As(err, &exit):
		return result, err
	case exit.ExitCode() == 126 || exit.ExitCode() == 127:
		return result, fmt.Errorf("the command could not be started: %w: %s", err, result.Message)
	default:
		result.Failed = true
		result.Message = strings.TrimSuffix(fmt.Sprintf("%v: %s", err, result.Message), ": ")
		return result, nil
	}
}

// replaced returns argv with what stands for the node and the task replaced inside each argument.
func replaced(argv []string, req orchestrator.RunRequest) []string {
	replacer := strings.NewReplacer("{node}", req.Node, "{task}", req.Spec.Task.Name)
	argv = slices.Clone(argv)
	for i, arg := range argv {
		argv[i] = replacer.Replace(arg)
	}
	return argv
}

var (
	word   = regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"])+`)
	quoted = regexp.MustCompile(`'([^']*)'|"([^"]*)"`)
)

// split splits a command line at blanks. Single and double quotes group; nothing is expanded.
func split(line string) ([]string, error) {
	if strings.ContainsAny(word.ReplaceAllString(line, ""), `'"`) {
		return nil, errors.New("a quote is not closed")
	}
	argv := word.FindAllString(line, -1)
	for i, arg := range argv {
		argv[i] = quoted.ReplaceAllString(arg, "$1$2")
	}
	if len(argv) == 0 || argv[0] == "" {
		return nil, errors.New("there is no program in it")
	}
	return argv, nil
}

// output keeps the first megabyte that is written to it, and the last 500 bytes.
type output struct{ first, last []byte }

func (o *output) Write(p []byte) (int, error) {
	o.first = append(o.first, p[:min(len(p), 1<<20-len(o.first))]...)
	o.last = append(o.last, p[max(0, len(p)-500):]...)
	o.last = o.last[max(0, len(o.last)-500):]
	return len(p), nil
}

func (o *output) lastLine() string {
	text := bytes.TrimSpace(o.last)
	return string(bytes.TrimSpace(text[bytes.LastIndexByte(text, '\n')+1:]))
}
