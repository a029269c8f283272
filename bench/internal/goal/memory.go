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
	var memory [2][]float64
	side := func(i int, name string) measure.Side {
		return measure.Side{Name: name, Measure: func(ctx context.Context) (float64, error) {
			used, err := env.inChild(ctx, name)
			memory[i] = append(memory[i], float64(used.Memory)/1e6)
			return used.Rate, err
		}}
	}
	s, err := measure.Interleave(ctx, env.Rounds, side(0, childStore), side(1, childDefaults))
	if err != nil {
		return nil, err
	}
	ratios := make([]float64, len(memory[0]))
	for i := range ratios {
		ratios[i] = memory[0][i] / memory[1][i]
	}
	fsync, err := env.fsync()
	what := fmt.Sprintf("the store after %s transitions, against Badger with its defaults and SyncWrites: ", count(env.Transitions))
	const differs = "the other side writes the same number of bytes under as many keys in as many transactions, and encodes nothing"
	return []result.Row{{
		Goal: 8, What: what + "memory", Wanted: 0.6, AtMost: true, Reached: measure.Median(ratios), Unit: "x",
		Figures: fmt.Sprintf("+%.0f and +%.0f MB resident, mapped files included", measure.Median(memory[0]), measure.Median(memory[1])), Differs: differs,
	}, {
		Goal: 8, What: what + "rate", Wanted: 0.8, Reached: s.Ratio(0, 1), Unit: "x",
		Figures: fmt.Sprintf("%.0f and %.0f transitions a second; %s", s.Median(0), s.Median(1), fsync), Differs: differs,
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
	err = env.withStore(func(store *badger.Store) error {
		before := measure.Live()
		w, err := fleet.NewWorker(ctx, store, n)
		if err != nil {
			return err
		}
		peak, err := measure.Peak(true, func() error { return w.RunAll(ctx, 0, n, 2*fleet.AtOnce) })
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

// inChild measures one side of goal 8 in a process of its own.
func (env *Env) inChild(ctx context.Context, side string) (used, error) {
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
	cmd := exec.CommandContext(ctx, self, dir, fmt.Sprint(env.Transitions))
	cmd.Env = append(os.Environ(), childVariable+"="+side)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return u, fmt.Errorf("child process: %w", err)
	}
	return u, json.Unmarshal(out, &u)
}
