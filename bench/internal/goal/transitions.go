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
	transitionSize = 740 // bytes of a node's row, an event and a part of the counters, with the names of their fields
)

// transitions is goal 5: durable transitions in groups, beside a file to which groups of them are
// appended, and beside transitions that are durable one by one. Each group begins some nodes and ends
// others.
func transitions(ctx context.Context, env *Env) ([]result.Row, error) {
	written, err := env.footprint(ctx)
	if err != nil {
		return nil, err
	}
	s, err := measure.Interleave(ctx, env.Rounds,
		measure.Side{Name: "groups", Measure: env.inGroups},
		measure.Side{Name: "file", Measure: func(ctx context.Context) (float64, error) { return env.appended(ctx, group*transitionSize) }},
		measure.Side{Name: "single", Measure: env.oneByOne},
		measure.Side{Name: "dense", Measure: func(ctx context.Context) (float64, error) { return env.appended(ctx, written.bytes) }})
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
	differs := fmt.Sprintf("the file is sent %d ready bytes a transition and cannot be read by key; the store keeps the same in %d bytes, and against a file that is sent only as many it reaches %.2fx",
		transitionSize, written.bytes/group, s.Ratio(0, 3))
	return []result.Row{
		row(1, 0.35, fmt.Sprintf("appending %d bytes each to a file, with fsync", transitionSize), differs),
		row(2, 30, "one transaction each", ""),
	}, err
}

const transitionNodes = 1 << 18 // more than are begun and ended in the time there is

// inGroups returns how many transitions a second a store takes in groups.
func (env *Env) inGroups(ctx context.Context) (float64, error) {
	return env.committed(ctx, func(w *fleet.Worker) (int, error) {
		err := w.Turn(ctx, group)
		return 2 * w.Ended(), err
	})
}

// oneByOne returns how many transitions a second a store takes one by one.
func (env *Env) oneByOne(ctx context.Context) (float64, error) {
	n := 0
	return env.committed(ctx, func(w *fleet.Worker) (int, error) {
		n++
		return 2 * n, commitOne(ctx, w, n-1)
	})
}

// committed returns how many transitions a second are done by a worker. What is called returns how many
// it has done.
func (env *Env) committed(ctx context.Context, do func(*fleet.Worker) (int, error)) (rate float64, err error) {
	err = env.withStore(func(store *badger.Store) error {
		w, err := fleet.NewWorker(ctx, store, fleet.Names(transitionNodes))
		if err != nil {
			return err
		}
		n, begin := 0, time.Now()
		for time.Since(begin) < env.Window && n < 2*transitionNodes {
			if n, err = do(w); err != nil {
				return err
			}
		}
		rate = float64(n) / time.Since(begin).Seconds()
		return nil
	})
	return rate, err
}

// commitOne has a node run and finish, in a commit each.
func commitOne(ctx context.Context, w *fleet.Worker, node int) error {
	w.Run(node)
	if err := w.Commit(ctx); err != nil {
		return err
	}
	w.Finish(node)
	return w.Commit(ctx)
}

// appended returns how many transitions a second can be appended to a file, if a group of them has so many
// bytes.
func (env *Env) appended(ctx context.Context, size int) (float64, error) {
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
	block := bytes.Repeat([]byte("x"), size)
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
