//go:build unix

// Command standalone is a complete server: it runs a command of yours on nodes and serves the
// orchestrator v1 jobs API under /orchestrator/v1.
//
//	standalone -demo
//	standalone -command 'ssh -n {node} sudo -n puppet agent -t'
//	standalone -transport ssh -inventory nodes.yaml
//
// What it needs is in this file; access.go is about who is let in, fleet.go about running Puppet,
// and demo.go is the client of -demo.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
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

// mount is the path that the API is served under.
const mount = "/orchestrator/v1"

type config struct {
	addr, store, data               string
	command, taskCommand, sensitive string
	concurrency                     int
	timeout                         time.Duration
	demo                            bool
	access                          access
	fleet                           fleet
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	cfg, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2)
	case cfg.access.newToken != "":
		err = cfg.access.printToken(os.Stdout, os.Stderr)
	default:
		err = serve(ctx, cfg, log, os.Stdout)
	}
	if err != nil {
		log.Error("server failed", "err", err)
		os.Exit(1)
	}
}

// parse reads the command line. It says on stderr what is wrong with it.
func parse(args []string, stderr io.Writer) (cfg config, err error) {
	flags := flag.NewFlagSet("standalone", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&cfg.addr, "addr", "127.0.0.1:8143", "`address` to listen on; loopback only, unless clients are asked who they are")
	flags.StringVar(&cfg.store, "store", "badger", "where jobs are kept: badger (on disk) or memory")
	flags.StringVar(&cfg.data, "data", "", "`directory` of the badger store (default ./orchestrator-data, of the demo ./orchestrator-demo-data)")
	flags.StringVar(&cfg.command, "command", "", "`argv` to run for each node, with {node} replaced; single and double quotes group, there is no shell")
	flags.StringVar(&cfg.taskCommand, "task-command", "", "`argv` to run for each node of a task, with {node} and {task} replaced; the parameters are on its standard input (default: tasks are errored)")
	flags.StringVar(&cfg.sensitive, "sensitive", "password,passwd,secret,token,private_key", "`names` of task parameters that are never stored, shown or logged, separated by commas")
	flags.IntVar(&cfg.concurrency, "concurrency", 0, "how many nodes to run at once (default 250, in the demo 8)")
	flags.DurationVar(&cfg.timeout, "timeout", 0, "how long one node may run, as in 90s or 2h (default 1h)")
	flags.BoolVar(&cfg.demo, "demo", false, "run a job on 25 made-up nodes and show it")
	cfg.access.flags(flags)
	cfg.fleet.flags(flags)
	if err = flags.Parse(args); err == nil {
		err = cfg.check(flags.Args())
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(stderr, "Run a command on nodes and serve the orchestrator v1 jobs API. Begin with standalone -demo.")
		flags.SetOutput(stderr)
		flags.PrintDefaults()
	case err != nil:
		fmt.Fprintf(stderr, "standalone: %v\nstandalone -help says what each flag takes\n", err)
	case cfg.demo:
		cfg.data = cmp.Or(cfg.data, "./orchestrator-demo-data")
		cfg.concurrency = cmp.Or(cfg.concurrency, 8)
	default:
		cfg.data = cmp.Or(cfg.data, "./orchestrator-data")
	}
	return cfg, err
}

// check returns what is wrong with the command line; extra is what is left of it.
func (cfg config) check(extra []string) error {
	switch {
	case len(extra) > 0:
		return fmt.Errorf("unexpected argument %q (is a quote missing around -command?)", extra[0])
	case cfg.access.tokenLife <= 0:
		return fmt.Errorf("-token-life %s: must be positive", cfg.access.tokenLife)
	case cfg.access.newToken != "":
		return nil
	case cfg.ways() != 1:
		return errors.New("give either -command 'ARGV…' (or -task-command), or -transport, or -demo")
	case cfg.store != "badger" && cfg.store != "memory":
		return fmt.Errorf("-store %q: must be badger or memory", cfg.store)
	case cfg.concurrency < 0 || cfg.concurrency > 1<<20:
		return fmt.Errorf("-concurrency %d: must be between 1 and %d, or 0 for the default", cfg.concurrency, 1<<20)
	case cfg.timeout < 0:
		return fmt.Errorf("-timeout %s: must not be negative", cfg.timeout)
	case cfg.demo && (cfg.access.asks() || cfg.access.tls.Cert != ""):
		return errors.New("-demo is a client without a token and without a certificate: leave them out")
	}
	if err := cfg.fleet.check(cfg.demo); err != nil {
		return err
	}
	return cfg.access.check(cfg.addr)
}

// ways returns in how many ways nodes are to be run.
func (cfg config) ways() (ways int) {
	for _, given := range []bool{cfg.demo, cfg.command != "" || cfg.taskCommand != "", cfg.fleet.transport != ""} {
		if given {
			ways++
		}
	}
	return ways
}

