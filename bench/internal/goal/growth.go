package goal

import (
	"context"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
)

// The curves, in the order in which growth returns them.
const (
	curvePage = iota
	curveFilter
	curveOpen
	curveOrder
	curveNodes
	curveFirst
	curveHeap
)

// Growth measures how figures grow with the number of jobs, or of nodes of one job.
func Growth(ctx context.Context, env *Env) ([]result.Curve, error) {
	curves := []result.Curve{
		curvePage:   {Name: "page of 20 jobs, by number of jobs", Unit: "µs"},
		curveFilter: {Name: "page of one node's jobs, by number of jobs", Unit: "µs"},
		curveOpen:   {Name: "opening a store, by number of jobs", Unit: "ms"},
		curveOrder:  {Name: "page of 20 nodes by finish, by number of nodes", Unit: "µs"},
		curveNodes:  {Name: "reading all nodes of a job, by node", Unit: "µs"},
		curveFirst:  {Name: "first byte of /nodes, by number of nodes", Unit: "ms"},
		curveHeap:   {Name: "heap while a job runs, by number of nodes", Unit: "MB"},
	}
	for _, n := range env.Sizes {
		add := func(curve int, value float64) {
			curves[curve].Points = append(curves[curve].Points, result.Point{Size: n, Value: value})
		}
		if err := env.growJobs(ctx, n, add); err != nil {
			return curves, err
		}
		if err := env.growNodes(ctx, n, add); err != nil {
			return curves, err
		}
	}
	return curves, nil
}

func (env *Env) growJobs(ctx context.Context, n int, add func(curve int, value float64)) error {
	opened, err := env.openTime(ctx, n)
	if err != nil {
		return err
	}
	add(curveOpen, opened)
	return env.withJobs(ctx, n, func(o *orchestrator.Orchestrator) error {
		for curve, side := range map[int]measure.Side{curvePage: env.page(o), curveFilter: env.query(o, filters(n)[3])} {
			p50, err := side.Measure(ctx)
			if err != nil {
				return err
			}
			add(curve, p50)
		}
		return nil
	})
}

// openTime returns how many ms a store with n jobs takes to open.
func (env *Env) openTime(ctx context.Context, n int) (float64, error) {
	var ms float64
	if err := env.withJobs(ctx, n, func(*orchestrator.Orchestrator) error { return nil }); err != nil {
		return 0, err
	}
	times, err := measure.Times(3, time.Second, func() error { return withStored(env.jobs[n], func(*orchestrator.Orchestrator) error { return nil }) })
	if err == nil {
		ms = measure.Micros(measure.Percentile(times, 50)) / 1e3
	}
	return ms, err
}

func (env *Env) growNodes(ctx context.Context, n int, add func(curve int, value float64)) error {
	a, err := env.streamed(ctx, n, nodesPath)
	if err != nil {
		return err
	}
	add(curveFirst, a.first)
	add(curveNodes, a.took/float64(n))
	ordered, err := env.orderedNodes(ctx, n)
	if err != nil {
		return err
	}
	add(curveOrder, ordered)
	heap, err := env.whileRunning(ctx, n)
	add(curveHeap, heap)
	return err
}

// orderedNodes returns how many µs the p50 of a page of nodes takes in an order and a state, both of
// which an index is needed for.
func (env *Env) orderedNodes(ctx context.Context, n int) (p50 float64, err error) {
	q := orchestrator.NodeQuery{OrderBy: orchestrator.NodesByFinished, State: orchestrator.NodeFinished, Descending: true, Limit: 20}
	err = env.withNodes(ctx, n, func(o *orchestrator.Orchestrator) error {
		times, err := measure.Times(20, env.Window/20, func() error {
			for _, err := range o.Nodes(ctx, 1, q) {
				if err != nil {
					return err
				}
			}
			return nil
		})
		p50 = measure.Micros(measure.Percentile(times, 50))
		return err
	})
	return p50, err
}
