package goal

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/bench/internal/fleet"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
)

// query is a page that is asked for.
type query struct {
	name string
	orchestrator.JobQuery
}

// orderings are all orders of jobs.
func orderings() []query {
	orders := []orchestrator.JobOrder{
		orchestrator.OrderByID, orchestrator.OrderByOwner, orchestrator.OrderByTimestamp, orchestrator.OrderByEnvironment, orchestrator.OrderByState,
	}
	queries := make([]query, 0, len(orders))
	for _, order := range orders {
		name := string(order)
		if order == orchestrator.OrderByID {
			name = "name"
		}
		queries = append(queries, query{"order_by=" + name, orchestrator.JobQuery{OrderBy: order, Descending: true}})
	}
	return queries
}

// filters are all filters of jobs, for a store with n of them, and some together.
func filters(n int) []query {
	at := fleet.Epoch.Add(time.Duration(n/2) * time.Second)
	all := []query{
		{"type", orchestrator.JobQuery{Command: orchestrator.CommandTask}},
		{"task", orchestrator.JobQuery{Task: "package_1"}},
		{"state", orchestrator.JobQuery{State: orchestrator.JobFailed}},
		{"node", orchestrator.JobQuery{Node: fleet.Name(7)}},
		{"min_finish_timestamp", orchestrator.JobQuery{FinishedFrom: at}},
		{"max_finish_timestamp", orchestrator.JobQuery{FinishedTo: at}},
		{"type and both timestamps, by owner", orchestrator.JobQuery{
			Command: orchestrator.CommandTask, FinishedFrom: at, FinishedTo: at.Add(time.Hour), OrderBy: orchestrator.OrderByOwner,
		}},
	}
	for i := range all {
		all[i].Descending = true
	}
	return all
}

// orders is goal 3: every order, every filter and the total take as long however many jobs there are.
func orders(ctx context.Context, env *Env) (rows []result.Row, err error) {
	err = env.withJobs(ctx, env.many(), func(few *orchestrator.Orchestrator) error {
		return env.withJobs(ctx, env.most(), func(many *orchestrator.Orchestrator) error {
			ordered, err := env.slowest(ctx, few, many, "orderings", orderings(), orderings())
			if err != nil {
				return err
			}
			filtered, err := env.slowest(ctx, few, many, "filters", filters(env.many()), filters(env.most()))
			if err != nil {
				return err
			}
			total, err := env.total(ctx, many)
			rows = []result.Row{ordered, filtered, total}
			return err
		})
	})
	return rows, err
}

// slowest measures pages of queries in two stores and returns the row of the one that grows most.
func (env *Env) slowest(ctx context.Context, few, many *orchestrator.Orchestrator, what string, inFew, inMany []query) (result.Row, error) {
	row := result.Row{
		Goal: 3, What: fmt.Sprintf("a page of 20 with its total, p50, %s jobs against %s: the one of all %s that grows most", count(env.most()), count(env.many()), what),
		Wanted: 2, AtMost: true, Unit: "x", Differs: "a scan of all jobs would be at 10x; each page is asked for again and again, and the store keeps in memory which jobs a node has once somebody has asked: the first time it reads them all",
	}
	for i := range inMany {
		s, err := measure.Interleave(ctx, env.Rounds, env.query(many, inMany[i]), env.query(few, inFew[i]))
		if err != nil {
			return row, err
		}
		row.Figures += fmt.Sprintf("%s %.0f and %.0f µs; ", inMany[i].name, s.Median(0), s.Median(1))
		row.Reached = max(row.Reached, s.Ratio(0, 1))
	}
	row.Figures = row.Figures[:len(row.Figures)-len("; ")]
	return row, nil
}

// query is a side that reads a page of jobs; its figure is the p50 in µs.
func (env *Env) query(o *orchestrator.Orchestrator, q query) measure.Side {
	q.Limit = 20
	return measure.Side{Name: q.name, Measure: func(ctx context.Context) (float64, error) {
		times, err := measure.Times(20, env.Window/20, func() error {
			page, err := o.Jobs(ctx, q.JobQuery)
			if err == nil && page.Total == 0 {
				err = fmt.Errorf("%s: no job found", q.name)
			}
			return err
		})
		return measure.Micros(measure.Percentile(times, 50)), err
	}}
}

// total measures a page that has no jobs, only their total, beside the first page.
func (env *Env) total(ctx context.Context, o *orchestrator.Orchestrator) (result.Row, error) {
	newest := orchestrator.JobQuery{Descending: true}
	behind := newest
	behind.After = 1
	s, err := measure.Interleave(ctx, env.Rounds, env.query(o, query{"total", behind}), env.query(o, query{"page", newest}))
	if err != nil {
		return result.Row{}, err
	}
	return result.Row{
		Goal: 3, What: fmt.Sprintf("`pagination.total` at %s jobs, against the page", count(env.most())), Wanted: 10, AtMost: true,
		Reached: 100 * s.Ratio(0, 1), Unit: "%", Figures: fmt.Sprintf("%.1f and %.1f µs", s.Median(0), s.Median(1)),
		Differs: "measured by a page behind the last job, which is a total and nothing else",
	}, nil
}