// work returns what runs the nodes of jobs, and in which way.
func (cfg config) work(log *slog.Logger) (orchestrator.Runner, *orchestrator.Options, error) {
	opts := &orchestrator.Options{
		MaxConcurrency:  cfg.concurrency,
		NodeTimeout:     cfg.timeout,
		SensitiveParams: func(string) []string { return names(cfg.sensitive) },
		Logger:          log,
	}
	if cfg.demo {
		return orchestrator.RunnerFunc(runDemo), opts, nil
	}
	deploy, err := split(cfg.command)
	if err != nil {
		return nil, nil, fmt.Errorf("-command: %w", err)
	}
	task, err := split(cfg.taskCommand)
	if err != nil {
		return nil, nil, fmt.Errorf("-task-command: %w", err)
	}
	return commands{orchestrator.CommandDeploy: deploy, orchestrator.CommandTask: task}, opts, nil
}

// serve runs the server until ctx ends.
func serve(ctx context.Context, cfg config, log *slog.Logger, stdout io.Writer) error {
	runner, running, err := cfg.work(log)
	if err != nil {
		return err
	}
	runner, leave, err := cfg.fleet.open(runner, running, cfg.store, cfg.data)
	if err != nil {
		return err
	}
	defer leave()
	handling, encryption, err := cfg.access.options(log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", cfg.addr)
	if err != nil {
		return fmt.Errorf("%w; -addr gives another address", err)
	}
	defer listener.Close()
	scheme := "http"
	if encryption != nil {
		scheme, listener = "https", tls.NewListener(listener, encryption)
	}
	var store orchestrator.Store = memory.New()
	var failed <-chan struct{} // never, of the memory
	if cfg.store == "badger" {
		disk, err := badger.Open(cfg.data, &badger.Options{Logger: log})
		if err != nil {
			return fmt.Errorf("%w; -data gives another directory", err)
		}
		store, failed = disk, disk.Failed()
	}
	defer func() {
		if err := store.Close(); err != nil {
			log.Error("store not closed", "err", err)
		}
	}()
	o, err := orchestrator.New(store, runner, running)
	if err != nil {
		return err
	}
	if err := o.Start(context.Background()); err != nil {
		return err
	}
	server := newServer(httpapi.New(o, handling), handling.Authenticate != nil, log)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	base := scheme + "://" + listener.Addr().String() + mount
	log.Info("serving", "url", base, "store", cfg.store)

	if cfg.demo {
		if err := demo(ctx, base, stdout); err != nil && ctx.Err() == nil {
			log.Error("demo failed", "err", err)
		}
	}
	select {
	case err = <-served:
	case <-failed:
		err = fmt.Errorf("jobs cannot be kept any more: see to the disk of %s, and start the server again", cfg.data)
	case <-ctx.Done():
	}
	shutDown(server, o, log)
	return err
}

// shutDown lets running nodes finish for a while, and then cancels them. Clients can read on until
// then, and see how their jobs stand. Jobs that have not ended go on when the server is started again.
func shutDown(server *http.Server, o *orchestrator.Orchestrator, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	log.Info("stopping: running nodes have 30 seconds to finish; interrupt once more to cancel them")
	if err := o.Stop(ctx); err != nil {
		log.Warn("running nodes were cancelled", "err", err)
	}
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close()
	}
	log.Info("stopped")
}

// commands is a runner that starts a process for each node: the one for what created the job.
type commands map[orchestrator.Command][]string

// Run runs the command for a node, with what stands for the node and the task replaced inside each argument.
func (c commands) Run(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	argv := slices.Clone(c[req.Spec.Command])
	if argv == nil {
		return orchestrator.RunResult{}, fmt.Errorf("this server was started without a command for jobs of type %s", req.Spec.Command)
	}
	placeholders := strings.NewReplacer("{node}", req.Node, "{task}", req.Spec.Task.Name)
	for i, arg := range argv {
		argv[i] = placeholders.Replace(arg)
	}
	return runProcess(ctx, argv, req)
}

// runProcess runs a process for a node. What it writes to its standard output is the result;
// exit status 0 means finished, 126, 127 and a process that cannot be started mean errored, and
// every other end means failed. The process learns of the job from its environment, which other
// processes may be able to read, and of a task's parameters, which may be secret, from its standard input.
func runProcess(ctx context.Context, argv []string, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
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

var (
	word   = regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"])+`)
	quoted = regexp.MustCompile(`'([^']*)'|"([^"]*)"`)
)

// split splits a command line at blanks; there is nothing in an empty one. Single and double quotes
// group; nothing is expanded. Its program is never for a client to choose, by the name of a node or a task.
func split(line string) ([]string, error) {
	if line == "" {
		return nil, nil
	}
	if strings.ContainsAny(word.ReplaceAllString(line, ""), `'"`) {
		return nil, errors.New("a quote is not closed")
	}
	argv := word.FindAllString(line, -1)
	for i, arg := range argv {
		argv[i] = quoted.ReplaceAllString(arg, "$1$2")
	}
	switch {
	case len(argv) == 0 || argv[0] == "":
		return nil, errors.New("there is no program in it")
	case strings.HasPrefix(argv[0], "{"):
		return nil, fmt.Errorf("clients would choose the program, which is %s: begin with its name or its directory", argv[0])
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
