//go:build unix

// Command standalone is a complete server: it runs a command of yours on nodes and serves the
// orchestrator v1 jobs API under /orchestrator/v1.
//
//	standalone -demo
//	standalone -command 'ssh -n {node} sudo -n puppet agent -t'
package main

import (
	"bytes"
	"context"
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
	"strings"
	"syscall"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/store/badger"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

type config struct {
	addr        string
	store       string
	data        string
	command     string
	concurrency int
	timeout     time.Duration
	demo        bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	cfg, err := parse(os.Args[1:], os.Stderr)
	if err == nil {
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
	flags.StringVar(&cfg.addr, "addr", "127.0.0.1:8143", "`address` to listen on; loopback only, because nobody is asked who they are")
	flags.StringVar(&cfg.store, "store", "badger", "where jobs are kept: badger (on disk) or memory")
	flags.StringVar(&cfg.data, "data", "./orchestrator-data", "`directory` of the badger store")
	flags.StringVar(&cfg.command, "command", "", "`argv` to run for each node, with {node} replaced; single and double quotes group, there is no shell")
	flags.IntVar(&cfg.concurrency, "concurrency", 0, "how many nodes to run at once (default 250, in the demo 8)")
	flags.DurationVar(&cfg.timeout, "timeout", 0, "how long one node may run (default 1h)")
	flags.BoolVar(&cfg.demo, "demo", false, "run a job on 25 made-up nodes and show it")
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
	return cfg, nil
}

// problem says what is wrong with the configuration, or nothing.
func (cfg config) problem(extra []string) string {
	host, _, err := net.SplitHostPort(cfg.addr)
	ip := net.ParseIP(host)
	switch {
	case len(extra) > 0:
		return fmt.Sprintf("unexpected argument %q (is a quote missing around -command?)", extra[0])
	case cfg.demo == (cfg.command != ""):
		return "give either -command 'ARGV…' or -demo"
	case cfg.store != "badger" && cfg.store != "memory":
		return fmt.Sprintf("-store %q: must be badger or memory", cfg.store)
	case cfg.concurrency < 0 || cfg.timeout < 0:
		return "-concurrency and -timeout must not be negative"
	case err != nil:
		return fmt.Sprintf("-addr %q: %v", cfg.addr, err)
	case host != "localhost" && (ip == nil || !ip.IsLoopback()):
		return fmt.Sprintf("-addr %q: only a loopback address can be served, because there is no authentication", cfg.addr)
	}
	return ""
}

// serve runs the server until ctx ends.
func serve(ctx context.Context, cfg config, log *slog.Logger, stdout io.Writer) error {
	run := demoCommand
	if !cfg.demo {
		argv, err := split(cfg.command)
		if err != nil {
			return fmt.Errorf("-command: %w", err)
		}
		run = func(node string) []string { return replaceNode(argv, node) }
	} else if cfg.concurrency == 0 {
		cfg.concurrency = 8
	}
	store, err := open(cfg, log)
	if err != nil {
		return err
	}
	defer func() {
		if err := store.Close(); err != nil {
			log.Error("store not closed", "err", err)
		}
	}()
	o, err := orchestrator.New(store, command{argv: run}, &orchestrator.Options{
		MaxConcurrency: cfg.concurrency,
		NodeTimeout:    cfg.timeout,
		Logger:         log,
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", cfg.addr)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/orchestrator/v1/", httpapi.New(o, &httpapi.Options{Logger: log}))
	server := &http.Server{
		Handler:           localOnly(mux),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	if err := o.Start(context.Background()); err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	base := "http://" + listener.Addr().String() + "/orchestrator/v1"
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

// localOnly refuses requests that name another host than this one: a page in a browser can make
// its own host's name point here, but not make it another name.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		ip := net.ParseIP(strings.Trim(host, "[]"))
		if host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintln(w, `{"kind":"puppetlabs.orchestrator/not-permitted","msg":"This server answers only under the name of a loopback address."}`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func open(cfg config, log *slog.Logger) (orchestrator.Store, error) {
	if cfg.store == "memory" {
		return memory.New(), nil
	}
	return badger.Open(cfg.data, &badger.Options{Logger: log})
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

// command is a runner that starts a process for each node.
type command struct {
	argv func(node string) []string
}

// Run runs the command for a node. What the process writes to its standard output is the result;
// exit status 0 means finished, 126, 127 and a process that cannot be started mean errored, and
// every other end means failed. The process learns of the job from its environment.
func (c command) Run(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	argv := c.argv(req.Node)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(),
		"ORCHESTRATOR_JOB="+req.Job.String(),
		"ORCHESTRATOR_NODE="+req.Node,
		"ORCHESTRATOR_ENVIRONMENT="+req.Spec.Environment,
		fmt.Sprintf("ORCHESTRATOR_NOOP=%t", req.Spec.Noop))
	stdout, stderr := &head{limit: 1 << 20}, &tail{limit: 500}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	// The process gets a group of its own, so that what it has started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second

	err := cmd.Run()
	result := orchestrator.RunResult{Result: stdout.text, Message: stderr.lastLine()}
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

// replaceNode returns argv with {node} replaced inside each argument.
func replaceNode(argv []string, node string) []string {
	replaced := make([]string, len(argv))
	for i, arg := range argv {
		replaced[i] = strings.ReplaceAll(arg, "{node}", node)
	}
	return replaced
}

// split splits a command line at blanks. Single and double quotes group; nothing is expanded.
func split(line string) ([]string, error) {
	var argv []string
	var arg strings.Builder
	var quote rune
	inArg := false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			arg.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inArg = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if inArg {
				argv = append(argv, arg.String())
				arg.Reset()
				inArg = false
			}
		default:
			arg.WriteRune(r)
			inArg = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("the quote %c is not closed", quote)
	}
	if inArg {
		argv = append(argv, arg.String())
	}
	if len(argv) == 0 || argv[0] == "" {
		return nil, errors.New("there is no program in it")
	}
	return argv, nil
}

// head keeps the first bytes that are written to it.
type head struct {
	limit int
	text  []byte
}

func (h *head) Write(p []byte) (int, error) {
	h.text = append(h.text, p[:min(len(p), h.limit-len(h.text))]...)
	return len(p), nil
}

// tail keeps the last bytes that are written to it.
type tail struct {
	limit int
	text  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if extra := len(t.text) - t.limit; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
	return len(p), nil
}

func (t *tail) lastLine() string {
	text := bytes.TrimSpace(t.text)
	return string(bytes.TrimSpace(text[bytes.LastIndexByte(text, '\n')+1:]))
}
