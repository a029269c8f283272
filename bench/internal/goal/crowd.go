package goal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-54b7607b/orchestrator/bench/internal/fleet"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
	"github.com/seed-54b7607b/orchestrator/store/badger"
)

// pollEvery is how often a client that polls asks for its job.
const pollEvery = time.Second

// audience are clients that look at one job.
type audience struct {
	polls   atomic.Int64
	refused atomic.Int64 // answers of 500 and more
	watched atomic.Int64 // bytes of events

	mu    sync.Mutex
	times []time.Duration // of polls
}

// crowd is goal 10: a big job while many clients look at it, beside the same job alone.
func crowd(ctx context.Context, env *Env) ([]result.Row, error) {
	names := fleet.Names(env.many())
	var a audience
	s, err := measure.Interleave(ctx, env.Rounds,
		measure.Side{Name: "watched", Measure: func(ctx context.Context) (float64, error) { return env.watchedJob(ctx, names, &a) }},
		measure.Side{Name: "alone", Measure: func(ctx context.Context) (float64, error) { return env.watchedJob(ctx, names, nil) }})
	if err != nil {
		return nil, err
	}
	fsync, err := env.fsync()
	what := fmt.Sprintf("a job of %s nodes while %s clients poll `/jobs/:id` each second and %s watch its events", count(env.many()), count(env.Clients), count(env.Clients))
	return []result.Row{{
		Goal: 10, What: what + ", against the same job alone", Wanted: 0.8, Reached: s.Ratio(0, 1), Unit: "x",
		Figures: fmt.Sprintf("%.0f and %.0f nodes a second; %d polls, p50 %.1f ms, p99 %.1f ms; watchers were sent %.0f MB while it ran; %s", s.Median(0), s.Median(1),
			a.polls.Load(), measure.Micros(measure.Percentile(a.times, 50))/1e3, measure.Micros(measure.Percentile(a.times, 99))/1e3,
			float64(a.watched.Load())/1e6, fsync),
		Differs: "the clients share the processors with the server",
	}, {
		Goal: 10, What: what + ": answers of 5xx", Wanted: 0, AtMost: true, Reached: float64(a.refused.Load()), Unit: "answers",
	}}, err
}

// watchedJob returns how many nodes a second a job runs, while an audience that is there before the job begins
// looks at it, if it is not nil.
func (env *Env) watchedJob(ctx context.Context, names []string, a *audience) (rate float64, err error) {
	err = env.withStore(func(store *badger.Store) error {
		o, err := fleet.New(store)
		if err != nil {
			return err
		}
		job, err := o.Deploy(ctx, fleet.Deploy(names))
		if err != nil {
			return err
		}
		return serve(env.api(o), func(addr string) error {
			leave := a.come(ctx, addr, env.Clients)
			defer stop(o)
			rate, err = rateOf(len(names), func() error {
				if err := o.Start(ctx); err != nil {
					return err
				}
				return ended(ctx, o, job.ID, len(names))
			})
			return errors.Join(err, leave())
		})
	})
	return rate, err
}

// come connects the clients, n of each kind, and returns once all of them have been answered. leave
// sends them home.
func (a *audience) come(ctx context.Context, addr string, n int) (leave func() error) {
	if a == nil {
		return func() error { return nil }
	}
	ctx, cancel := context.WithCancel(ctx)
	var arrived sync.WaitGroup
	arrived.Add(2 * n)
	done := make(chan error, 1)
	go func() {
		done <- measure.Each(2*n, func(i int) error {
			var once sync.Once
			here := func() { once.Do(arrived.Done) }
			defer here()
			err := a.attend(ctx, addr, i%2 == 0, here)
			if ctx.Err() != nil {
				return nil // it was sent home
			}
			return err
		})
	}()
	arrived.Wait()
	return func() error {
		cancel()
		return <-done
	}
}

func (a *audience) attend(ctx context.Context, addr string, polls bool, here func()) error {
	c, err := measure.Dial(ctx, addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if polls {
		return a.poll(ctx, c, here)
	}
	return a.watch(c, here)
}

// poll asks for the job again and again.
func (a *audience) poll(ctx context.Context, c *measure.Client, here func()) error {
	var times []time.Duration
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.times = append(a.times, times...)
	}()
	pause := rand.N(pollEvery)
	for {
		start := time.Now()
		status, err := c.Get("/orchestrator/v1/jobs/1", "application/json", measure.Discard)
		if err != nil {
			return err
		}
		times = append(times, time.Since(start))
		a.note(status)
		a.polls.Add(1)
		here()
		select {
		case <-time.After(pause):
			pause = pollEvery
		case <-ctx.Done():
			return nil
		}
	}
}

// watch reads the stream of the job's events.
func (a *audience) watch(c *measure.Client, here func()) error {
	status, err := c.Get("/orchestrator/v1/jobs/1/events", "text/event-stream", func(body io.Reader) error {
		here()
		_, err := io.Copy(meter{&a.watched}, body)
		return err
	})
	if err != nil {
		return err
	}
	a.note(status)
	if status != http.StatusOK {
		return fmt.Errorf("watching events: status %d", status)
	}
	return nil
}

func (a *audience) note(status int) {
	if status >= http.StatusInternalServerError {
		a.refused.Add(1)
	}
}

// meter counts what is written to it.
type meter struct{ n *atomic.Int64 }

func (m meter) Write(b []byte) (int, error) {
	m.n.Add(int64(len(b)))
	return len(b), nil
}
