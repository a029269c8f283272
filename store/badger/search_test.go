package badger

import (
	"slices"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// TestClassesOfVeryDifferentLength asks for jobs of several classes, some of which have many jobs where
// others have one: none may be lost between the parts that are read of each.
func TestClassesOfVeryDifferentLength(t *testing.T) {
	s := openTest(t, t.TempDir())
	var failed []orchestrator.JobID
	add := func(n int, login string, state orchestrator.JobState) {
		for range n {
			job := testJob()
			job.Owner.Login, job.State = login, state
			job.Status = append(job.Status, orchestrator.StateChange{State: state, At: at(9)})
			created, err := s.CreateJob(t.Context(), job, []string{"n"})
			if err != nil {
				t.Fatal(err)
			}
			if state == orchestrator.JobFailed {
				failed = append(failed, created.ID)
			}
		}
	}
	add(200, "zoe", orchestrator.JobFinished)
	for _, n := range []int{22, 10, 1, 40, 3} {
		add(n, "al", orchestrator.JobFailed)
		add(1, "brenda", orchestrator.JobFailed)
	}
	add(9, "cleo", orchestrator.JobFailed)
	add(30, "al", orchestrator.JobFailed)
	for _, node := range []string{"", "n"} {
		for _, descending := range []bool{false, true} {
			all := slices.Clone(failed)
			if descending {
				slices.Reverse(all)
			}
			for limit := range len(all) + 2 {
				for _, offset := range []int{0, 1, 20, 100} {
					page, err := s.Jobs(t.Context(), orchestrator.JobQuery{
						State: orchestrator.JobFailed, Node: node, Descending: descending, Limit: limit, Offset: offset,
					})
					if err != nil {
						t.Fatal(err)
					}
					var got []orchestrator.JobID
					for i := range page.Jobs {
						got = append(got, page.Jobs[i].ID)
					}
					want := all[min(offset, len(all)):]
					if limit > 0 {
						want = want[:min(limit, len(want))]
					}
					if !slices.Equal(got, want) || page.Total != len(all) {
						t.Fatalf("node %q, descending %t, limit %d, offset %d: got %v of %d, want %v of %d",
							node, descending, limit, offset, got, page.Total, want, len(all))
					}
				}
			}
		}
	}
}
