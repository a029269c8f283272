package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/badger"
)

// BenchmarkLive runs a job of 20,000 nodes alone, and again while 1,000 clients watch its events and 1,000 more
// ask every second how far it has come, all in one process. It fails if an answer is not a 200, or if a
// client misses an event. It reports how fast the job was with clients, as a ratio of alone.
func BenchmarkLive(b *testing.B) {
	for _, c := range []struct {
		name  string
		takes time.Duration
	}{
		{"run=0", 0},
		{"run=50ms", 50 * time.Millisecond},
	} {
		b.Run(c.name, func(b *testing.B) {
			var alone, among time.Duration
			for b.Loop() {
				t := newCrowd(b, c.takes, 0, 0).run()
				alone += t
				crowd := newCrowd(b, c.takes, 1000, 1000)
				took := crowd.run()
				among += took
				b.Logf("alone %s among %s behind %s", t, took, crowd.behind)
				b.ReportMetric(float64(crowd.behind)/1e6, "behind-ms")
				b.ReportMetric(float64(crowd.bytes.Load())/1e6, "MB")
				b.ReportMetric(float64(crowd.polls.Load()), "polls")
			}
			b.ReportMetric(alone.Seconds()/among.Seconds(), "ratio")
			b.ReportMetric(float64(b.N)*crowdNodes/alone.Seconds(), "alone-nodes/s")
			b.ReportMetric(float64(b.N)*crowdNodes/among.Seconds(), "among-nodes/s")
		})
	}
}

const crowdNodes = 20_000

// crowd is a job, and the clients that look at it.
type crowd struct {
	b                 *testing.B
	o                 *orchestrator.Orchestrator
	id                orchestrator.JobID
	url               string
	client            *http.Client
	watchers, pollers int
	close             func()

	polls, bytes atomic.Int64
	behind       time.Duration // of the last watcher behind the job
}

func newCrowd(b *testing.B, takes time.Duration, watchers, pollers int) *crowd {
	b.Helper()
	quiet := slog.New(slog.DiscardHandler)
	store, err := badger.Open(b.TempDir(), &badger.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	runner := &orchestratortest.Runner{Default: orchestratortest.Step{
		Takes: takes, Result: `{"_output":"` + strings.Repeat("x", 380) + `"}`,
	}}
	o, err := orchestrator.New(store, runner, &orchestrator.Options{Logger: quiet, MaxConcurrency: 250})
	if err != nil {
		b.Fatal(err)
	}
	nodes := make([]string, crowdNodes)
	for i := range nodes {
		nodes[i] = fmt.Sprintf("node%05d.example.com", i)
	}
	job, err := o.Deploy(b.Context(), orchestrator.DeployRequest{Environment: "production", Scope: orchestrator.Scope{Nodes: nodes}})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(httpapi.New(o, &httpapi.Options{MaxStreams: watchers, Logger: quiet}))
	return &crowd{
		b: b, o: o, id: job.ID, watchers: watchers, pollers: pollers,
		url:    server.URL + "/orchestrator/v1/jobs/" + job.ID.String(),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: watchers + pollers, ReadBufferSize: 4 << 10}},
		close: func() {
			_ = o.Stop(context.Background())
			server.Close()
			if err := store.Close(); err != nil {
				b.Error(err)
			}
		},
	}
}

// run runs the job while the clients look at it, and returns how long it took.
func (c *crowd) run() time.Duration {
	c.b.Helper()
	defer c.close()
	ctx, cancel := context.WithCancel(c.b.Context())
	defer cancel()
	var connected, watching, polling sync.WaitGroup
	for range c.watchers {
		connected.Add(1)
		watching.Go(func() { c.watch(ctx, connected.Done) })
	}
	for i := range c.pollers {
		polling.Go(func() { c.poll(ctx, i) })
	}
	connected.Wait()
	began := time.Now()
	if err := c.o.Start(context.Background()); err != nil {
		c.b.Fatal(err)
	}
	orchestratortest.Await(c.b, c.o, c.id)
	took := time.Since(began)
	watching.Wait()
	c.behind = time.Since(began) - took
	cancel()
	polling.Wait()
	c.client.CloseIdleConnections()
	return took
}

// watch reads the events to the last and checks that none is missing.
func (c *crowd) watch(ctx context.Context, connected func()) {
	res, err := c.get(ctx, "/events", "text/event-stream")
	connected()
	if err != nil {
		c.b.Error(err)
		return
	}
	defer res.Body.Close()
	buf := make([]byte, 64<<10)
	kept, next := 0, 1
	for err == nil {
		var n int
		n, err = res.Body.Read(buf[kept:])
		c.bytes.Add(int64(n))
		text := buf[:kept+n]
		for {
			end := bytes.Index(text, []byte("\n\n"))
			if end < 0 {
				break
			}
			if id, ok := bytes.CutPrefix(text[:end], []byte("id: ")); ok {
				id, _, _ = bytes.Cut(id, []byte("\n"))
				if string(id) != strconv.Itoa(next) {
					c.b.Errorf("event %q instead of %d", id, next)
					return
				}
				next++
			}
			text = text[end+2:]
		}
		kept = copy(buf, text)
	}
	if !errors.Is(err, io.EOF) || next != 2*crowdNodes+2 {
		c.b.Errorf("after event %d: %v", next-1, err)
	}
}

// poll asks for the job once a second.
func (c *crowd) poll(ctx context.Context, i int) {
	const every = time.Second
	pause := time.NewTimer(every * time.Duration(i) / time.Duration(c.pollers))
	defer pause.Stop()
	var body bytes.Buffer
	for {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		pause.Reset(every)
		res, err := c.get(ctx, "", "application/json")
		if err != nil {
			if ctx.Err() == nil {
				c.b.Error(err)
			}
			return
		}
		body.Reset()
		_, err = body.ReadFrom(res.Body)
		res.Body.Close()
		if ctx.Err() == nil && (err != nil || !bytes.HasSuffix(body.Bytes(), []byte("}"))) {
			c.b.Errorf("%q %v", body.Bytes(), err)
		}
		c.polls.Add(1)
	}
}

func (c *crowd) get(ctx context.Context, path, accept string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", accept)
	res, err := c.client.Do(r)
	if err == nil && res.StatusCode != http.StatusOK {
		res.Body.Close()
		err = fmt.Errorf("GET %s: %s", path, res.Status)
	}
	return res, err
}
