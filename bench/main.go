// Command bench measures the library against its goals, each beside its limit or its peer in the
// same run, and prints a table.
//
//	make bench
//	make bench BENCHFLAGS='-quick -only 6,7'
//
// It finds PostgreSQL and Redis by the variables BENCH_POSTGRES and BENCH_REDIS, as the script
// services sets them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seed-54b7607b/orchestrator/bench/internal/goal"
	"github.com/seed-54b7607b/orchestrator/bench/internal/page"
	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
)

type config struct {
	quick, growth bool
	rounds        int
	only          []int // the goals to measure; all if there are none
	docs          string
	save, from    string
	profile       string
	limit         time.Duration
}

func main() {
	if goal.IsChild() {
		os.Exit(exit(goal.Child(os.Stdout)))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	cfg, err := parse(os.Args[1:], os.Stderr)
	if err == nil {
		err = bench(ctx, cfg)
	}
	code := exit(err)
	stop()
	os.Exit(code)
}

// exit says what went wrong, and returns the status to exit with.
func exit(err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	default:
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
}

func parse(args []string, out io.Writer) (config, error) {
	var cfg config
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.BoolVar(&cfg.quick, "quick", false, "measure less, to see whether everything works; the figures say nothing")
	flags.IntVar(&cfg.rounds, "rounds", 0, "how many rounds (default 5; 2 if quick)")
	flags.BoolVar(&cfg.growth, "growth", true, "measure the growth curves, too")
	flags.Func("only", "the `goals` to measure, as in 6,7 (default all)", func(text string) error {
		for part := range strings.SplitSeq(text, ",") {
			n, err := strconv.Atoi(part)
			if err != nil || n < 1 || n > 10 {
				return errors.New("must be numbers from 1 to 10, with commas between them")
			}
			cfg.only = append(cfg.only, n)
		}
		return nil
	})
	flags.StringVar(&cfg.docs, "docs", "", "the `directory` to write performance.md and the plot to (default none)")
	flags.StringVar(&cfg.save, "save", "", "the `file` to keep the figures in (default none)")
	flags.StringVar(&cfg.from, "from", "", "show what an earlier run has kept in this `file`, and measure nothing")
	flags.StringVar(&cfg.profile, "profile", "", "the `file` to write a CPU profile to; -tagfocus=side=NAME picks one side")
	flags.DurationVar(&cfg.limit, "limit", 12*time.Minute, "how long all may take; what is left then is not measured")
	if err := flags.Parse(args); err != nil {
		return cfg, err
	}
	if flags.NArg() > 0 {
		return cfg, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return cfg, nil
}

func bench(ctx context.Context, cfg config) error {
	if cfg.from != "" {
		run, err := page.Load(cfg.from)
		if err != nil {
			return err
		}
		return publish(run, cfg)
	}
	defer watchdog(cfg.limit + time.Minute)()
	stop, err := profile(cfg.profile)
	if err != nil {
		return err
	}
	defer stop()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	env := &goal.Env{Scale: goal.Full(), Dir: dir, Postgres: os.Getenv("BENCH_POSTGRES"), Redis: os.Getenv("BENCH_REDIS")}
	if cfg.quick {
		env.Scale = goal.Quick()
	}
	if cfg.rounds > 0 {
		env.Rounds = cfg.rounds
	}
	run, err := measureAll(ctx, env, cfg)
	if err != nil {
		return err
	}
	if cfg.save != "" {
		if err := page.Save(cfg.save, run); err != nil {
			return err
		}
	}
	return publish(run, cfg)
}

// measureAll measures what is asked for. A goal that cannot be measured, or not in time, does not
// keep the others from being measured; only the end of ctx does.
func measureAll(ctx context.Context, env *goal.Env, cfg config) (*result.Run, error) {
	run := &result.Run{Began: time.Now().UTC(), Command: "bench " + strings.Join(os.Args[1:], " "), Rounds: env.Rounds, Machine: goal.Machine(ctx, env)}
	limited, cancel := context.WithTimeoutCause(ctx, cfg.limit, fmt.Errorf("not done within %s", cfg.limit))
	defer cancel()
	do := func(what string, measure func(context.Context) error) {
		start := time.Now()
		if err := within(limited, 3*time.Minute, measure); err != nil {
			run.Failures = append(run.Failures, what+": "+err.Error())
		}
		fmt.Fprintf(os.Stderr, "%s: %s\n", what, time.Since(start).Round(time.Second/10))
	}
	for _, g := range goal.All() {
		if slices.Contains(g.Numbers, 2) && (cfg.wants(2) || cfg.wants(3)) {
			do("filling a store", func(ctx context.Context) error { return goal.FillMost(ctx, env) })
		}
		if slices.ContainsFunc(g.Numbers, cfg.wants) {
			do(fmt.Sprintf("goals %v", g.Numbers), func(ctx context.Context) error {
				rows, err := g.Measure(ctx, env)
				run.Rows = append(run.Rows, rows...)
				return err
			})
		}
	}
	if len(cfg.only) == 0 {
		do("load", func(ctx context.Context) (err error) {
			run.Load, err = goal.Load(ctx, env)
			return err
		})
	}
	if cfg.growth && len(cfg.only) == 0 {
		do("growth", func(ctx context.Context) (err error) {
			run.Curves, err = goal.Growth(ctx, env)
			return err
		})
	}
	slices.SortStableFunc(run.Rows, func(a, b result.Row) int { return a.Goal - b.Goal })
	run.Took = time.Since(run.Began)
	return run, context.Cause(ctx)
}

// within calls f with a context that ends after a time, and returns that as the error if it does.
func within(ctx context.Context, long time.Duration, f func(context.Context) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, long, fmt.Errorf("not done within %s", long))
	defer cancel()
	err := f(ctx)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// watchdog ends the program if it is not stopped in time: something hangs.
func watchdog(long time.Duration) (stop func()) {
	timer := time.AfterFunc(long, func() {
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1) // the program ends in any case
		fmt.Fprintf(os.Stderr, "bench: hangs since %s\n", long)
		os.Exit(2)
	})
	return func() { timer.Stop() }
}

// partial reports whether what is measured is less than what the document shows.
func (cfg *config) partial() bool { return cfg.quick || !cfg.growth || len(cfg.only) > 0 }

func (cfg *config) wants(goal int) bool { return len(cfg.only) == 0 || slices.Contains(cfg.only, goal) }

// publish prints the table and, if there is a directory for it, writes the document.
func publish(run *result.Run, cfg config) error {
	if err := page.Print(os.Stdout, run); err != nil {
		return err
	}
	if cfg.docs != "" && cfg.partial() {
		fmt.Fprintln(os.Stderr, "bench: not everything was measured, so", cfg.docs, "stays as it is")
	} else if cfg.docs != "" {
		if err := page.Write(cfg.docs, run); err != nil {
			return err
		}
	}
	if len(run.Failures) > 0 {
		return fmt.Errorf("%d of the measurements failed", len(run.Failures))
	}
	return nil
}

// profile begins to write a CPU profile, unless file is "".
func profile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		f.Close()
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}, nil
}
