package goal

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/bench/internal/fleet"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
	"github.com/seed-54b7607b/orchestrator/bench/internal/peer"
	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
)

// endToEnd is goals 6 and 7: nodes from the request to the end of the last, as nodes of one job
// and as jobs of one node, beside River and asynq.
func endToEnd(ctx context.Context, env *Env) (rows []result.Row, err error) {
	if env.Postgres == "" || env.Redis == "" {
		return nil, errors.New("BENCH_POSTGRES and BENCH_REDIS are not set: run this by bench/services")
	}
	river, err := peer.StartRiver(ctx, env.Postgres)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, river.Close()) }()
	asynq, err := peer.StartAsynq(env.Redis)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, asynq.Close()) }()
	n := env.Run
	s, err := measure.Interleave(ctx, env.Rounds,
		measure.Side{Name: "one job", Measure: env.oneJob},
		measure.Side{Name: "many jobs", Measure: env.manyJobs},
		measure.Side{Name: "river", Measure: func(ctx context.Context) (float64, error) {
			rate, err := rateOf(n, func() error { return river.Run(ctx, n) })
			return rate, errors.Join(err, river.Clear(ctx, n))
		}},
		measure.Side{Name: "asynq", Measure: func(ctx context.Context) (float64, error) {
			rate, err := rateOf(n, func() error { return asynq.Run(ctx, n) })
			return rate, errors.Join(err, asynq.Clear(n))
		}})
	if err != nil {
		return nil, err
	}
	return env.endToEndRows(&s)
}

func (env *Env) endToEndRows(s *measure.Samples) ([]result.Row, error) {
	fsync, err := env.fsync()
	row := func(goal, side, to int, what string, wanted float64, differs string) result.Row {
		return result.Row{
			Goal: goal, What: what, Wanted: wanted, Reached: s.Ratio(side, to), Unit: "x",
			Figures: fmt.Sprintf("%.0f and %.0f a second; %s", s.Median(side), s.Median(to), fsync),
			Differs: differs,
		}
	}
	const river = "River fetches and completes in groups, each of them durable, and writes no events; its database is a server of its own"
	one := fmt.Sprintf("one job of %s nodes, no-op runner, %d at once, results of 400 bytes, against ", count(env.Run), fleet.AtOnce)
	many := fmt.Sprintf("%s jobs of one node, %d at once, against River", count(env.Run), fleet.AtOnce)
	return []result.Row{
		row(6, 0, 2, one+"River, tuned", 4, river),
		row(6, 0, 3, one+"asynq, appendfsync everysec", 8, "asynq loses up to a second of work in a power cut, the library nothing; tasks are enqueued one by one, as asynq has it"),
		row(7, 1, 2, many, 2, river+"; its jobs are inserted with one call, the library's one by one, each of them durable when the call returns"),
	}, err
}

// rateOf returns how many of n were done in a second.
func rateOf(n int, do func() error) (float64, error) {
	start := time.Now()
	err := do()
	return float64(n) / time.Since(start).Seconds(), err
}

// oneJob runs one job with all the nodes.
func (env *Env) oneJob(ctx context.Context) (rate float64, err error) {
	names := fleet.Names(env.Run)
	err = env.withRunning(ctx, func(o *orchestrator.Orchestrator) error {
		rate, err = rateOf(env.Run, func() error {
			job, err := o.Deploy(ctx, fleet.Deploy(names))
			if err != nil {
				return err
			}
			return ended(ctx, o, job.ID, env.Run)
		})
		return err
	})
	return rate, err
}

// ended waits until a job of n nodes has ended, and checks that all of them have finished.
func ended(ctx context.Context, o *orchestrator.Orchestrator, id orchestrator.JobID, n int) error {
	last := orchestrator.EventID(2*n + 1) // each node has begun and finished, and the job has ended
	for _, err := range o.Watch(ctx, id, last) {
		if err != nil {
			return err
		}
	}
	job, err := o.Job(ctx, id)
	if err == nil && (job.Counts.Finished != n || job.LastEvent != last) {
		err = fmt.Errorf("job %d has ended with %d of %d nodes finished", id, job.Counts.Finished, n)
	}
	return err
}

// manyJobs runs as many jobs of one node.
func (env *Env) manyJobs(ctx context.Context) (rate float64, err error) {
	err = env.withRunning(ctx, func(o *orchestrator.Orchestrator) error {
		rate, err = rateOf(env.Run, func() error {
			var next atomic.Int64
			err := measure.Each(fleet.AtOnce, func(int) error {
				for i := next.Add(1); i <= int64(env.Run); i = next.Add(1) {
					if _, err := o.Deploy(ctx, fleet.Deploy([]string{fleet.Name(int(i))})); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			return fed(ctx, o, orchestrator.Position(3*env.Run))
		})
		if err != nil {
			return err
		}
		page, err := o.Jobs(ctx, orchestrator.JobQuery{State: orchestrator.JobFinished, Limit: 1})
		if err == nil && page.Total != env.Run {
			err = fmt.Errorf("%d of %d jobs have finished", page.Total, env.Run)
		}
		return err
	})
	return rate, err
}

// fed waits until so many events were committed.
func fed(ctx context.Context, o *orchestrator.Orchestrator, events orchestrator.Position) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		end, err := o.FeedEnd(ctx)
		if err != nil || end >= events {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
