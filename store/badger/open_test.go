package badger

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

func quiet() *Options { return &Options{Logger: slog.New(slog.DiscardHandler)} }

// write writes rows past the store.
func write(t *testing.T, dir string, rows ...row) {
	t.Helper()
	db, err := badgerdb.OpenManaged(badgerOptions(dir, slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	txn := db.NewTransactionAt(db.MaxVersion(), true)
	defer txn.Discard()
	for _, r := range rows {
		if r.value == nil {
			err = txn.Delete(r.key)
		} else {
			err = txn.Set(r.key, r.value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(txn.CommitAt(db.MaxVersion()+1, nil), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// wantError returns an error text unless the error's text holds all the parts.
func wantText(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: got the error %v, want one about %q", what, err, part)
		}
	}
}

func TestOpenTwice(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	_, err := Open(dir, quiet())
	wantText(t, "a second Open", err, "another store has "+dir+" open")
	if _, err := s.CreateJob(t.Context(), testJob(), nodeNames(1)); err != nil {
		t.Errorf("the first store: %v", err)
	}
}

// TestRelative writes to a store in a relative directory after the process has gone to another one, until Badger
// has made new files.
func TestRelative(t *testing.T) {
	home, elsewhere := t.TempDir(), t.TempDir()
	t.Chdir(home)
	s := openTest(t, "data")
	t.Chdir(elsewhere)
	const nodes = 20
	w := mustWorker(t, s, nodes)
	for node := range nodes {
		w.mustCommit(t, w.batch(finished(node, orchestrator.MaxBatchBytes)))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(elsewhere); err != nil || len(files) > 0 {
		t.Errorf("there are %v elsewhere, error %v", files, err)
	}
	job, err := openTest(t, filepath.Join(home, "data")).Job(t.Context(), w.lease.Job)
	if err != nil || job.Counts.Finished != nodes {
		t.Errorf("%d nodes have finished, error %v, want %d", job.Counts.Finished, err, nodes)
	}
}

func TestOpenElsewhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "dir")
	s := openTest(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, dir, row{metaKey(metaLayout), encodeNumber(layout + 1)})
	_, err := Open(dir, quiet())
	wantText(t, "Open of a newer layout", err, dir, "its layout has version 5, and this program knows version 4 only")

	other := t.TempDir()
	write(t, other, row{[]byte("hello"), []byte("world")})
	_, err = Open(other, quiet())
	wantText(t, "Open of another database", err, other, "not a store of jobs")
}

// TestCorruptRows puts what is no value into a row of each kind.
func TestCorruptRows(t *testing.T) { //nolint:tparallel // it runs beside other tests; its parts one after the other
	t.Parallel()
	all := func(t *testing.T, s *Store) error {
		ctx := t.Context()
		_, jobErr := s.Job(ctx, 1)
		_, jobsErr := s.Jobs(ctx, orchestrator.JobQuery{})
		_, rankedErr := s.Jobs(ctx, orchestrator.JobQuery{OrderBy: orchestrator.OrderByOwner})
		errs := []error{jobErr, jobsErr, rankedErr}
		for _, err := range s.Nodes(ctx, 1, orchestrator.NodeQuery{}) {
			errs = append(errs, err)
		}
		for _, err := range s.Events(ctx, 1, 1) {
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	}
	dir := t.TempDir()
	s := openTest(t, dir)
	job := testJob()
	job.Description = strings.Repeat("x", 2*maxPiece)
	if _, err := s.CreateJob(t.Context(), job, nodeNames(maxSmall+1)); err != nil {
		t.Fatal(err)
	}
	w, err := claimAny(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	set := uint64(0)
	if v, ok := s.state.live(1); ok {
		set = v.set
	}
	if _, err := s.RequestStop(t.Context(), 1, false); err != nil {
		t.Fatal(err)
	}
	w.mustCommit(t, w.batch(running(0), running(1)))
	w.mustCommit(t, w.batch(finished(0, 10)))
	if err := errors.Join(all(t, s), s.Close()); err != nil {
		t.Fatal(err)
	}
	for _, key := range [][]byte{
		metaKey(metaLayout), metaKey(metaCounters), metaKey(metaEpoch), jobKey(1), liveKey(1), unfinishedKey(0),
		specKey(set), pieceKey(specKey(set), 1), namesKey(set, 0), headsKey(set, 0),
		eventsKey(1, 2, 2), eventsKey(1, 3, 3),
	} {
		t.Run(keyText(key), func(t *testing.T) {
			var was []byte
			s := openTest(t, dir)
			if err := s.read(t.Context(), func(sn *snapshot) (err error) {
				item, err := sn.txn.Get(key)
				if err == nil {
					was, err = item.ValueCopy(nil)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for _, value := range [][]byte{was[:len(was)-1], bytes.Repeat([]byte{0xff}, 20), {}, {inPieces, 1}, append(was, 0)} {
				if key[0] == kindPiece && len(value) > 3 {
					continue // changes the text
				}
				write(t, dir, row{key, append([]byte{}, value...)})
				s, err := Open(dir, quiet())
				if err == nil {
					err = errors.Join(all(t, s), s.Close())
				}
				wantText(t, "a corrupt row", err, strings.TrimSuffix(strings.TrimPrefix(keyText(key), "x/"), "/1"))
			}
			write(t, dir, row{key, was})
			s = openTest(t, dir)
			if err := all(t, s); err != nil {
				t.Errorf("after the row was put right: %v", err)
			}
		})
	}
}

// TestMissingRows deletes rows that others refer to.
func TestMissingRows(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	w := mustWorker(t, s, 300)
	v, _ := s.state.live(1)
	w.mustCommit(t, w.batch(running(0)))
	w.mustCommit(t, w.batch(finished(0, 10)))
	w.mustCommit(t, w.batch(finished(9, 10)))
	w.mustCommit(t, w.batch(running(10)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, dir, row{key: namesKey(v.set, 1)}, row{key: eventsKey(1, 1, 1)}, row{key: eventsKey(1, 3, 3)})
	s = openTest(t, dir)
	for _, err := range s.Nodes(t.Context(), 1, orchestrator.NodeQuery{From: 250}) {
		if err != nil {
			wantText(t, "Nodes", err, "is missing", keyText(namesKey(v.set, 1)))
		}
	}
	for _, q := range []orchestrator.NodeQuery{{Limit: 20}, {From: 9, Limit: 1}, {OrderBy: orchestrator.NodesByFinished, Descending: true, Limit: 2}} {
		for _, err := range s.Nodes(t.Context(), 1, q) {
			wantText(t, "Nodes", err, "is missing", keyText(eventsKey(1, 4, 4)))
		}
	}
	for _, err := range s.Events(t.Context(), 1, 1) {
		wantText(t, "Events", err, "is missing", keyText(eventsKey(1, 2, 2)))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, dir, row{key: unfinishedKey(0)})
	s = openTest(t, dir)
	_, err := s.Job(t.Context(), 1)
	wantText(t, "Job", err, "is missing", keyText(unfinishedKey(0)))
	_, err = s.Jobs(t.Context(), orchestrator.JobQuery{})
	wantText(t, "Jobs", err, "is missing", keyText(unfinishedKey(0)))
}

// TestClaimUnreadable claims a job that cannot be read: nobody holds it then.
func TestClaimUnreadable(t *testing.T) {
	s := openTest(t, t.TempDir())
	long := testJob()
	long.Description = strings.Repeat("x", maxInlineSpec) // which has to be read
	if _, err := s.CreateJob(t.Context(), long, nodeNames(1)); err != nil {
		t.Fatal(err)
	}
	var good []byte
	if err := s.read(t.Context(), func(sn *snapshot) (err error) {
		good, err = get(sn.txn, jobKey(1))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.writer.do(t.Context(), plain{{jobKey(1), []byte{0xff}}}); err != nil {
		t.Fatal(err)
	}
	_, err := claimAny(t.Context(), s)
	wantText(t, "Claim", err, keyText(jobKey(1)))
	if err := s.writer.do(t.Context(), plain{{jobKey(1), good}}); err != nil {
		t.Fatal(err)
	}
	if _, err := claimAny(t.Context(), s); err != nil {
		t.Errorf("Claim after the row was put right: %v", err)
	}
}

func TestBadQueries(t *testing.T) {
	s := openTest(t, t.TempDir())
	for _, q := range []orchestrator.JobQuery{{Limit: -1}, {Offset: -1}, {OrderBy: "size"}} {
		if _, err := s.Jobs(t.Context(), q); !errors.Is(err, orchestrator.ErrInvalid) {
			t.Errorf("%+v: got the error %v", q, err)
		}
	}
	for _, err := range s.Nodes(t.Context(), 1, orchestrator.NodeQuery{Limit: -1}) {
		if !errors.Is(err, orchestrator.ErrInvalid) {
			t.Errorf("a negative limit of nodes: got the error %v", err)
		}
	}
	if _, err := s.Jobs(t.Context(), orchestrator.JobQuery{OrderBy: orchestrator.OrderByState, After: 3}); !errors.Is(err, orchestrator.ErrNotFound) {
		t.Errorf("behind a job that does not exist: got the error %v", err)
	}
}

func TestLogger(t *testing.T) {
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := Open(t.TempDir(), &Options{Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := text.String(); !strings.Contains(got, "level=DEBUG msg=badger text=") || strings.Contains(got, "level=INFO") {
		t.Errorf("got the log:\n%s", got)
	}
	if c := (*Options)(nil).withDefaults(); c.Logger != slog.Default() {
		t.Error("nil options do not mean the default logger")
	}
}

// TestSerials opens a store several times and looks for numbers that are given twice.
func TestSerials(t *testing.T) {
	dir := t.TempDir()
	given := map[uint64]bool{}
	for range 3 {
		s := openTest(t, dir)
		for range 3 {
			w, err := claimAny(t.Context(), s)
			if err != nil {
				w = mustWorker(t, s, 1)
			}
			if given[w.lease.Fence] {
				t.Errorf("the fence %d is given twice", w.lease.Fence)
			}
			given[w.lease.Fence] = true
			if v, _ := s.state.live(w.lease.Job); v.set == 0 {
				t.Error("a job has no set")
			}
		}
		if _, err := s.Renew(t.Context(), uuid.New(), 0); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
