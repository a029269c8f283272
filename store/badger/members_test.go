package badger

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// sameBucket returns names that are all in one bucket.
func sameBucket(n int) []string {
	var names []string
	for i := 0; len(names) < n; i++ {
		if name := fmt.Sprintf("n%d", i); bucketOf(name) == 7 {
			names = append(names, name)
		}
	}
	return names
}

// TestMembers looks for the jobs of a node while jobs of all sizes are created, and some are removed.
func TestMembers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	s := openTest(t, t.TempDir())
	names := sameBucket(4)
	many := nodeNames(2 * partRows) // so many that a job is written in parts
	have := map[string][]orchestrator.JobID{}
	check := func(name string) {
		t.Helper()
		for _, descending := range []bool{false, true} {
			want := slices.Clone(have[name])
			if descending {
				slices.Reverse(want)
			}
			q := orchestrator.JobQuery{Node: name, Descending: descending}
			for q.Limit = 7; ; {
				page := pageOf(t, s, q)
				if page.Total != len(have[name]) {
					t.Fatalf("%s: got the total %d, want %d", name, page.Total, len(have[name]))
				}
				if len(page.Jobs) == 0 {
					break
				}
				for _, job := range page.Jobs {
					if len(want) == 0 || job.ID != want[0] {
						t.Fatalf("%s: got the job %d, want those of %v", name, job.ID, want)
					}
					want = want[1:]
				}
				q.After = page.Jobs[len(page.Jobs)-1].ID
			}
			if len(want) > 0 {
				t.Fatalf("%s: the jobs %v are missing", name, want)
			}
		}
	}
	ended := 0
	for step := range 300 {
		var nodes []string
		for _, name := range names[:3] {
			if r.IntN(2) == 0 {
				nodes = append(nodes, name)
			}
		}
		if r.IntN(20) == 0 || len(nodes) == 0 {
			nodes = append(nodes, many...)
		}
		job, err := s.CreateJob(t.Context(), testJob(), nodes)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range nodes[:min(len(nodes), 3)] {
			have[name] = append(have[name], job.ID)
		}
		if r.IntN(3) == 0 {
			w, err := claimAny(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			w.mustCommit(t, w.ending())
			ended = max(ended, int(w.lease.Job))
		}
		if step%100 == 99 { // all that have ended, which are the oldest
			for n := 1; n > 0; {
				if n, err = s.PruneJobs(t.Context(), at(100)); err != nil {
					t.Fatal(err)
				}
			}
			for name := range have {
				have[name] = slices.DeleteFunc(have[name], func(id orchestrator.JobID) bool { return int(id) <= ended })
			}
		}
		check(names[r.IntN(len(names))])
	}
	for _, name := range names {
		check(name)
		if m := s.state.members.names[name]; m.last != s.state.counters.job {
			t.Errorf("%s: the members are kept as of the job %d, want %d", name, m.last, s.state.counters.job)
		}
	}
}

// TestMembersOfAnOldSnapshot must not find what was created after it.
func TestMembersOfAnOldSnapshot(t *testing.T) {
	s := openTest(t, t.TempDir())
	mustWorker(t, s, 1)
	old := s.snapshot()
	defer old.release()
	mustWorker(t, s, 1)
	if page := pageOf(t, s, orchestrator.JobQuery{Node: nodeName(0)}); page.Total != 2 {
		t.Fatalf("got the total %d", page.Total)
	}
	sr := newSearch(orchestrator.JobQuery{Node: nodeName(0)}, t.Context().Err)
	sr.sn = old
	if ids, err := sr.membersOf(nodeName(0)); err != nil || !slices.Equal(ids, []orchestrator.JobID{1}) {
		t.Errorf("got the jobs %v and the error %v", ids, err)
	}
	if page := pageOf(t, s, orchestrator.JobQuery{Node: nodeName(0)}); page.Total != 2 {
		t.Errorf("got the total %d", page.Total)
	}
}

// TestKeptMembers keeps more than there is room for.
func TestKeptMembers(t *testing.T) {
	var k keptMembers
	for i := range 100 {
		k.set(fmt.Sprint(i%90), members{ids: make([]orchestrator.JobID, maxMembers/50), last: 1})
		sum := 0
		for _, m := range k.names {
			sum += len(m.ids)
		}
		if sum > maxMembers || sum != k.jobs || k.names[fmt.Sprint(i%90)].last != 1 {
			t.Fatalf("after %d: %d jobs are kept, and %d are counted", i+1, sum, k.jobs)
		}
	}
}

// TestManyNewMembers creates so many jobs that their bucket is read anew, and asks for a name that no job
// can have.
func TestManyNewMembers(t *testing.T) {
	s := openTest(t, t.TempDir())
	mustWorker(t, s, 1)
	for _, want := range []int{1, 1 + manyNew + 50} {
		if page := pageOf(t, s, orchestrator.JobQuery{Node: nodeName(0), Limit: 1}); page.Total != want {
			t.Errorf("got the total %d, want %d", page.Total, want)
		}
		if want == 1 {
			var all sync.WaitGroup
			for range manyNew + 50 {
				all.Go(func() {
					if _, err := s.CreateJob(t.Context(), testJob(), nodeNames(1)); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
	}
	pageOf(t, s, orchestrator.JobQuery{Node: strings.Repeat("x", orchestrator.MaxNodeName+1)})
	if n := len(s.state.members.names); n != 1 {
		t.Errorf("%d names are kept", n)
	}
}
