package goal

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/bench/internal/fleet"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
	"github.com/seed-54b7607b/orchestrator/store/badger"
)

// storeMemory is goal 8: what a store adds to the memory of a process, beside Badger as it comes.
// Each is measured in a process of its own.
func storeMemory(ctx context.Context, env *Env) ([]result.Row, error) {
	written, err := env.footprint(ctx)
	if err != nil {
		return nil, err
	}
	plain := footprint{rows: 2 * group, bytes: transitionSize * group}
	var memory [3][]float64
	side := func(i int, name string, of footprint) measure.Side {
		return measure.Side{Name: name, Measure: func(ctx context.Context) (float64, error) {
			used, err := env.inChild(ctx, name, of)
			memory[i] = append(memory[i], float64(used.Memory)/1e6)
			return used.Rate, err
		}}
	}
	s, err := measure.Interleave(ctx, env.Rounds, side(0, childStore, footprint{}), side(1, childDefaults, plain), side(2, childDefaults, written))
	if err != nil {
		return nil, err
	}
	var ratios [3][]float64
	for to := range ratios {
		for i := range memory[to] {
			ratios[to] = append(ratios[to], memory[0][i]/memory[to][i])
		}
	}
	fsync, err := env.fsync()
	what := fmt.Sprintf("the store after %s transitions, against Badger with its defaults and SyncWrites: ", count(env.Transitions))
	differs := func(same float64) string {
		return fmt.Sprintf("the other side is given %d ready bytes a transition, in two rows, and flushes two files a transaction; "+
			"the store makes %d rows of %d bytes of %d transitions, and against Badger that is given only as much it reaches %.2fx",
			transitionSize, written.rows, written.bytes/written.rows, group, same)
	}
	return []result.Row{{
		Goal: 8, What: what + "memory", Wanted: 0.6, AtMost: true, Reached: measure.Median(ratios[1]), Unit: "x",
		Figures: fmt.Sprintf("+%.0f and +%.0f MB resident, mapped files included", measure.Median(memory[0]), measure.Median(memory[1])),
		Differs: differs(measure.Median(ratios[2])),
	}, {
		Goal: 8, What: what + "rate", Wanted: 0.8, Reached: s.Ratio(0, 1), Unit: "x",
		Figures: fmt.Sprintf("%.0f and %.0f transitions a second; %s", s.Median(0), s.Median(1), fsync), Differs: differs(s.Ratio(0, 2)),
	}}, err
}

// runMemory is goal 9: what a job adds to the heap while it runs.
func runMemory(ctx context.Context, env *Env) ([]result.Row, error) {
	little, _, err := env.beyondStore(ctx, env.many()/10)
	if err != nil {
		return nil, err
	}
	much, store, err := env.beyondStore(ctx, env.many())
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("heap that a job of %s nodes adds while it runs", count(env.many()))
	return []result.Row{{
		Goal: 9, What: what, Wanted: 32, AtMost: true, Reached: much, Unit: "MB",
		Figures: fmt.Sprintf("%.1f MB with a tenth of the nodes; the store adds %.0f MB", little, store),
		Differs: "live objects, those of the running nodes among them; what the store adds when it is written the same by hand is taken off",
	}}, nil
}

// beyondStore returns how much the live heap grows, in MB, while a job of n nodes runs: beyond what
// the store needs for the same, and what that is.
func (env *Env) beyondStore(ctx context.Context, n int) (beyond, store float64, err error) {
	s, err := measure.Interleave(ctx, env.Rounds,
		measure.Side{Name: "orchestrator", Measure: func(ctx context.Context) (float64, error) { return env.whileRunning(ctx, n) }},
		measure.Side{Name: "store", Measure: func(ctx context.Context) (float64, error) { return env.whileWritten(ctx, n) }})
	if err != nil {
		return 0, 0, err
	}
	store = s.Median(1)
	return max(0, s.Median(0)-store), store, nil
}

// whileWritten returns how much the live heap grows, in MB, while the same is written to a store without
// an orchestrator.
func (env *Env) whileWritten(ctx context.Context, n int) (grown float64, err error) {
	names := fleet.Names(n)
	err = env.withStore(func(store *badger.Store) error {
		before := measure.Live()
		w, err := fleet.NewWorker(ctx, store, names)
		if err != nil {
			return err
		}
		peak, err := measure.Peak(true, func() error { return w.RunAll(ctx, 2*fleet.AtOnce) })
		grown = float64(peak-before) / 1e6
		return err
	})
	return grown, err
}

// whileRunning returns how much the live heap grows, in MB, while a job of n nodes runs.
func (env *Env) whileRunning(ctx context.Context, n int) (grown float64, err error) {
	names := fleet.Names(n)
	err = env.withRunning(ctx, func(o *orchestrator.Orchestrator) error {
		before := measure.Live()
		job, err := o.Deploy(ctx, fleet.Deploy(names))
		if err != nil {
			return err
		}
		peak, err := measure.Peak(true, func() error { return ended(ctx, o, job.ID, n) })
		grown = float64(peak-before) / 1e6
		return err
	})
	return grown, err
}

// used is what a child process tells.
type used struct {
	Rate   float64 `json:"rate"`   // transitions a second
	Memory int64   `json:"memory"` // bytes that became resident
}

const (
	childVariable = "BENCH_CHILD" // which side a child process is
	childStore    = "store"
	childDefaults = "defaults"
)

// inChild measures one side of goal 8 in a process of its own, which is told what a group takes.
func (env *Env) inChild(ctx context.Context, side string, written footprint) (used, error) {
	var u used
	self, err := os.Executable()
	if err != nil {
		return u, err
	}
	dir, remove, err := env.temp()
	if err != nil {
		return u, err
	}
	defer remove()
	cmd := exec.CommandContext(ctx, self, dir, fmt.Sprint(env.Transitions), fmt.Sprint(written.rows), fmt.Sprint(written.bytes))
	cmd.Env = append(os.Environ(), childVariable+"="+side)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return u, fmt.Errorf("child process: %w", err)
	}
	return u, json.Unmarshal(out, &u)
}
