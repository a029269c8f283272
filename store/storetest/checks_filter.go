package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	commandRule      = `only jobs of this command; "" means any`
	taskRule         = `only tasks whose name contains this; "" means any job`
	stateRule        = `only jobs in this state; "" means any`
	nodeRule         = `only jobs that have a node of this name; "" means any`
	finishedFromRule = "only jobs that ended at this time or later; the zero time means any"
	finishedToRule   = "only jobs that ended at this time or earlier; the zero time means any"
)

func filterChecks() []Check {
	return []Check{
		{Name: "JobQuery/command", Rule: commandRule, Run: checkFilter(byCommand)},
		{Name: "JobQuery/task", Rule: taskRule, Run: checkFilter(byTask)},
		{Name: "JobQuery/state", Rule: stateRule, Run: checkFilter(byState)},
		{Name: "JobQuery/node", Rule: nodeRule, Run: checkFilter(byNode)},
		{Name: "JobQuery/node-of-large", Rule: nodeRule, Run: checkNodeOfLarge},
		{Name: "JobQuery/finished-from", Rule: finishedFromRule, Run: checkFilter(byFinishedFrom)},
		{Name: "JobQuery/finished-to", Rule: finishedToRule, Run: checkFilter(byFinishedTo)},
		{Name: "Jobs/filters", Rule: jobsRule, Run: checkFilters},
		{Name: "Jobs/filters-change", Rule: jobsRule, Run: checkFiltersChange},
	}
}

// The filters of one kind, with some that no job passes.

func byCommand() (queries []orchestrator.JobQuery) {
	for _, command := range []orchestrator.Command{orchestrator.CommandDeploy, orchestrator.CommandTask, "plan", "tas"} {
		queries = append(queries, orchestrator.JobQuery{Command: command})
	}
	return queries
}

func byTask() (queries []orchestrator.JobQuery) {
	for _, task := range []string{"a", "aa", "package", "package::install", "::", "e", "ü", "Package", "age_", "%", "nothing"} {
		queries = append(queries, orchestrator.JobQuery{Task: task})
	}
	return queries
}

func byState() (queries []orchestrator.JobQuery) {
	for _, state := range append(orchestrator.JobStates(), "asleep") {
		queries = append(queries, orchestrator.JobQuery{State: state})
	}
	return queries
}

func byNode() (queries []orchestrator.JobQuery) {
	for _, name := range append([]string{"A", "a.", "web", "example.com", "000"}, hostsOf...) {
		queries = append(queries, orchestrator.JobQuery{Node: name})
	}
	return queries
}

func byFinishedFrom() (queries []orchestrator.JobQuery) {
	for n := range 40 {
		queries = append(queries, orchestrator.JobQuery{FinishedFrom: at(n * 600).In(elsewhere)})
	}
	return append(queries, orchestrator.JobQuery{FinishedFrom: at(6000).Add(400 * time.Microsecond)}, orchestrator.JobQuery{FinishedFrom: at(6000).Add(-400 * time.Microsecond)})
}

func byFinishedTo() (queries []orchestrator.JobQuery) {
	for n := range 40 {
		queries = append(queries, orchestrator.JobQuery{FinishedTo: at(n * 600).In(elsewhere)})
	}
	return append(queries, orchestrator.JobQuery{FinishedTo: at(6000).Add(400 * time.Microsecond)}, orchestrator.JobQuery{FinishedTo: at(6000).Add(-400 * time.Microsecond)})
}

// populationSize is how many jobs the checks of filters have.
const populationSize = 300

