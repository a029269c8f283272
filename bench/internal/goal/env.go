// Package goal measures the library against each of its goals.
package goal

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/bench/internal/fleet"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/store/badger"
)

// Scale is how much is measured.
type Scale struct {
	Rounds      int
	Window      time.Duration // how long one load goes on
	Sizes       []int         // of the growth curves; the last two are those of the goals too
	Run         int           // nodes, or jobs, of an end-to-end run
	Transitions int           // after which the memory is looked at
	Clients     int           // that poll, and as many that watch
}

// Full is what the goals name.
func Full() Scale {
	return Scale{
		Rounds: 5, Window: 2 * time.Second, Sizes: []int{1000, 10_000, 100_000, 1_000_000},
		Run: 20_000, Transitions: 300_000, Clients: 1000,
	}
}

// Quick is for trying: it says whether everything works, and nothing else.
func Quick() Scale {
	return Scale{
		Rounds: 2, Window: 300 * time.Millisecond, Sizes: []int{200, 1000, 5000, 20_000},
		Run: 2000, Transitions: 20_000, Clients: 50,
	}
}

// many is how many jobs, or nodes, most goals are about.
func (s *Scale) many() int { return s.Sizes[len(s.Sizes)-2] }

// most is the greatest number of jobs.
func (s *Scale) most() int { return s.Sizes[len(s.Sizes)-1] }

// Env is where the goals are measured.
type Env struct {
	Scale

	Dir      string // for data; the stores that goals share stay in it
	Postgres string // the URL of the database
	Redis    string // the address of the server

	jobs  map[int]string // the directories of filled stores, by how many jobs they hold
	nodes map[int]string // the same, by how many nodes the one job in them has
}

// Goal measures one or more of the goals.
type Goal struct {
	Numbers []int
	Measure func(ctx context.Context, env *Env) ([]result.Row, error)
}

// All returns the goals, in the order in which they are best measured: first what wants a memory
// without much in it.
func All() []Goal {
	return []Goal{
		{[]int{8}, storeMemory},
		{[]int{9}, runMemory},
		{[]int{5}, transitions},
		{[]int{6, 7}, endToEnd},
		{[]int{10}, crowd},
		{[]int{4}, streaming},
		{[]int{1}, listing},
		{[]int{2}, flatPages},
		{[]int{3}, orders},
	}
}

// temp returns a new directory, and what removes it.
func (env *Env) temp() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(env.Dir, "store")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

// withStore calls f with a new store.
func (env *Env) withStore(f func(*badger.Store) error) error {
	dir, remove, err := env.temp()
	if err != nil {
		return err
	}
	defer remove()
	store, err := fleet.Open(dir)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := f(store); err != nil {
		return err
	}
	return store.Close()
}

// withRunning calls f with an orchestrator that runs, on a new store.
func (env *Env) withRunning(ctx context.Context, f func(*orchestrator.Orchestrator) error) error {
	return env.withStore(func(store *badger.Store) error {
		o, err := fleet.New(store)
		if err != nil {
			return err
		}
		if err := o.Start(ctx); err != nil {
			return err
		}
		defer stop(o)
		return f(o)
	})
}

func stop(o *orchestrator.Orchestrator) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = o.Stop(ctx) // its runs are over, or the measurement is
}

// withJobs calls f with an orchestrator on a store with n jobs, which f leaves as it is.
func (env *Env) withJobs(ctx context.Context, n int, f func(*orchestrator.Orchestrator) error) error {
	dir, err := filled(&env.jobs, n, filepath.Join(env.Dir, fmt.Sprintf("jobs-%d", n)), func(dir string) error {
		return fleet.Fill(ctx, dir, n)
	})
	if err != nil {
		return err
	}
	return withStored(dir, f)
}

// withNodes calls f with an orchestrator on a store with one job, the first, of n nodes.
func (env *Env) withNodes(ctx context.Context, n int, f func(*orchestrator.Orchestrator) error) error {
	dir, err := filled(&env.nodes, n, filepath.Join(env.Dir, fmt.Sprintf("nodes-%d", n)), func(dir string) error {
		return fleet.FillNodes(ctx, dir, n)
	})
	if err != nil {
		return err
	}
	return withStored(dir, f)
}

// FillMost fills the store with the greatest number of jobs, which takes longer than any goal.
func FillMost(ctx context.Context, env *Env) error {
	return env.withJobs(ctx, env.most(), func(*orchestrator.Orchestrator) error { return nil })
}

// filled returns the directory of a store, which it fills when it is asked for the first time.
func filled(dirs *map[int]string, n int, dir string, fill func(dir string) error) (string, error) {
	if known, ok := (*dirs)[n]; ok {
		return known, nil
	}
	if err := fill(dir); err != nil {
		_ = os.RemoveAll(dir) // it is in the way of the next try
		return "", err
	}
	if *dirs == nil {
		*dirs = make(map[int]string)
	}
	(*dirs)[n] = dir
	return dir, nil
}

func withStored(dir string, f func(*orchestrator.Orchestrator) error) error {
	store, err := fleet.Open(dir)
	if err != nil {
		return err
	}
	defer store.Close()
	o, err := fleet.New(store)
	if err != nil {
		return err
	}
	if err := f(o); err != nil {
		return err
	}
	return store.Close()
}

// serve calls f with the address of a server of a handler.
func serve(handler http.Handler, f func(addr string) error) error {
	server, err := fleet.Serve(handler)
	if err != nil {
		return err
	}
	defer server.Close()
	return f(server.Addr)
}

// api returns the library's handler.
func (env *Env) api(o *orchestrator.Orchestrator) http.Handler {
	return httpapi.New(o, &httpapi.Options{MaxStreams: 2 * env.Clients, Logger: fleet.Silent()})
}

// fsync returns the disk's p50, as it stands beside durable figures.
func (env *Env) fsync() (string, error) {
	p50, err := measure.Fsync(env.Dir)
	return fmt.Sprintf("fsync p50 %.2f ms", float64(p50.Microseconds())/1e3), err
}
