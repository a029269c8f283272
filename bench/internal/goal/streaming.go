package goal

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
)

const (
	nodesPath  = "/orchestrator/v1/jobs/1/nodes"
	reportPath = "/orchestrator/v1/jobs/1/report"
)

// streaming is goal 4: all nodes of a big job, beside a copy of the same bytes.
func streaming(ctx context.Context, env *Env) ([]result.Row, error) {
	var rows []result.Row
	for _, path := range []string{nodesPath, reportPath} {
		little, err := env.streamed(ctx, env.many()/10, path)
		if err != nil {
			return nil, err
		}
		much, err := env.streamed(ctx, env.many(), path)
		if err != nil {
			return nil, err
		}
		copied, err := env.beside(ctx, path)
		if err != nil {
			return nil, err
		}
		what := fmt.Sprintf("`%s`, %s nodes", path[len("/orchestrator/v1"):], count(env.many()))
		rows = append(rows, copied, result.Row{
			Goal: 4, What: what + ": growth of the heap", Wanted: 16, AtMost: true, Reached: much.heap, Unit: "MB",
			Figures: fmt.Sprintf("%.1f MB with a tenth of the nodes", little.heap),
			Differs: "live objects, looked at every 100 ms, of a second such answer; server and client in one process",
		}, result.Row{
			Goal: 4, What: what + ": until the first byte", Wanted: 5, AtMost: true, Reached: much.first, Unit: "ms",
			Figures: fmt.Sprintf("median of %d requests; %.2f ms with a tenth of the nodes", firstBytes, little.first),
		})
	}
	return rows, nil
}

// beside measures how fast an answer is beside a handler that copies it from memory.
func (env *Env) beside(ctx context.Context, path string) (row result.Row, err error) {
	err = env.withNodes(ctx, env.many(), func(o *orchestrator.Orchestrator) error {
		return serve(env.api(o), func(ours string) error {
			body, err := fetch(ctx, ours, path)
			if err != nil {
				return err
			}
			return serve(copying(body), func(theirs string) error {
				s, err := measure.Interleave(ctx, env.Rounds, throughput(ours, path, len(body)), throughput(theirs, path, len(body)))
				if err != nil {
					return err
				}
				row = result.Row{
					Goal: 4, What: fmt.Sprintf("`%s`, %s nodes, against copying the same bytes", path[len("/orchestrator/v1"):], count(env.many())),
					Wanted: 0.5, Reached: s.Ratio(0, 1), Unit: "x",
					Figures: fmt.Sprintf("%.0f and %.0f MB/s, %d bytes a node", s.Median(0), s.Median(1), len(body)/env.many()),
					Differs: "both are served over loopback and read by the same client; the copy has its bytes in memory",
				}
				return nil
			})
		})
	})
	return row, err
}

// throughput is a side that sends one long answer; its figure is in MB/s.
func throughput(addr, path string, size int) measure.Side {
	return measure.Side{Name: path, Measure: func(ctx context.Context) (float64, error) {
		got, took, err := download(ctx, addr, path)
		if err == nil && got != int64(size) {
			err = fmt.Errorf("GET %s: %d of %d bytes", path, got, size)
		}
		return float64(got) / 1e6 / took.Seconds(), err
	}}
}

// download reads an answer, and returns how long it was and how long it took.
func download(ctx context.Context, addr, path string) (size int64, took time.Duration, err error) {
	c, err := measure.Dial(ctx, addr)
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	start := time.Now()
	status, err := c.Get(path, "application/json", func(body io.Reader) (err error) {
		size, err = io.Copy(io.Discard, body)
		return err
	})
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("GET %s: status %d", path, status)
	}
	return size, time.Since(start), err
}

// copying returns a handler that copies a body, in parts of the size that the library uses.
func copying(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		for part := body; len(part) > 0; {
			n := min(len(part), 32<<10)
			if _, err := w.Write(part[:n]); err != nil {
				return
			}
			part = part[n:]
		}
	})
}

const firstBytes = 21 // requests whose first byte is waited for

// answer is what a long answer costs.
type answer struct {
	heap  float64 // growth of the live heap, in MB
	first float64 // until its first byte, in ms
	took  float64 // until its end, in µs
}

// streamed measures an answer of n nodes by itself.
func (env *Env) streamed(ctx context.Context, n int, path string) (a answer, err error) {
	err = env.withNodes(ctx, n, func(o *orchestrator.Orchestrator) error {
		return serve(env.api(o), func(addr string) error {
			times := make([]time.Duration, firstBytes)
			for i := range times {
				if times[i], err = firstByte(ctx, addr, path); err != nil {
					return err
				}
			}
			a.first = measure.Micros(measure.Percentile(times, 50)) / 1e3
			if _, _, err := download(ctx, addr, path); err != nil { // the first such answer
				return err
			}
			before := measure.Live()
			peak, err := measure.Peak(true, func() error {
				_, took, err := download(ctx, addr, path)
				a.took = measure.Micros(took)
				return err
			})
			a.heap = float64(peak-before) / 1e6
			return err
		})
	})
	return a, err
}

// firstByte returns how long the first byte of an answer takes, and drops the rest.
func firstByte(ctx context.Context, addr, path string) (time.Duration, error) {
	c, err := measure.Dial(ctx, addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	var took time.Duration
	start := time.Now()
	_, err = c.Get(path, "application/json", func(body io.Reader) error {
		_, err := body.Read(make([]byte, 1))
		took = time.Since(start)
		return err
	})
	return took, err
}