func openPopulated(ctx context.Context, open Opener, r *rand.Rand) (orchestrator.Store, *population, map[orchestrator.JobID]*worker, error) {
	s, err := open(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	p, held, err := populate(ctx, s, r, populationSize)
	return s, p, held, err
}

// checkFilter returns a check of filters, each in every order and direction.
func checkFilter(queries func() []orchestrator.JobQuery) func(context.Context, Opener) error {
	return func(ctx context.Context, open Opener) error {
		s, p, _, err := openPopulated(ctx, open, newRandom(1))
		if err != nil {
			return err
		}
		for i, q := range queries() {
			for _, q.OrderBy = range orders() {
				q.Descending = i%2 == 0
				if err := p.shown(ctx, s, q); err != nil {
					return err
				}
				q.Descending, q.Offset, q.Limit = !q.Descending, i%5, 1+i%20
				if err := p.shown(ctx, s, q); err != nil {
					return err
				}
				q.Offset, q.Limit = 0, 0
			}
		}
		return nil
	}
}

// randomQuery returns a query with some filters, from a place in the list on.
func randomQuery(r *rand.Rand, p *population) orchestrator.JobQuery {
	var q orchestrator.JobQuery
	one := func(queries []orchestrator.JobQuery) orchestrator.JobQuery { return pick(r, queries) }
	if r.IntN(4) == 0 {
		q.Command = one(byCommand()).Command
	}
	if r.IntN(4) == 0 {
		q.Task = one(byTask()).Task
	}
	if r.IntN(3) == 0 {
		q.State = one(byState()).State
	}
	if r.IntN(4) == 0 {
		q.Node = one(byNode()).Node
	}
	if r.IntN(4) == 0 {
		q.FinishedFrom = one(byFinishedFrom()).FinishedFrom
	}
	if r.IntN(4) == 0 {
		q.FinishedTo = one(byFinishedTo()).FinishedTo
	}
	q.OrderBy, q.Descending = pick(r, orders()), r.IntN(2) == 0
	if r.IntN(2) == 0 && len(p.jobs) > 0 {
		q.After = pick(r, p.jobs).ID
	}
	if r.IntN(2) == 0 {
		q.Offset = r.IntN(20)
	}
	if r.IntN(3) > 0 {
		q.Limit = 1 + r.IntN(60)
	}
	return q
}

// randomQueries is how many queries a population is asked.
const randomQueries = 400

func checkFilters(ctx context.Context, open Opener) error {
	r := newRandom(2)
	s, p, _, err := openPopulated(ctx, open, r)
	if err != nil {
		return err
	}
	for range randomQueries {
		if err := p.shown(ctx, s, randomQuery(r, p)); err != nil {
			return err
		}
	}
	return nil
}

// checkFiltersChange has jobs change their states between the queries.
func checkFiltersChange(ctx context.Context, open Opener) error {
	r := newRandom(3)
	s, p, held, err := openPopulated(ctx, open, r)
	if err != nil {
		return err
	}
	for _, job := range p.jobs {
		w := held[job.ID]
		if w == nil || r.IntN(3) == 0 {
			continue
		}
		if err := w.enter(ctx, pick(r, orchestrator.JobStates()), randomTime(r)); err != nil {
			return err
		}
		p.update(w)
		for range 4 {
			if err := p.shown(ctx, s, randomQuery(r, p)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkNodeOfLarge looks for nodes of large jobs, of jobs of a middle size, and of small ones.
func checkNodeOfLarge(ctx context.Context, open Opener) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	p := &population{nodes: map[orchestrator.JobID][]string{}}
	for i, nodes := range []int{1, large, 3, 5000, 1000, large, 2, 300, 1} {
		job, err := create(ctx, s, nodes)
		if err != nil {
			return fmt.Errorf("CreateJob: %w", err)
		}
		p.nodes[job.ID] = nodeNames(nodes)
		w, err := claimJob(ctx, s, alice, long, job.ID)
		if err != nil {
			return err
		}
		if i%2 == 0 {
			if err := w.end(ctx, orchestrator.JobFinished); err != nil {
				return err
			}
		}
		p.jobs = append(p.jobs, w.job)
	}
	for _, i := range []int{0, 1, 2, 3, 299, 300, 999, 1000, 4999, 5000, large / 2, large - 1, large} {
		q := orchestrator.JobQuery{Node: nodeName(i)}
		for _, q.OrderBy = range orders() {
			if err := p.shown(ctx, s, q); err != nil {
				return err
			}
			q.Descending = !q.Descending
		}
	}
	return nil
}
