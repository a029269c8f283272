package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

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

// heldJob creates a job and claims it by an instance of its own.
func heldJob(ctx context.Context, s orchestrator.Store, nodes int) (*worker, error) {
	if _, err := create(ctx, s, nodes); err != nil {
		return nil, err
	}
	return claim(ctx, s, uuid.New(), long)
}

// finishedNodes returns nodes with results of about 400 bytes.
func finishedNodes(n int) []orchestrator.Node {
	nodes := make([]orchestrator.Node, n)
	for i := range nodes {
		nodes[i] = fullNode(i)
		nodes[i].Result = result(400)
	}
	return nodes
}

func benchCommit(b *testing.B, s orchestrator.Store, events int) {
	w, err := heldJob(b.Context(), s, events)
	if err != nil {
		b.Fatal(err)
	}
	nodes, n := finishedNodes(events), 0
	for b.Loop() {
		if err := w.commit(b.Context(), w.batch(nodes...)); err != nil {
			b.Fatal(err)
		}
		n += events
	}
	rate(b, n, "events")
}

// benchCommitAtOnce has several jobs written at once, each by one goroutine.
func benchCommitAtOnce(b *testing.B, s orchestrator.Store) {
	const events = 16
	nodes := finishedNodes(events)
	var n atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		w, err := heldJob(b.Context(), s, events)
		if err != nil {
			b.Error(err)
			return
		}
		for pb.Next() {
			if err := w.commit(b.Context(), w.batch(nodes...)); err != nil {
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
