package badger

import (
	"fmt"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// BenchmarkNodePages reads pages of 20 of the nodes of jobs of several sizes: of one that has ended, and
// of one that goes on between the pages.
func BenchmarkNodePages(b *testing.B) {
	pages := []orchestrator.NodeQuery{
		{Descending: true},
		{State: orchestrator.NodeFailed},
		{OrderBy: orchestrator.NodesByName},
		{OrderBy: orchestrator.NodesByState, Descending: true},
		{OrderBy: orchestrator.NodesByDuration, Descending: true},
		{OrderBy: orchestrator.NodesByFinished, State: orchestrator.NodeFinished, Descending: true},
	}
	for _, nodes := range []int{1_000, 10_000, 100_000, 1_000_000} {
		for _, ends := range []bool{true, false} {
			s := openTest(b, b.TempDir())
			w := mustWorker(b, s, nodes)
			w.run(b, 0, nodes-1000/2)
			if ends {
				w.mustCommit(b, w.ending())
				s.background.Wait()
			}
			next := nodes - 1000/2
			for _, q := range pages {
				q.Limit = 20
				b.Run(fmt.Sprintf("nodes=%d/ended=%t/by=%s,state=%s", nodes, ends, q.OrderBy, q.State), func(b *testing.B) {
					for b.Loop() {
						if !ends && next < nodes {
							b.StopTimer()
							w.run(b, next, next+1)
							next++
							b.StartTimer()
						}
						for _, err := range s.Nodes(b.Context(), w.lease.Job, q) {
							if err != nil {
								b.Fatal(err)
							}
						}
					}
				})
			}
		}
	}
}

// run commits that nodes have run, one in a hundred of which has failed.
func (w *worker) run(b *testing.B, from, to int) {
	b.Helper()
	for ; from < to; from += 512 {
		var nodes []orchestrator.Node
		for i := from; i < min(from+512, to); i++ {
			n := finished(i, 100)
			if i%100 == 7 {
				n.State = orchestrator.NodeFailed
			}
			nodes = append(nodes, n)
		}
		w.mustCommit(b, w.batch(nodes...))
	}
}
