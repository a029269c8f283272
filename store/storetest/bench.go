package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// Bench measures a store by what the orchestrator asks of it most: that it creates jobs, that
// it commits groups of events, and that it reads pages of jobs and streams of nodes. open
// returns a store that is new and empty and that Bench closes.
func Bench(b *testing.B, open func(b *testing.B) orchestrator.Store) {
	run := func(name string, bench func(b *testing.B, s orchestrator.Store)) {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			b.Cleanup(func() {
				if err := s.Close(); err != nil {
					b.Error(err)
				}
			})
			b.ReportAllocs()
			bench(b, s)
		})
	}
	for _, nodes := range []int{1, 1000, large} {
		run(fmt.Sprintf("CreateJob/nodes=%d", nodes), func(b *testing.B, s orchestrator.Store) { benchCreate(b, s, nodes) })
	}
	for _, events := range []int{1, 64, orchestrator.MaxBatchEvents} {
		run(fmt.Sprintf("Commit/events=%d", events), func(b *testing.B, s orchestrator.Store) { benchCommit(b, s, events) })
	}
	run("Commit/at-once", benchCommitAtOnce)
	for _, order := range []orchestrator.JobOrder{orchestrator.OrderByID, orchestrator.OrderByTimestamp} {
		name := "id"
		if order != orchestrator.OrderByID {
			name = string(order)
		}
		run("Jobs/by="+name, func(b *testing.B, s orchestrator.Store) { benchJobs(b, s, order) })
	}
	run("Nodes/all", benchNodes)
	run("Claim", benchClaim)
}

// rate reports how many of something there were in a second.
func rate(b *testing.B, n int, unit string) {
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), unit+"/s")
}

func benchCreate(b *testing.B, s orchestrator.Store, nodes int) {
	given, n := nodeNames(nodes), 0
	for b.Loop() {
		if _, err := s.CreateJob(b.Context(), plainJob(), given); err != nil {
			b.Fatal(err)
		}
		n += nodes
	}
	rate(b, n, "nodes")
}

// reporter commits that nodes have finished, with results of about 400 bytes. When those of its
// job have, it takes another.
type reporter struct {
	store orchestrator.Store
	w     *worker
	next  int // the index of the next node
	nodes []orchestrator.Node
}

// nodesOfReporter is how many nodes the jobs of a reporter have.
const nodesOfReporter = 16 * orchestrator.MaxBatchEvents

func newReporter(s orchestrator.Store, events int) *reporter {
	r := &reporter{store: s, nodes: make([]orchestrator.Node, events)}
	for i := range r.nodes {
		r.nodes[i] = fullNode(0)
		r.nodes[i].Result = result(400)
	}
	return r
}

func (r *reporter) ready() bool { return r.w != nil && r.next+len(r.nodes) <= nodesOfReporter }

func (r *reporter) takeJob(ctx context.Context) (err error) {
	r.next = 0
	r.w, err = heldJob(ctx, r.store, nodesOfReporter)
	return err
}

func (r *reporter) report(ctx context.Context) error {
	for i := range r.nodes {
		r.nodes[i].Index, r.nodes[i].Name = r.next, nodeName(r.next)
		r.next++
	}
	return r.w.commit(ctx, r.w.batch(r.nodes...))
}

func benchCommit(b *testing.B, s orchestrator.Store, events int) {
	r, n := newReporter(s, events), 0
	for b.Loop() {
		if !r.ready() {
			b.StopTimer()
			if err := r.takeJob(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		if err := r.report(b.Context()); err != nil {
			b.Fatal(err)
		}
		n += events
	}
	rate(b, n, "events")
}

// benchCommitAtOnce has several jobs written at once, each by one goroutine.
func benchCommitAtOnce(b *testing.B, s orchestrator.Store) {
	const events = 16
	var n atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		r := newReporter(s, events)
		for pb.Next() {
			var err error
			if !r.ready() {
				err = r.takeJob(b.Context())
			}
			if err == nil {
				err = r.report(b.Context())
			}
			if err != nil {
				b.Error(err)
				return
			}
			n.Add(events)
		}
	})
	rate(b, int(n.Load()), "events")
}

func benchJobs(b *testing.B, s orchestrator.Store, order orchestrator.JobOrder) {
	const jobs, page = 2000, 50
	first, err := createMany(b.Context(), s, jobs)
	if err != nil {
		b.Fatal(err)
	}
	q := orchestrator.JobQuery{OrderBy: order, Descending: true, After: first + jobs/2, Limit: page}
	n := 0
	for b.Loop() {
		got, err := s.Jobs(b.Context(), q)
		if err != nil || len(got.Jobs) != page {
			b.Fatalf("Jobs: got %d jobs and the error %v", len(got.Jobs), err)
		}
		n += page
	}
	rate(b, n, "jobs")
}

func benchNodes(b *testing.B, s orchestrator.Store) {
	job, err := create(b.Context(), s, large)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		for _, err := range s.Nodes(b.Context(), job.ID, orchestrator.NodeQuery{}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	rate(b, n, "nodes")
}

// benchClaim claims and gives up a job behind many that have ended.
func benchClaim(b *testing.B, s orchestrator.Store) {
	for range 1000 {
		w, err := heldJob(b.Context(), s, 1)
		if err != nil {
			b.Fatal(err)
		}
		if err := w.end(b.Context(), orchestrator.JobFinished); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := create(b.Context(), s, 1); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := claim(b.Context(), s, alice, long); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Renew(b.Context(), alice, 0); err != nil {
			b.Fatal(err)
		}
	}
}
