package modeltest

import (
	"context"
	"errors"
	"log/slog"
	"testing/synctest"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/internal/faulty"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// stage is where a script is played.
type stage struct {
	maxNodes int
	store    *memory.Store
	runner   *orchestratortest.Runner
	lasting  *lasting // nil if runs end with who watches them
	replicas []*replica
	jobs     []orchestrator.JobID
}

// replica is one process.
type replica struct {
	store *faulty.Store
	o     *orchestrator.Orchestrator
}

// secret is what no fact that is kept may hold.
const secret = "correct horse"

var errDisk = errors.New("input/output error")

// play plays a script in a bubble, lets everything come to its end, and checks what is left.
func play(ctx context.Context, s script) error {
	st := &stage{maxNodes: s.maxNodes, store: memory.New(), runner: &orchestratortest.Runner{Nodes: s.steps}}
	if s.lasting {
		st.lasting = &lasting{Runner: st.runner, begun: make(map[string]*remoteRun)}
	}
	for range s.replicas {
		r, err := st.boot()
		if err != nil {
			return err
		}
		st.replicas = append(st.replicas, r)
	}
	for _, a := range s.acts {
		if err := st.do(ctx, a); err != nil {
			return err
		}
		<-time.After(a.then)
	}
	<-time.After(4 * time.Hour)
	err := st.check(ctx)
	st.runner.Release()
	for _, r := range st.replicas {
		err = errors.Join(err, r.o.Stop(ctx))
	}
	synctest.Wait()
	return err
}

// boot starts a process.
func (st *stage) boot() (*replica, error) {
	r := &replica{store: faulty.New(st.store)}
	var runner orchestrator.Runner = st.runner
	if st.lasting != nil {
		runner = st.lasting
	}
	o, err := orchestrator.New(r.store, runner, &orchestrator.Options{
		MaxConcurrency: st.maxNodes,
		NodeTimeout:    time.Minute,
		Logger:         slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	r.o = o
	return r, o.Start(context.Background())
}

func (st *stage) do(ctx context.Context, a act) error {
	r := st.replicas[a.which]
	switch a.kind {
	case "deploy":
		job, err := r.o.Deploy(ctx, orchestrator.DeployRequest{Scope: orchestrator.Scope{Nodes: a.nodes}, Concurrency: a.limit})
		st.jobs = append(st.jobs, job.ID)
		return err
	case "task":
		job, err := r.o.Task(ctx, orchestrator.TaskRequest{
			Task: "t", Scope: orchestrator.Scope{Nodes: a.nodes}, Concurrency: a.limit,
			Params: []byte(`{"password":"` + secret + `"}`), Sensitive: []string{"password"},
		})
		st.jobs = append(st.jobs, job.ID)
		return err
	case "stop":
		if len(st.jobs) == 0 {
			return nil
		}
		_, err := r.o.StopJob(ctx, st.jobs[a.job%len(st.jobs)], &orchestrator.StopOptions{Force: a.force})
		return err
	case "crash":
		r.store.Kill()
		return st.replace(a.which, 0)
	case "restart":
		return st.replace(a.which, a.grace)
	case "bad disk":
		r.store.FailCommits(a.force, func(n int) error {
			if n%3 == 0 {
				return nil
			}
			return errDisk
		})
		return nil
	case "silence": // it can neither write nor say that it lives, until it is replaced
		r.store.FailCommits(false, func(int) error { return errDisk })
		r.store.FailRenewals(errDisk)
		<-time.After(2 * time.Minute)
		r.store.FailCommits(false, nil)
		r.store.FailRenewals(nil)
		return nil
	}
	return errors.New("no such act: " + a.kind)
}

// replace ends a process, giving its nodes some time to finish, and starts another.
func (st *stage) replace(which int, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	_ = st.replicas[which].o.Stop(ctx) // that the time was too short is a case to be tested
	r, err := st.boot()
	st.replicas[which] = r
	return err
}
