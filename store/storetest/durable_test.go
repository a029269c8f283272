package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// disk is what the durable stores of these tests keep their jobs on. It outlives the stores; a
// directory holds no more than the number of its contents.
type disk struct {
	mu       sync.Mutex
	contents []*content

	lateDirectory bool // the number is written when a store is closed, not when it is opened
	forgetful     bool // a store that is opened is empty
	shared        bool // leases outlive the store they were given by
}

type content struct {
	store     *memory.Store
	instances []uuid.UUID // that have ever claimed a job
}

func (d *disk) open(dir string) (orchestrator.Store, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	file := filepath.Join(dir, "number")
	number := len(d.contents)
	if text, err := os.ReadFile(file); err == nil && !d.forgetful {
		if number, err = strconv.Atoi(string(text)); err != nil {
			return nil, err
		}
	} else {
		d.contents = append(d.contents, &content{store: memory.New()})
	}
	write := func() error { return os.WriteFile(file, []byte(strconv.Itoa(number)), 0o600) }
	c := d.contents[number]
	if !d.shared {
		for _, by := range c.instances {
			if _, err := c.store.Renew(context.Background(), by, 0); err != nil {
				return nil, err
			}
		}
	}
	if d.lateDirectory {
		return c.opened(write), nil
	}
	return c.opened(func() error { return nil }), write()
}

// opened returns a store on the content that ends without it. closing is called when it does.
func (c *content) opened(closing func() error) orchestrator.Store {
	var gate sync.RWMutex
	closed := false
	b := over(c.store)
	b.before = func(context.Context) error {
		gate.RLock()
		if closed {
			gate.RUnlock()
			return orchestrator.ErrClosed
		}
		return nil
	}
	b.after = gate.RUnlock
	b.iterations(ending[orchestrator.Node](gate.RUnlock), ending[orchestrator.Event](gate.RUnlock), ending[orchestrator.FeedEvent](gate.RUnlock))
	b.claim = func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
		lease, job, err := c.store.Claim(ctx, by, ttl)
		if err == nil && !slices.Contains(c.instances, by) {
			c.instances = append(c.instances, by)
		}
		return lease, job, err
	}
	b.close = func() error {
		gate.Lock()
		defer gate.Unlock()
		if closed {
			return nil
		}
		closed = true
		return closing()
	}
	return b
}

func TestDurablePasses(t *testing.T) {
	t.Parallel()
	d := &disk{}
	RunExclusive(t, (*testing.T).TempDir, d.open)
}

func TestDurableSharedPasses(t *testing.T) {
	t.Parallel()
	d := &disk{shared: true}
	RunDurable(t, (*testing.T).TempDir, d.open)
}

// TestDurableMutantsFail has disks that break what the named checks are about.
func TestDurableMutantsFail(t *testing.T) { //nolint:tparallel // it runs beside other tests; its parts one after the other
	t.Parallel()
	all := append(durableChecks(), exclusiveChecks()...)
	failing := map[string]bool{}
	for _, m := range []struct {
		name  string
		disk  *disk
		fails []string
	}{
		{"forgets all", &disk{forgetful: true}, []string{
			"Store/reopened", "Store/reopened-fence", "CreateJob/reopened", "CreateJob/reopened-ids", "RequestStop/reopened",
			"Commit/crash", "Close/reopened", "Store/reopened-leases", "CreateJob/reopened-key", "Jobs/reopened",
			"PruneJobs/reopened", "Feed/reopened",
		}},
		{"writes when it is closed", &disk{lateDirectory: true}, []string{"Commit/crash"}},
		{"keeps leases", &disk{shared: true}, []string{"Store/reopened-leases"}},
	} {
		for _, name := range m.fails {
			failing[name] = true
			t.Run(m.name+"/"+name, func(t *testing.T) {
				i := slices.IndexFunc(all, func(c durableCheck) bool { return c.name == name })
				p := &place{name: t.TempDir(), copy: t.TempDir, open: m.disk.open}
				ctx := t.Context()
				if name == "Store/reopened-fence" { // waits for a job that was forgotten
					hurry, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
					defer cancel()
					ctx = hurry
				}
				err := all[i].run(ctx, p)
				if err == nil {
					t.Fatal("the check does not notice")
				}
				t.Log(err)
				if err := p.close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
	for _, check := range all {
		if !failing[check.name] {
			t.Errorf("no disk makes the check %s fail", check.name)
		}
	}
}

// TestOpenError makes sure that a store that cannot be opened is reported.
func TestOpenError(t *testing.T) {
	broken := errors.New("broken disk")
	p := &place{name: t.TempDir(), copy: t.TempDir, open: func(string) (orchestrator.Store, error) {
		return (*memory.Store)(nil), broken
	}}
	for _, check := range durableChecks() {
		if err := check.run(t.Context(), p); !errors.Is(err, broken) {
			t.Errorf("%s: got the error %v, want %v", check.name, err, broken)
		}
	}
	if err := p.close(t.Context()); err != nil {
		t.Error(err)
	}
	for _, check := range Checks() {
		err := check.Run(t.Context(), func(context.Context) (orchestrator.Store, error) { return nil, broken })
		if !errors.Is(err, broken) {
			t.Errorf("%s: got the error %v, want %v", check.Name, err, broken)
		}
	}
}

func TestCopyTreeKeepsContent(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	holes := make([]byte, 1<<20)
	copy(holes[300_000:], "in the middle")
	files := map[string][]byte{"empty": {}, "text": []byte("text"), "holes": holes, "zeros": make([]byte, 100_001), filepath.Join("dir", "dir", "file"): []byte("deep")}
	for name, text := range files {
		path := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyTree(to, from); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		got, err := os.ReadFile(filepath.Join(to, name))
		if err != nil || !slices.Equal(got, text) {
			t.Errorf("%s: got %d bytes and the error %v, want %d bytes", name, len(got), err, len(text))
		}
	}
}
