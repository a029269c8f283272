package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// What the jobs of a random population have.
var (
	ownersOf       = []string{"ada", "bob", "Ada", "ad", "", "élise"}
	environmentsOf = []string{"", "production", "prod", "test", "Test", "äpfel"}
	tasksOf        = []string{"package", "package::install", "package::upgrade", "service", "a", "aa", "ü::ß", "pack%age_"}
	hostsOf        = []string{"a", "ab", "a.b", "b", "web1.example.com", "web2.example.com", "db", "D", "0", "00"}
)

// step is what a job of a random population has come to.
type step struct {
	states []orchestrator.JobState
	stop   bool
}

// steps returns what jobs can come to, with every state as a last one.
func steps() []step {
	const (
		initial, ready, running, stopping = orchestrator.JobNew, orchestrator.JobReady, orchestrator.JobRunning, orchestrator.JobStopping
		done, failed, halted              = orchestrator.JobFinished, orchestrator.JobFailed, orchestrator.JobStopped
	)
	return []step{
		{states: []orchestrator.JobState{initial}},
		{states: []orchestrator.JobState{initial}, stop: true},
		{states: []orchestrator.JobState{initial, ready}},
		{states: []orchestrator.JobState{initial, ready, running}},
		{states: []orchestrator.JobState{initial, ready, running, stopping}, stop: true},
		{states: []orchestrator.JobState{initial, ready, running, done}},
		{states: []orchestrator.JobState{initial, ready, running, done}},
		{states: []orchestrator.JobState{initial, ready, running, failed}},
		{states: []orchestrator.JobState{initial, ready, running, failed}},
		{states: []orchestrator.JobState{initial, stopping, halted}, stop: true},
	}
}

// populate creates n random jobs and brings them to random states. Those that have not ended are
// held by alice, as all others are that she writes next.
func populate(ctx context.Context, s orchestrator.Store, r *rand.Rand, n int) (*population, map[orchestrator.JobID]*worker, error) {
	p, held := &population{nodes: map[orchestrator.JobID][]string{}}, map[orchestrator.JobID]*worker{}
	for range n {
		w, err := p.add(ctx, s, r, pick(r, steps()))
		if err != nil {
			return nil, nil, err
		}
		if !w.job.State.Terminal() {
			held[w.job.ID] = w
		}
	}
	return p, held, nil
}

// newRandom returns a source of what looks random and is the same each time.
func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }

func pick[T any](r *rand.Rand, values []T) T { return values[r.IntN(len(values))] }

// randomTime returns one of the few times at which random jobs change their states.
func randomTime(r *rand.Rand) time.Time { return at(r.IntN(40) * 600) }

// randomJob returns a job with a command, a task, an owner and an environment of which there are a
// few.
func randomJob(r *rand.Rand) orchestrator.Job {
	job := plainJob()
	job.Owner.Login, job.Environment = pick(r, ownersOf), pick(r, environmentsOf)
	if r.IntN(3) > 0 {
		job.Command = orchestrator.CommandTask
		job.Task.Name = pick(r, tasksOf)
	}
	job.Status[0].At = randomTime(r)
	return job
}

// add creates a random job and brings it where the step says.
func (p *population) add(ctx context.Context, s orchestrator.Store, r *rand.Rand, to step) (*worker, error) {
	names := slices.Clone(hostsOf)
	r.Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
	names = names[:1+r.IntN(4)]
	job, err := s.CreateJob(ctx, randomJob(r), names)
	if err != nil {
		return nil, fmt.Errorf("CreateJob: %w", err)
	}
	p.nodes[job.ID] = names
	w, err := claimJob(ctx, s, alice, long, job.ID)
	if err != nil {
		return nil, err
	}
	for _, state := range to.states[1:] {
		if err := w.enter(ctx, state, randomTime(r)); err != nil {
			return nil, err
		}
	}
	if to.stop && !w.job.State.Terminal() {
		if w.job.Stop, err = softly(ctx, s, job.ID); err != nil {
			return nil, err
		}
	}
	p.jobs = append(p.jobs, w.job)
	return w, nil
}

// enter commits that the job has come into a state.
func (w *worker) enter(ctx context.Context, state orchestrator.JobState, when time.Time) error {
	b := w.ending(state)
	b.Events[0].Time = when
	b.Progress.Status[len(b.Progress.Status)-1].At = when
	return w.commit(ctx, b)
}

// update makes a job of the population what the worker has made of it.
func (p *population) update(w *worker) {
	i := slices.IndexFunc(p.jobs, func(job orchestrator.Job) bool { return job.ID == w.job.ID })
	p.jobs[i] = w.job
}

// remove takes jobs out of the population.
func (p *population) remove(removed func(*orchestrator.Job) bool) {
	p.jobs = slices.DeleteFunc(p.jobs, func(job orchestrator.Job) bool { return removed(&job) })
}

// shown returns an error unless the store gives the page, with its total, that the query asks for.
func (p *population) shown(ctx context.Context, s orchestrator.Store, q orchestrator.JobQuery) error {
	page, err := s.Jobs(ctx, q)
	if err != nil {
		return fmt.Errorf("Jobs(%+v): %w", q, err)
	}
	want, total := p.page(q)
	if got, want := ids(page.Jobs), ids(want); !slices.Equal(got, want) {
		return fmt.Errorf("Jobs(%+v): got the jobs %v, want %v", q, got, want)
	}
	if page.Total != total {
		return fmt.Errorf("Jobs(%+v): got the total %d, want %d", q, page.Total, total)
	}
	if len(want) <= 5 {
		return same(fmt.Sprintf("Jobs(%+v)", q), want, page.Jobs)
	}
	return nil
}
