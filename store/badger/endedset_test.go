package badger

import (
	"errors"
	"fmt"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// TestPruneWhatCannotBeRead removes jobs of which one is listed in a row that cannot be read: what is before it
// is removed, and then it is said what is wrong.
func TestPruneWhatCannotBeRead(t *testing.T) {
	s := openTest(t, t.TempDir())
	for i := range 2 {
		job := testJob()
		job.Environment = fmt.Sprint("environment", i)
		job.State = orchestrator.JobFinished
		job.Status = append(job.Status, orchestrator.StateChange{State: orchestrator.JobFinished, At: at(i + 1)})
		if _, err := s.CreateJob(t.Context(), job, []string{"a"}); err != nil {
			t.Fatal(err)
		}
	}
	_, second, err := s.classOf(2)
	if err != nil {
		t.Fatal(err)
	}
	key := endedKey(second, 0)
	if err := s.writer.do(t.Context(), plain{{key, []byte{version, 1}}}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.PruneJobs(t.Context(), at(100)); n != 1 || err != nil {
		t.Errorf("got %d jobs removed and the error %v", n, err)
	}
	_, err = s.PruneJobs(t.Context(), at(100))
	wantText(t, "PruneJobs", err, keyText(key))
	page, err := s.Jobs(t.Context(), orchestrator.JobQuery{})
	if err != nil || page.Total != 1 || len(page.Jobs) != 1 || page.Jobs[0].ID != 2 {
		t.Errorf("got the jobs %v of %d, and the error %v", page.Jobs, page.Total, err)
	}
	if _, err := s.Job(t.Context(), 1); !errors.Is(err, orchestrator.ErrNotFound) {
		t.Errorf("the job that was removed: got the error %v", err)
	}
}

// classOf returns the class of a job that has ended, and its number.
func (s *Store) classOf(id orchestrator.JobID) (class, uint32, error) {
	row, err := s.stored(id)
	if err != nil {
		return class{}, 0, err
	}
	c := endedOf(id, &row.view).class
	return c, s.state.tally(c).number, nil
}

// TestNotListed has a group begin to list a job for which it then has no room: nothing of that is written.
func TestNotListed(t *testing.T) {
	s := openTest(t, t.TempDir())
	g := newGroup(s)
	defer g.discard()
	n := 0
	for size := int64(14000); size > 0; size /= 2 {
		for g.put([]row{{keyKey(fmt.Sprint(n)), make([]byte, size)}}) == nil {
			n++
		}
	}
	l, err := g.list(&ended{id: 1, class: class{asked{command: orchestrator.CommandDeploy}, orchestrator.JobFinished}, at: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.put(l.rows); !errors.Is(err, errFull) {
		t.Fatalf("got the error %v", err)
	}
	if rows := append(g.endedRows(), g.tallyRows()...); len(rows) != 0 {
		t.Errorf("there are %d rows of it", len(rows))
	}
	if err := g.seal(); err != nil {
		t.Error(err)
	}
}
