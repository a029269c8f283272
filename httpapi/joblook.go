package httpapi

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// looks are the readings of jobs that clients wait for. However many ask for the same job at once,
// it is read and encoded once for all of them. Nobody is answered with what was read before they
// asked: a reading is shared by those who came before it began.
type looks struct {
	o *orchestrator.Orchestrator

	mu     sync.Mutex
	coming map[lookKey]*look // those that have not begun
}

// lookKey is what a look depends on.
type lookKey struct {
	id   orchestrator.JobID
	base string // of links
}

// look is one reading of a job. When it is done it is not modified any more.
type look struct {
	done chan struct{}
	over bool // it came to an end, and not because the client that read it had gone away

	job  orchestrator.Job
	body []byte // the job as JSON text
	err  error
}

func newLooks(o *orchestrator.Orchestrator) looks {
	return looks{o: o, coming: make(map[lookKey]*look)}
}

// at returns the job that the call's path names, as it is now. The client's right to see it has yet
// to be asked for.
func (l *looks) at(c *call) (*look, error) {
	for {
		key := lookKey{c.id, c.links.base}
		one, first := l.join(key)
		if first {
			l.lead(c, key, one)
			return one, one.err
		}
		select {
		case <-one.done:
		case <-c.context().Done():
			return nil, c.context().Err()
		}
		if one.over {
			return one, one.err
		}
	}
}

// join returns the look that comes next, and whether the caller is the first to wait for it. Then
// the caller has to lead it.
func (l *looks) join(key lookKey) (one *look, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one = l.coming[key]; one != nil {
		return one, false
	}
	one = &look{done: make(chan struct{})}
	l.coming[key] = one
	return one, true
}

// lead reads the job for everyone who waits for it.
func (l *looks) lead(c *call, key lookKey, one *look) {
	defer close(one.done)
	runtime.Gosched() // requests that have come in and had no processor yet join it
	l.mu.Lock()
	delete(l.coming, key)
	l.mu.Unlock()
	one.job, one.err = l.o.Job(c.context(), key.id)
	if one.err == nil {
		one.body = jobText(&one.job, c.links)
	}
	one.over = one.err == nil || c.context().Err() == nil
}

// jobText returns a job as JSON text.
func jobText(job *orchestrator.Job, l links) []byte {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	e := encoder{buf: (*buf)[:0]}
	e.job(job, l, time.Now())
	if cap(e.buf) <= 2*chunkSize { // what is larger is not kept
		*buf = e.buf
	}
	return slices.Clone(e.buf)
}
