package goal

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-54b7607b/orchestrator/bench/internal/fleet"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
	"github.com/seed-54b7607b/orchestrator/store/badger"
)

const (
	group          = 256
	transitionSize = 740 // bytes that a transition writes: a node's row, an event, a part of the counters
)

// transitions is goal 5: durable transitions in groups, beside a file to which groups of as many
// bytes are appended, and beside transitions that are durable one by one.
func transitions(ctx context.Context, env *Env) ([]result.Row, error) {
	s, err := measure.Interleave(ctx, env.Rounds,
		measure.Side{Name: "groups", Measure: func(ctx context.Context) (float64, error) { return env.committed(ctx, group) }},
		measure.Side{Name: "file", Measure: env.appended},
		measure.Side{Name: "single", Measure: func(ctx context.Context) (float64, error) { return env.committed(ctx, 1) }})
	if err != nil {
		return nil, err
	}
	fsync, err := env.fsync()
	row := func(to int, wanted float64, against, differs string) result.Row {
		return result.Row{
			Goal: 5, What: fmt.Sprintf("durable transitions in groups of %d, against %s", group, against), Wanted: wanted,
			Reached: s.Ratio(0, to), Unit: "x", Figures: fmt.Sprintf("%.0f and %.0f a second; %s", s.Median(0), s.Median(to), fsync), Differs: differs,
		}
	}
	return []result.Row{
		row(1, 0.35, "appending as many bytes to a file, with fsync", fmt.Sprintf("the file is sent %d ready bytes a transition, and cannot be read by key", transitionSize)),
		row(2, 30, "one transaction each", ""),
	}, err
}

// committed returns how many transitions a second a store takes in groups of a size.
func (env *Env) committed(ctx context.Context, size int) (rate float64, err error) {
	err = env.withStore(func(store *badger.Store) error {
		const nodes = 1 << 18
		w, err := fleet.NewWorker(ctx, store, nodes)
		if err != nil {
			return err
		}
		n, begin := 0, time.Now()
		for time.Since(begin) < env.Window && n < nodes {
			if n, err = commitOne(ctx, w, n, size); err != nil {
				return err
			}
		}
		rate = float64(2*n) / time.Since(begin).Seconds()
		return nil
	})
	return rate, err
}

// commitOne has nodes from one on run and finish, in a group of a size or in two of 1, and returns the
// node behind them.
func commitOne(ctx context.Context, w *fleet.Worker, from, size int) (int, error) {
	if size > 1 {
		return from + size/2, w.RunAll(ctx, from, from+size/2, size)
	}
	w.Run(from)
	if err := w.Commit(ctx); err != nil {
		return from, err
	}
	w.Finish(from)
	return from + 1, w.Commit(ctx)
}

// appended returns how many transitions a second can be appended to a file.
func (env *Env) appended(ctx context.Context) (float64, error) {
	dir, remove, err := env.temp()
	if err != nil {
		return 0, err
	}
	defer remove()
	file, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	block := bytes.Repeat([]byte("x"), group*transitionSize)
	n, begin := 0, time.Now()
	for ; time.Since(begin) < env.Window && ctx.Err() == nil; n += group {
		if _, err := file.Write(block); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(begin).Seconds(), ctx.Err()
}
