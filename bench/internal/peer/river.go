// Package peer holds what the library is measured beside.
package peer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/seed-54b7607b/orchestrator/bench/internal/fleet"
)

// River is River on a PostgreSQL. It is to be closed.
type River struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
}

// riverArgs is what a job of River is asked.
type riverArgs struct {
	Node string `json:"node"`
}

// Kind returns the name of the kind of jobs.
func (riverArgs) Kind() string { return "run" }

type riverWorker struct {
	river.WorkerDefaults[riverArgs]
}

// Work does nothing and records a result.
func (riverWorker) Work(ctx context.Context, job *river.Job[riverArgs]) error {
	return river.RecordOutput(ctx, fleet.Result(int(job.ID)))
}

// StartRiver makes River's tables and starts a client, tuned for throughput: it looks for jobs
// again after 1 ms.
func StartRiver(ctx context.Context, url string) (*River, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("river: %w", err)
	}
	config.MaxConns = 20
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("river: %w", err)
	}
	r := &River{pool: pool}
	if err := r.start(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("river: %w", err)
	}
	return r, nil
}

func (r *River) start(ctx context.Context) error {
	driver := riverpgxv5.New(r.pool)
	log := slog.New(slog.DiscardHandler)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: log})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &riverWorker{})
	r.client, err = river.NewClient(driver, &river.Config{
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: fleet.AtOnce}},
		Workers:           workers,
		FetchCooldown:     time.Millisecond,
		FetchPollInterval: 10 * time.Millisecond,
		Logger:            log,
	})
	if err != nil {
		return err
	}
	return r.client.Start(context.WithoutCancel(ctx))
}

// Run has n jobs run, from their insertion to the last one's completion.
func (r *River) Run(ctx context.Context, n int) error {
	completed, unsubscribe := r.client.SubscribeConfig(&river.SubscribeConfig{
		ChanSize: n + 1000, Kinds: []river.EventKind{river.EventKindJobCompleted},
	})
	defer unsubscribe()
	jobs := make([]river.InsertManyParams, n)
	for i := range jobs {
		jobs[i].Args = riverArgs{Node: fleet.Name(i)}
	}
	if _, err := r.client.InsertManyFast(ctx, jobs); err != nil {
		return fmt.Errorf("river: insert: %w", err)
	}
	for range n {
		select {
		case <-completed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Clear checks that n jobs have completed with a result, and removes them.
func (r *River) Clear(ctx context.Context, n int) error {
	var completed int
	err := r.pool.QueryRow(ctx, `SELECT count(*) FROM river_job WHERE state = 'completed' AND metadata ? 'output'`).Scan(&completed)
	if err == nil && completed != n {
		err = fmt.Errorf("%d of %d jobs have completed with a result", completed, n)
	}
	if err == nil {
		_, err = r.pool.Exec(ctx, `TRUNCATE river_job`)
	}
	if err != nil {
		return fmt.Errorf("river: %w", err)
	}
	return nil
}

// Close stops the client.
func (r *River) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := r.client.StopAndCancel(ctx)
	r.pool.Close()
	return errors.Join(err)
}
