package goal

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
)

const (
	pagePath    = "/orchestrator/v1/jobs?limit=20"
	connections = 8
)

// listing is goal 1: a page of jobs beside a body that never changes.
func listing(ctx context.Context, env *Env) ([]result.Row, error) {
	var rows []result.Row
	err := env.withJobs(ctx, env.many(), func(o *orchestrator.Orchestrator) error {
		return serve(env.api(o), func(ours string) error {
			body, err := fetch(ctx, ours, pagePath)
			if err != nil {
				return err
			}
			return serve(fixed(body), func(theirs string) error {
				s, err := measure.Interleave(ctx, env.Rounds, env.load(ours), env.load(theirs))
				if err != nil {
					return err
				}
				rows = []result.Row{{
					Goal: 1, What: fmt.Sprintf("`GET /jobs?limit=20`, %s jobs, against net/http writing a fixed body of the same %d bytes", count(env.many()), len(body)),
					Wanted: 0.6, Reached: s.Ratio(0, 1), Unit: "x",
					Figures: fmt.Sprintf("%.0f and %.0f requests a second", s.Median(0), s.Median(1)),
					Differs: fmt.Sprintf("the fixed body is written at once, with its length; %d connections; %s%s", connections, keptJobs, keptTexts),
				}}
				return nil
			})
		})
	})
	return rows, err
}

// load is a side that answers requests for a page.
func (env *Env) load(addr string) measure.Side {
	return measure.Side{Name: "page of jobs", Measure: func(ctx context.Context) (float64, error) {
		return measure.Load(ctx, addr, pagePath, connections, env.Window)
	}}
}

// fixed returns a handler whose answer is always the same.
func fixed(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body) // a client that has gone is no failure
	})
}

// fetch returns the body of an answer.
func fetch(ctx context.Context, addr, path string) ([]byte, error) {
	c, err := measure.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var body []byte
	status, err := c.Get(path, "application/json", func(r io.Reader) (err error) {
		body, err = io.ReadAll(r)
		return err
	})
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("GET %s: status %d: %.200s", path, status, body)
	}
	return body, err
}

// count returns a number as people write it.
func count(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
