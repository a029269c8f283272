package storetest

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// thatHangs returns the mutant as one that is noticed by waiting in vain.
func (m mutant) thatHangs() mutant {
	m.hangs = true
	return m
}

// pause makes what a mutant does wrong last long enough to be noticed.
func pause() { <-time.After(200 * time.Microsecond) }

// leaseBook keeps all leases that Claim has ever given.
type leaseBook struct {
	mu    sync.Mutex
	given []orchestrator.Lease
}

// keepLeases makes Claim enter its leases in a book.
func keepLeases(b *broken) *leaseBook {
	book := &leaseBook{}
	claim := b.claim
	b.claim = func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
		book.mu.Lock()
		defer book.mu.Unlock()
		lease, job, err := claim(ctx, by, ttl)
		if err == nil {
			book.given = append(book.given, lease)
		}
		return lease, job, err
	}
	return book
}

// newest returns the lease last given on a job, the zero lease if there is none.
func (l *leaseBook) newest(id orchestrator.JobID) (newest orchestrator.Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lease := range l.given {
		if lease.Job == id {
			newest = lease
		}
	}
	return newest
}

// of returns all leases that an instance was given.
func (l *leaseBook) of(by uuid.UUID) (leases []orchestrator.Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lease := range l.given {
		if lease.Holder == by {
			leases = append(leases, lease)
		}
	}
	return leases
}

// unfenced makes all leases of a job have the same fence, so that each is as good as the newest.
func unfenced(b *broken) {
	const fence = 1
	book := keepLeases(b)
	claim := b.claim
	b.claim = func(ctx context.Context, by uuid.UUID, ttl time.Duration) (orchestrator.Lease, orchestrator.Job, error) {
		lease, job, err := claim(ctx, by, ttl)
		lease.Fence = fence
		return lease, job, err
	}
	b.commit = func(ctx context.Context, lease orchestrator.Lease, batch orchestrator.Batch) error {
		return b.able.Commit(ctx, book.newest(lease.Job), batch)
	}
}

// stops is what jobs were asked, kept beside the store.
type stops struct {
	mu    sync.Mutex
	modes map[orchestrator.JobID]orchestrator.StopMode
}

// newStops makes every job that the store returns say what was asked here. Somebody has to
// make RequestStop ask.
func newStops(b *broken) *stops {
	s := &stops{modes: map[orchestrator.JobID]orchestrator.StopMode{}}
	b.edit = func(job *orchestrator.Job) {
		s.mu.Lock()
		defer s.mu.Unlock()
		job.Stop = s.modes[job.ID]
	}
	return s
}

// ask makes a request the only one.
func (s *stops) ask(id orchestrator.JobID, force bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.modes[id] = orchestrator.StopSoft
	if force {
		s.modes[id] = orchestrator.StopForce
	}
}

// forget takes the request for a job back.
func (s *stops) forget(id orchestrator.JobID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.modes, id)
}

// ending makes an iterator call end once it has ended.
func ending[T any](end func()) func(iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(seq iter.Seq2[T, error]) iter.Seq2[T, error] {
		return func(yield func(T, error) bool) {
			defer end()
			seq(yield)
		}
	}
}
