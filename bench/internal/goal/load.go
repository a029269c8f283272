package goal

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/bench/internal/fleet"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
)

// The jobs that run at once while endpoints are asked.
const (
	loadJobs  = 100
	askedJob  = "51"                  // of about a hundred nodes
	askPause  = 20 * time.Millisecond // between the requests of a client
	apiPrefix = "/orchestrator/v1"
)

// asked are the endpoints, each of which has one client.
var asked = []string{
	"/jobs?limit=20", "/jobs?limit=20&order_by=state", "/jobs?limit=20&order_by=timestamp&order=desc", "/jobs/" + askedJob,
	"/jobs/" + askedJob + "/nodes", "/jobs/" + askedJob + "/report", "/jobs/" + askedJob + "/events", "/jobs/100/nodes?limit=20&state=running", "/events?limit=100",
}

// Load measures how long each endpoint takes while many jobs run at once, of 1 node to a tenth of a
// big job.
func Load(ctx context.Context, env *Env) ([]result.Latency, error) {
	var all []result.Latency
	err := env.withRunning(ctx, func(o *orchestrator.Orchestrator) error {
		return serve(env.api(o), func(addr string) (err error) {
			last, err := deployMany(ctx, o, env.many()/10)
			if err != nil {
				return err
			}
			all, err = ask(ctx, addr, func(ctx context.Context) error { return fed(ctx, o, last) })
			return err
		})
	})
	return all, err
}

// deployMany asks for jobs of 1 to most nodes, and returns the position of the last event that comes of them.
func deployMany(ctx context.Context, o *orchestrator.Orchestrator, most int) (last orchestrator.Position, err error) {
	names := fleet.Names(most)
	for i := range loadJobs {
		nodes := int(math.Pow(float64(most), float64(i)/(loadJobs-1)))
		if _, err := o.Deploy(ctx, fleet.Deploy(names[:nodes])); err != nil {
			return 0, err
		}
		last += orchestrator.Position(2*nodes + 1)
	}
	return last, nil
}

// ask has a client for each endpoint, which asks again and again until f returns.
func ask(ctx context.Context, addr string, f func(context.Context) error) ([]result.Latency, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	errDone := errors.New("done")
	failed := make(chan error, 1)
	go func() {
		err := f(ctx)
		cancel(errDone)
		failed <- err
	}()
	all := make([]result.Latency, len(asked))
	err := measure.Each(len(asked), func(i int) error {
		times, err := askOne(ctx, addr, apiPrefix+asked[i])
		all[i] = result.Latency{
			Endpoint: "GET " + asked[i], Requests: len(times),
			P50: measure.Micros(measure.Percentile(times, 50)) / 1e3, P99: measure.Micros(measure.Percentile(times, 99)) / 1e3,
		}
		if errors.Is(context.Cause(ctx), errDone) {
			return nil // its last request was broken off
		}
		cancel(err)
		return err
	})
	return all, errors.Join(err, <-failed)
}

// askOne asks for a path until ctx ends, and returns how long each answer took.
func askOne(ctx context.Context, addr, path string) (times []time.Duration, err error) {
	c, err := measure.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	for {
		start := time.Now()
		status, err := c.Get(path, "application/json", measure.Discard)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("GET %s: status %d", path, status)
		}
		if err != nil {
			return times, err
		}
		times = append(times, time.Since(start))
		select {
		case <-time.After(askPause):
		case <-ctx.Done():
			return times, nil
		}
	}
}
