package badger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// op is something to be written. Its methods are called by the writer alone.
type op interface {
	// stage checks whether the op can be done, after what the group holds already, and adds
	// its rows to the group. An error other than errFull concerns the op alone, which must have
	// added nothing.
	stage(g *group) error

	// apply makes the state as the op leaves it, once its rows are durable. Its error is the
	// outcome of the op. The caller holds st.mu.
	apply(st *state) error
}

// request is an op that somebody waits for.
type request struct {
	op
	status  atomic.Int32
	outcome chan error
}

const (
	waiting   = 0
	taken     = 1
	withdrawn = 2
)

// take reports whether the request is to be worked on, and keeps it from being withdrawn.
func (r *request) take() bool {
	return r.status.CompareAndSwap(waiting, taken) || r.status.Load() == taken
}

// withdraw reports whether the request will not be worked on.
func (r *request) withdraw() bool { return r.status.CompareAndSwap(waiting, withdrawn) }

// writer writes for the whole store, in one goroutine: so no two writes conflict, and one flush
// serves all that have arrived.
type writer struct {
	s        *Store
	requests chan *request
	quit     chan struct{}
	done     chan struct{}
	hasty    time.Time // until when no turns are given

	flusher *flusher

	// commit makes a group durable. Tests replace it.
	commit func(*group) error
	groups atomic.Int64 // how many transactions were committed
}

func newWriter(s *Store, dir string) *writer {
	w := &writer{
		s:        s,
		requests: make(chan *request, 1024),
		quit:     make(chan struct{}),
		done:     make(chan struct{}),
		flusher:  newFlusher(s.db, dir),
	}
	w.commit = func(g *group) error {
		if err := g.txn.CommitAt(g.version, nil); err != nil {
			return err
		}
		return w.flusher.flush(g.valueLog)
	}
	return w
}

func (w *writer) start() { go w.run() }

// stop ends the writer. No do may be in progress, and none may follow.
func (w *writer) stop() {
	close(w.quit)
	<-w.done
}

// do writes an op and returns its outcome. If ctx ends before the writing has begun, it returns
// the context's error, and the op has not been and will not be done.
func (w *writer) do(ctx context.Context, o op) error {
	r := &request{op: o, outcome: make(chan error, 1)}
	select {
	case w.requests <- r:
	default:
		select {
		case w.requests <- r:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case err := <-r.outcome:
		return err
	case <-ctx.Done():
		if r.withdraw() {
			return ctx.Err()
		}
		return <-r.outcome
	}
}

func (w *writer) run() {
	defer close(w.done)
	defer w.flusher.close()
	var waiting []*request
	for {
		if len(waiting) == 0 {
			select {
			case r := <-w.requests:
				waiting = append(waiting, r)
			case <-w.quit:
				return
			}
		}
		waiting = w.write(w.gather(waiting))
	}
}

// How long the writer gives others a turn before it writes.
const (
	maxTurns  = 16
	vainTurns = 2 // in a row that bring nothing: those who have just begun to run bring it with the next
	maxGather = 5 * time.Millisecond
	vainTimes = 100
)

// gather appends the requests that have arrived, or do while others have their turn: those who have just
// been answered mostly ask again, and what they ask is better written together. It ends when turns have
// brought nothing. If one took long, because others compute, it gives no turns for a hundred times as long.
func (w *writer) gather(waiting []*request) []*request {
	begin := time.Now()
	if begin.Before(w.hasty) {
		return w.arrived(waiting)
	}
	vain := 0
	for turn, now := 0, begin; turn < maxTurns && vain < vainTurns && now.Sub(begin) < maxGather; turn++ {
		before, since := len(waiting), now
		runtime.Gosched()
		waiting, now = w.arrived(waiting), time.Now()
		if len(waiting) > before {
			vain = 0
			continue
		}
		vain++
		if took := now.Sub(since); took > maxGather {
			w.hasty = now.Add(vainTimes * took)
		}
	}
	return waiting
}

// arrived appends the requests that have arrived by now.
func (w *writer) arrived(waiting []*request) []*request {
	for len(waiting) < 2*cap(w.requests) {
		select {
		case r := <-w.requests:
			waiting = append(waiting, r)
		default:
			return waiting
		}
	}
	return waiting
}

// write writes as many of the requests as fit into one transaction, in their order, answers them,
// and returns the others.
func (w *writer) write(requests []*request) (left []*request) {
	g := newGroup(w.s)
	defer g.discard()
	defer w.s.state.done()
	members, left := w.stage(g, requests)
	err := w.make(g)
	outcomes := make([]error, len(members))
	if err == nil {
		g.publish(members, outcomes)
	}
	for i, r := range members {
		r.outcome <- cmp.Or(err, outcomes[i])
	}
	return left
}

// stage adds the requests to the group until one does not fit, and answers those that cannot be
// done.
func (w *writer) stage(g *group, requests []*request) (members, left []*request) {
	failure := w.s.state.failure()
	for i, r := range requests {
		if !r.take() {
			continue
		}
		err := failure
		if err == nil {
			err = r.stage(g)
		}
		switch {
		case err == nil || g.err != nil:
			members = append(members, r)
		case !errors.Is(err, errFull):
			r.outcome <- err
		case g.empty():
			r.outcome <- invalid("request", fmt.Sprintf("%T", r.op), "must fit into one transaction")
		default:
			return members, requests[i:]
		}
		if g.err != nil {
			return members, requests[i+1:]
		}
	}
	return members, nil
}

// make makes the rows of a group durable. After an error that Badger gives before it has begun to
// write, the store is as it was. After any other, it is not known what is on the disk, and
// Badger's memory is not what it was: the store has failed.
func (w *writer) make(g *group) error {
	if g.err != nil || g.empty() {
		return g.err
	}
	if err := g.seal(); err != nil {
		return err
	}
	w.groups.Add(1)
	err := w.commit(g)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, badgerdb.ErrTxnTooBig):
		return fmt.Errorf("badger: %w", err)
	default:
		err = fmt.Errorf("badger: %w since a write failed: %w", orchestrator.ErrClosed, err)
		w.s.fail(err)
		return err
	}
}
