package goal

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/bench/internal/fleet"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
	"github.com/seed-54b7607b/orchestrator/store/badger"
)

const (
	sink      = "answers go to the handler's caller and not over a connection, which would hide a part of the difference; " + keptJobs
	keptJobs  = "each page is asked for again and again, and the store keeps the newest jobs in memory then"
	keptTexts = ", and httpapi the texts of those that have ended"
)

// flatPages is goal 2: a page of jobs takes as long however many there are, and whatever has
// happened to those on it.
func flatPages(ctx context.Context, env *Env) ([]result.Row, error) {
	var s measure.Samples
	err := env.withJobs(ctx, env.Sizes[0], func(few *orchestrator.Orchestrator) error {
		return env.withJobs(ctx, env.most(), func(many *orchestrator.Orchestrator) (err error) {
			s, err = measure.Interleave(ctx, env.Rounds, env.page(many), env.page(few))
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	grown := result.Row{
		Goal: 2, What: fmt.Sprintf("`GET /jobs?limit=20`, p50, %s jobs against %s", count(env.most()), count(env.Sizes[0])),
		Wanted: 2, AtMost: true, Reached: s.Ratio(0, 1), Unit: "x",
		Figures: fmt.Sprintf("%.0f and %.0f µs", s.Median(0), s.Median(1)), Differs: sink + keptTexts,
	}
	churned, err := env.churned(ctx)
	return []result.Row{grown, churned}, err
}

// page is a side that answers with a page of jobs; its figure is the p50 in µs.
func (env *Env) page(o *orchestrator.Orchestrator) measure.Side {
	handler := env.api(o)
	return measure.Side{Name: "page", Measure: func(ctx context.Context) (float64, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, pagePath, http.NoBody)
		if err != nil {
			return 0, err
		}
		req.Host = "bench"
		times, err := measure.Times(200, env.Window/2, func() error {
			w := answered{header: make(http.Header)}
			handler.ServeHTTP(&w, req)
			if w.status != http.StatusOK {
				return fmt.Errorf("GET %s: status %d", pagePath, w.status)
			}
			return nil
		})
		return measure.Micros(measure.Percentile(times, 50)), err
	}}
}

// answered is an answer that is thrown away.
type answered struct {
	header http.Header
	status int
}

// Header returns the header.
func (a *answered) Header() http.Header { return a.header }

// WriteHeader notes the status.
func (a *answered) WriteHeader(status int) { a.status = status }

// Write throws away a part of the body.
func (a *answered) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return io.Discard.Write(b)
}

// Flush does nothing: there is nobody to pass anything on to.
func (a *answered) Flush() {}

// churn is how many transitions the newest jobs have been through.
const churn = 2000

// churned measures a page of jobs that have been through many transitions, each of them written by
// itself, beside the same page before.
func (env *Env) churned(ctx context.Context) (result.Row, error) {
	row := result.Row{
		Goal: 2, What: fmt.Sprintf("the same after %s transitions on each of the newest 20 jobs", count(churn)), Wanted: 2, AtMost: true, Unit: "x",
		Differs: "two stores, in one of which each of these jobs has had 2 transitions; one transition a commit; " + sink,
	}
	err := env.withNewest(ctx, 2, func(quiet *orchestrator.Orchestrator) error {
		return env.withNewest(ctx, churn, func(busy *orchestrator.Orchestrator) error {
			s, err := measure.Interleave(ctx, env.Rounds, env.page(busy), env.page(quiet))
			if err != nil {
				return err
			}
			row.Reached = s.Ratio(0, 1)
			row.Figures = fmt.Sprintf("%.0f and %.0f µs", s.Median(0), s.Median(1))
			return nil
		})
	})
	return row, err
}

// withNewest calls f with an orchestrator on a store whose newest 20 jobs run and have each been through
// as many transitions.
func (env *Env) withNewest(ctx context.Context, transitions int, f func(*orchestrator.Orchestrator) error) error {
	dir, remove, err := env.temp()
	if err != nil {
		return err
	}
	defer remove()
	if err := fleet.Fill(ctx, dir, env.Sizes[0]); err != nil {
		return err
	}
	store, err := fleet.Open(dir)
	if err != nil {
		return err
	}
	defer store.Close()
	workers := make([]*fleet.Worker, 20)
	for i := range workers {
		if workers[i], err = fleet.NewWorker(ctx, store, fleet.Names(churn/2)); err != nil {
			return err
		}
	}
	if err := measure.Each(len(workers), func(i int) error { return step(ctx, workers[i], transitions) }); err != nil {
		return err
	}
	return env.settled(store, f)
}

// step commits transitions, an even number of them, one by one.
func step(ctx context.Context, w *fleet.Worker, transitions int) (err error) {
	for i := 0; i < transitions/2 && err == nil; i++ {
		err = commitOne(ctx, w, i)
	}
	return err
}

// settled calls f once what the store does in the background after a burst has had time to end.
func (env *Env) settled(store *badger.Store, f func(*orchestrator.Orchestrator) error) error {
	o, err := fleet.New(store)
	if err != nil {
		return err
	}
	time.Sleep(env.Window / 4)
	return f(o)
}
