package badger

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// lease is the valid lease on a job. If there is none, the fence is 0.
type lease struct {
	holder  uuid.UUID
	fence   uint64
	expires time.Time // with a reading of the monotonic clock
}

// running reports whether there is a lease that keeps everybody from claiming the job.
func (l *lease) running(now time.Time) bool { return l.fence != 0 && now.Before(l.expires) }

// write reports whether a lease is the valid one of its job. If so, the job counts as being
// written until done is called.
func (st *state) write(l orchestrator.Lease) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.holds(l) {
		return false
	}
	st.writing[l.Job] = true
	return true
}

// done ends the writing of all jobs.
func (st *state) done() {
	st.mu.Lock()
	defer st.mu.Unlock()
	clear(st.writing)
}

// holds reports whether a lease is the valid one of its job. The caller holds st.mu.
func (st *state) holds(l orchestrator.Lease) bool {
	j := st.jobs[l.Job]
	return j != nil && l.Fence != 0 && j.lease.fence == l.Fence && j.lease.holder == l.Holder
}

// firstFree returns the first job that an instance can claim, nil if there is none. The caller
// holds st.mu.
func (st *state) firstFree(by uuid.UUID) *liveJob {
	now := time.Now()
	st.expire(now)
	return st.free.first(by, now)
}

// lease gives an instance a lease on a job that is free. The caller holds st.mu.
func (st *state) lease(j *liveJob, by uuid.UUID, fence uint64, ttl time.Duration) orchestrator.Lease {
	st.drop(j)
	if j.awaited {
		st.tails -= len(j.tail)
		j.awaited = false
	}
	j.lease = lease{holder: by, fence: fence, expires: expiry(time.Now(), ttl)}
	if st.held[by] == nil {
		st.held[by] = make(map[orchestrator.JobID]*liveJob)
	}
	st.held[by][j.id] = j
	st.free.await(j.lease.expires)
	return j.given()
}

// renew makes all leases of an instance expire ttl from now and returns them, in the order of
// their jobs. If the ttl is not positive, it ends them.
func (st *state) renew(by uuid.UUID, ttl time.Duration) []orchestrator.Lease {
	st.mu.Lock()
	defer st.mu.Unlock()
	if ttl <= 0 {
		for _, j := range st.held[by] {
			st.drop(j)
			st.free.push(j)
		}
		return nil
	}
	expires := expiry(time.Now(), ttl)
	leases := make([]orchestrator.Lease, 0, len(st.held[by]))
	for _, j := range st.held[by] {
		j.lease.expires = expires
		leases = append(leases, j.given())
	}
	st.free.await(expires)
	slices.SortFunc(leases, func(a, b orchestrator.Lease) int { return cmp.Compare(a.Job, b.Job) })
	return leases
}

// giveUp ends a lease, if it is still valid.
func (st *state) giveUp(l orchestrator.Lease) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if j := st.jobs[l.Job]; j != nil && j.lease.fence == l.Fence {
		st.drop(j)
		st.free.push(j)
	}
}

// drop ends the valid lease of a job, if there is one. The caller holds st.mu.
func (st *state) drop(j *liveJob) {
	if j.lease.fence == 0 {
		return
	}
	held := st.held[j.lease.holder]
	delete(held, j.id)
	if len(held) == 0 {
		delete(st.held, j.lease.holder)
	}
	j.lease, j.tail = lease{}, nil
}

// expire makes the jobs free whose leases have expired. The caller holds st.mu.
func (st *state) expire(now time.Time) {
	if !st.free.due(now) {
		return
	}
	st.free.next = time.Time{}
	for _, jobs := range st.held {
		for _, j := range jobs {
			if j.lease.running(now) {
				st.free.await(j.lease.expires)
			} else {
				st.free.push(j)
			}
		}
	}
}

// given returns the job's lease as its holder gets it.
func (j *liveJob) given() orchestrator.Lease {
	return orchestrator.Lease{
		Job:     j.id,
		Holder:  j.lease.holder,
		Fence:   j.lease.fence,
		Expires: milliseconds(j.lease.expires),
		Stop:    j.stop,
	}
}

// expiry returns the time that is ttl from now, to the millisecond as callers see it, with the
// reading of the monotonic clock that now has.
func expiry(now time.Time, ttl time.Duration) time.Time {
	t := now.Add(ttl)
	return t.Add(-(time.Duration(t.Nanosecond()) % time.Millisecond))
}

// claimQueue holds the jobs that may be free, by their IDs. A job is added when it becomes free,
// and looked at again when it comes up: then it may have ended, or somebody may hold it.
type claimQueue struct {
	stopped jobHeap // those that were asked to stop
	all     jobHeap
	next    time.Time // no lease expires earlier but those of jobs that are in all; zero if none does
}

// push adds a job that is free, or that was asked to stop.
func (q *claimQueue) push(j *liveJob) {
	if !j.queued {
		j.queued = true
		q.all.push(j)
	}
	if j.stop != orchestrator.StopNone && !j.queuedStopped {
		j.queuedStopped = true
		q.stopped.push(j)
	}
}

// await notes that a lease expires.
func (q *claimQueue) await(expires time.Time) {
	if q.next.IsZero() || expires.Before(q.next) {
		q.next = expires
	}
}

// due reports whether leases may have expired that are not in the queue yet.
func (q *claimQueue) due(now time.Time) bool { return !q.next.IsZero() && !now.Before(q.next) }

// first returns the first job that an instance may claim, nil if there is none. The job stays in
// the queue: when it is claimed, nobody else may claim it.
func (q *claimQueue) first(by uuid.UUID, now time.Time) *liveJob {
	if j := q.stopped.firstFree(by, now, func(j *liveJob) { j.queuedStopped = false }); j != nil {
		return j
	}
	return q.all.firstFree(by, now, func(j *liveJob) { j.queued = false })
}

// firstFree returns the first job that an instance may claim, and takes out those before it that
// nobody may. It calls out for each. The expired leases of the instance itself are no one's but
// its own.
func (h *jobHeap) firstFree(by uuid.UUID, now time.Time, out func(*liveJob)) (found *liveJob) {
	var own []*liveJob
	for found == nil && len(*h) > 0 {
		j := (*h)[0]
		switch {
		case j.ended || j.lease.running(now):
			out(h.pop())
		case j.lease.fence != 0 && j.lease.holder == by:
			own = append(own, h.pop())
		default:
			found = j
		}
	}
	for _, j := range own {
		h.push(j)
	}
	return found
}

// jobHeap is a heap of jobs, the one with the lowest ID first.
type jobHeap []*liveJob

func (h *jobHeap) push(j *liveJob) {
	*h = append(*h, j)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if s[up].id <= s[i].id {
			return
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
}

// pop takes out the first job. The heap must not be empty.
func (h *jobHeap) pop() *liveJob {
	s := *h
	first, last := s[0], len(s)-1
	s[0], s[last] = s[last], nil
	s = s[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if s[child].id < s[least].id {
				least = child
			}
		}
		if least == i {
			break
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
	*h = s
	return first
}
