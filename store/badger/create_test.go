package badger

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// countRows returns how many rows of each kind there are.
func countRows(t *testing.T, s *Store) map[byte]int {
	t.Helper()
	rows := map[byte]int{}
	err := s.read(t.Context(), func(sn *snapshot) error {
		return sn.iterate(nil, nil, false, func(item *badgerdb.Item) (bool, error) {
			rows[item.Key()[0]]++
			if n := item.ValueSize(); n > maxBucket+16 || item.Key()[0] == kindEvents && n > maxPiece+16 {
				t.Errorf("row %s has %d bytes", keyText(item.Key()), n)
			}
			return true, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func readNames(t *testing.T, s *Store, id orchestrator.JobID) []string {
	t.Helper()
	var names []string
	for n, err := range s.Nodes(t.Context(), id, orchestrator.NodeQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n.Index != len(names) || n.State != orchestrator.NodeNew {
			t.Fatalf("got the node %d in state %s, want the new node %d", n.Index, n.State, len(names))
		}
		names = append(names, n.Name)
	}
	return names
}

// many is how many nodes need several parts.
const many = 100_000

func TestCreateMany(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	names := nodeNames(many)
	job, err := s.CreateJob(t.Context(), testJob(), names)
	if err != nil {
		t.Fatal(err)
	}
	if job.ID != 1 || job.NodeCount != many || job.Counts.New != many {
		t.Errorf("got the job %d with %d nodes, of which %d are new", job.ID, job.NodeCount, job.Counts.New)
	}
	if groups := s.writer.groups.Load(); groups < 4 {
		t.Errorf("written by %d commits, want several", groups)
	}
	for range 2 {
		if got := readNames(t, s, 1); !slices.Equal(got, names) {
			t.Errorf("got %d names that differ from the %d given", len(got), len(names))
		}
		if rows := countRows(t, s); rows[kindStaged] != 0 {
			t.Errorf("there are rows that say that a set belongs to no job: %v", rows)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openTest(t, dir)
	}
}

// TestCreateInterleaved commits to another job in the middle of a large creation. It would hang
// if the commit had to wait for the creation.
func TestCreateInterleaved(t *testing.T) {
	s := openTest(t, t.TempDir())
	w := mustWorker(t, s, 10)
	committed := make(chan error, 1)
	onCommit(s, func(group int, commit func() error) error {
		switch group {
		case 2:
			go func() { committed <- w.commit(t.Context(), w.batch(running(0))) }()
			until(t, "a waiting commit", func() bool { return len(s.writer.requests) == 1 })
		case 4:
			if err := <-committed; err != nil {
				t.Error(err)
			}
			if _, err := s.Job(t.Context(), 2); !errors.Is(err, orchestrator.ErrNotFound) {
				t.Errorf("the job that is being created: got the error %v", err)
			}
			if page, err := s.Jobs(t.Context(), orchestrator.JobQuery{}); err != nil || page.Total != 1 || len(page.Jobs) != 1 {
				t.Errorf("got %d jobs of %d and the error %v, want 1", len(page.Jobs), page.Total, err)
			}
		}
		return commit()
	})
	if job, err := s.CreateJob(t.Context(), testJob(), nodeNames(many)); err != nil || job.ID != 2 {
		t.Errorf("got the job %d and the error %v", job.ID, err)
	}
}

// TestCreateGivenUp ends the context of a creation between its parts.
func TestCreateGivenUp(t *testing.T) {
	s := openTest(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	onCommit(s, func(group int, commit func() error) error {
		if group == 3 {
			cancel()
		}
		return commit()
	})
	if _, err := s.CreateJob(ctx, testJob(), nodeNames(many)); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v", err)
	}
	s.background.Wait()
	if rows := countRows(t, s); rows[kindNames] != 0 || rows[kindStaged] != 0 || rows[kindJob] != 0 {
		t.Errorf("what is left: %v", rows)
	}
	if job, err := s.CreateJob(t.Context(), testJob(), nodeNames(2)); err != nil || job.ID != 1 {
		t.Errorf("the next job: got the ID %d and the error %v, want 1", job.ID, err)
	}
}

// TestCreateCrashed leaves the parts of a creation behind, without its end.
func TestCreateCrashed(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	if _, err := s.CreateJob(t.Context(), testJob(), nodeNames(maxSmall+1)); err != nil {
		t.Fatal(err)
	}
	large := testJob()
	large.Description = strings.Repeat("x", 3*maxPiece)
	c, err := newCreation(s.serial.Add(1), &large, nodeNames(many))
	if err != nil {
		t.Fatal(err)
	}
	if staged, err := s.stageParts(t.Context(), c); err != nil || !staged {
		t.Fatalf("got staged=%t and the error %v", staged, err)
	}
	if rows := countRows(t, s); rows[kindStaged] != 1 || rows[kindNames] < 100 || rows[kindPiece] == 0 {
		t.Fatalf("the parts are not there: %v", rows)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = openTest(t, dir)
	s.background.Wait()
	rows := countRows(t, s)
	if rows[kindStaged] != 0 || rows[kindNames] != 1 || rows[kindPiece] != 0 || rows[kindSpec] != 0 || rows[kindJob] != 1 {
		t.Errorf("what is left: %v", rows)
	}
	if got := readNames(t, s, 1); !slices.Equal(got, nodeNames(maxSmall+1)) {
		t.Errorf("the job before has the nodes %v", got)
	}
	if job, err := s.CreateJob(t.Context(), large, nodeNames(3)); err != nil || job.ID != 2 || len(job.Description) != 3*maxPiece {
		t.Errorf("the next job: got the ID %d and the error %v, want 2", job.ID, err)
	}
}

// TestSweepAtClose closes a store that has something to sweep.
func TestSweepAtClose(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		s := openTest(t, dir)
		c, err := newCreation(s.serial.Add(1), new(testJob()), nodeNames(many))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.stageParts(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := openTest(t, dir)
	s.background.Wait()
	if rows := countRows(t, s); rows[kindStaged] != 0 || rows[kindNames] != 0 {
		t.Errorf("what is left: %v", rows)
	}
}

// TestLargeSpec has specs that do not fit into the job's row, or into any.
func TestLargeSpec(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	for i, size := range []int{maxInlineSpec, maxPiece, 10 * maxPiece} {
		job := testJob()
		job.Description = strings.Repeat("é", size/2)
		job.Scope.Nodes = nodeNames(1000)
		job.Userdata = result(size, i)
		created, err := s.CreateJob(t.Context(), job, nodeNames(10))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "spec", created.JobSpec, job.JobSpec)
		w, err := claimAny(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		w.finish(t, 10, 10)
		w.mustCommit(t, w.ending())
	}
	before, err := s.Jobs(t.Context(), orchestrator.JobQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir)
	after, err := s.Jobs(t.Context(), orchestrator.JobQuery{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "jobs", after, before)
	countRows(t, s)
}

// TestTooLarge has texts that are too long for the rows that jobs are found by, and others that are
// just not.
func TestTooLarge(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	for _, set := range []func(job *orchestrator.Job, text string){
		func(job *orchestrator.Job, text string) { job.Environment = text },
		func(job *orchestrator.Job, text string) { job.Owner.Login = text },
		func(job *orchestrator.Job, text string) { job.Task.Name = text },
		func(job *orchestrator.Job, text string) { job.Key = text },
		func(job *orchestrator.Job, text string) { job.Command = orchestrator.Command(text) },
	} {
		job := testJob()
		set(&job, strings.Repeat("x", maxText+1))
		if _, err := s.CreateJob(t.Context(), job, nodeNames(1)); !errors.Is(err, orchestrator.ErrInvalid) {
			t.Errorf("a text of %d bytes: got the error %v", maxText+1, err)
		}
		set(&job, strings.Repeat("x", maxText))
		created, err := s.CreateJob(t.Context(), job, nodeNames(1))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "spec", created.JobSpec, job.JobSpec)
		w, err := claimAny(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		w.mustCommit(t, w.ending())
	}
	name := strings.Repeat("x", orchestrator.MaxNodeName)
	if _, err := s.CreateJob(t.Context(), testJob(), []string{name + "x"}); !errors.Is(err, orchestrator.ErrInvalid) {
		t.Errorf("a name of %d bytes: got the error %v", len(name)+1, err)
	}
	if job, err := s.CreateJob(t.Context(), testJob(), []string{name}); err != nil || job.ID != 6 {
		t.Errorf("a name of %d bytes: got the ID %d and the error %v, want 6", len(name), job.ID, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir)
	for order, want := range map[orchestrator.JobOrder]orchestrator.JobID{orchestrator.OrderByOwner: 2, orchestrator.OrderByEnvironment: 1} {
		page, err := s.Jobs(t.Context(), orchestrator.JobQuery{OrderBy: order, Descending: true, Limit: 1})
		if err != nil || page.Total != 6 || page.Jobs[0].ID != want {
			t.Errorf("by %s: got %+v and the error %v, want the job %d", order, page, err, want)
		}
	}
}
