package peer

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"

	"github.com/seed-54b7607b/orchestrator/bench/internal/fleet"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
)

// Asynq is asynq on a Redis. It is to be closed.
type Asynq struct {
	client    *asynq.Client
	server    *asynq.Server
	inspector *asynq.Inspector
	ran       atomic.Int64 // tasks whose handler has returned since the last Run began
}

const asynqQueue = "default"

// StartAsynq starts a server that looks for tasks again after 1 ms.
func StartAsynq(addr string) (*Asynq, error) {
	redis := asynq.RedisClientOpt{Addr: addr, PoolSize: 2 * fleet.AtOnce}
	a := &Asynq{
		client:    asynq.NewClient(redis),
		inspector: asynq.NewInspector(redis),
		server: asynq.NewServer(redis, asynq.Config{
			Concurrency:       fleet.AtOnce,
			TaskCheckInterval: time.Millisecond,
			LogLevel:          asynq.FatalLevel,
		}),
	}
	if err := a.server.Start(asynq.HandlerFunc(a.record)); err != nil {
		return nil, fmt.Errorf("asynq: %w", err)
	}
	return a, nil
}

// record does nothing and records a result.
func (a *Asynq) record(_ context.Context, task *asynq.Task) error {
	defer a.ran.Add(1)
	_, err := task.ResultWriter().Write(fleet.Result(int(task.Payload()[len(task.Payload())/2])))
	return err
}

// Run has n tasks run, from their insertion, one by one and as many at once as run, to the last
// one's completion.
func (a *Asynq) Run(ctx context.Context, n int) error {
	a.ran.Store(0)
	err := measure.Each(fleet.AtOnce, func(first int) error {
		for i := first; i < n; i += fleet.AtOnce {
			task := asynq.NewTask("run", []byte(fleet.Name(i)), asynq.Retention(time.Hour))
			if _, err := a.client.EnqueueContext(ctx, task, asynq.Queue(asynqQueue)); err != nil {
				return err
			}
		}
		return nil
	})
	for done := 0; err == nil && done < n; {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		if int(a.ran.Load()) < n {
			continue // asking the server costs it time
		}
		var info *asynq.QueueInfo
		if info, err = a.inspector.GetQueueInfo(asynqQueue); err == nil {
			done = info.Completed
		}
	}
	if err != nil {
		return fmt.Errorf("asynq: %w", err)
	}
	return nil
}

// Clear checks that n tasks have completed, and removes them.
func (a *Asynq) Clear(n int) error {
	removed, err := a.inspector.DeleteAllCompletedTasks(asynqQueue)
	if err == nil && removed != n {
		err = fmt.Errorf("%d of %d tasks have completed", removed, n)
	}
	if err != nil {
		return fmt.Errorf("asynq: %w", err)
	}
	return nil
}

// Close stops the server.
func (a *Asynq) Close() error {
	a.server.Shutdown()
	if err := a.inspector.Close(); err != nil {
		return fmt.Errorf("asynq: %w", err)
	}
	if err := a.client.Close(); err != nil {
		return fmt.Errorf("asynq: %w", err)
	}
	return nil
}
