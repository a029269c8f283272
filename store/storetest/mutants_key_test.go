package storetest

import (
	"context"
	"errors"
	"sync"

	"github.com/seed-54b7607b/orchestrator"
)

// createFunc is what CreateJob is.
type createFunc = func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error)

// createMutant returns a mutant whose CreateJob is made of the CreateJob that works.
func createMutant(name string, change func(b *broken, create createFunc) createFunc, fails ...string) mutant {
	return mutant{name: name, fails: fails, make: func(b *broken) { b.createJob = change(b, b.able.CreateJob) }}
}

func keyMutants() []mutant {
	return []mutant{
		{name: "finds the job as it was created", fails: []string{"JobWithKey/key"}, make: func(b *broken) {
			b.jobWithKey = func(ctx context.Context, key string) (orchestrator.Job, error) {
				job, err := b.able.JobWithKey(ctx, key)
				if err != nil {
					return job, err
				}
				job.Progress = orchestrator.Progress{State: job.Status[0].State, Status: job.Status[:1], Counts: orchestrator.NodeCounts{New: job.NodeCount}}
				return job, nil
			}
		}},
		createMutant("ignores keys", func(_ *broken, create createFunc) createFunc {
			return func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				key := job.Key
				job.Key = ""
				job, err := create(ctx, job, nodes)
				job.Key = key
				return job, err
			}
		}, "CreateJob/key", "CreateJob/key-at-once"),
		createMutant("stores the job all the same", func(_ *broken, create createFunc) createFunc {
			return func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				other, err := create(ctx, job, nodes)
				if errors.Is(err, orchestrator.ErrExists) {
					job.Key = ""
					_, _ = create(ctx, job, nodes)
				}
				return other, err
			}
		}, "CreateJob/key", "CreateJob/key-at-once"),
		createMutant("returns no job with the error", func(_ *broken, create createFunc) createFunc {
			return func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				job, err := create(ctx, job, nodes)
				if err != nil {
					return orchestrator.Job{}, err
				}
				return job, nil
			}
		}, "CreateJob/key", "CreateJob/key-at-once"),
		createMutant("returns the job as it was created", func(_ *broken, create createFunc) createFunc {
			var mu sync.Mutex
			created := map[string]orchestrator.Job{}
			return func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				mu.Lock()
				defer mu.Unlock()
				job, err := create(ctx, job, nodes)
				if err == nil {
					created[job.Key] = job.Clone()
				}
				was := created[job.Key]
				return was.Clone(), err
			}
		}, "CreateJob/key"),
		createMutant("returns the other job without an error", func(_ *broken, create createFunc) createFunc {
			return func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				job, err := create(ctx, job, nodes)
				if errors.Is(err, orchestrator.ErrExists) {
					err = nil
				}
				return job, err
			}
		}, "CreateJob/key", "CreateJob/key-at-once"),
		createMutant("cuts keys", func(_ *broken, create createFunc) createFunc {
			return func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				key := job.Key
				job.Key = key[:min(1, len(key))]
				job, err := create(ctx, job, nodes)
				job.Key = key
				return job, err
			}
		}, "CreateJob/keys-differ"),
		createMutant("looks for the key first, and then creates the job", lookFirst, "CreateJob/key-at-once"),
		createMutant("leaves a gap where a job exists", func(_ *broken, create createFunc) createFunc {
			return func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				job, err := create(ctx, job, nodes)
				if errors.Is(err, orchestrator.ErrExists) {
					_, _ = create(ctx, plainJob(), nodes)
				}
				return job, err
			}
		}, "CreateJob/key-at-once"),
		createMutant("never frees a key", func(_ *broken, create createFunc) createFunc {
			var used sync.Map
			return func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
				job, err := create(ctx, job, nodes)
				if _, again := used.LoadOrStore(job.Key, true); again {
					err = orchestrator.ErrExists
				}
				return job, err
			}
		}, "CreateJob/key-pruned"),
	}
}

// lookFirst looks for the key before it creates the job, and not again when it does: not before a
// second call has looked for the key, too.
func lookFirst(_ *broken, create createFunc) createFunc {
	type meeting struct {
		once sync.Once
		met  chan struct{}
	}
	var known, meetings sync.Map
	meet := func(ctx context.Context, key string) {
		m, second := meetings.LoadOrStore(key, &meeting{met: make(chan struct{})})
		both := m.(*meeting)
		if second {
			both.once.Do(func() { close(both.met) })
		}
		select {
		case <-both.met:
		case <-ctx.Done():
		}
	}
	return func(ctx context.Context, job orchestrator.Job, nodes []string) (orchestrator.Job, error) {
		key := job.Key
		if other, ok := known.Load(key); ok && key != "" {
			return other.(orchestrator.Job), orchestrator.ErrExists
		}
		if key != "" {
			meet(ctx, key)
		}
		job.Key = ""
		job, err := create(ctx, job, nodes)
		job.Key = key
		known.Store(key, job)
		return job, err
	}
}
