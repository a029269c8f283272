package badger

import "github.com/seed-54b7607b/orchestrator"

// place is where the nodes of a job are.
type place struct {
	set   uint64 // the first number in the keys of its nodes
	nodes int    // how many there are
}

// liveJob is an unfinished job. It is guarded by state.mu, but its place and what was asked never
// change.
type liveJob struct {
	place
	asked
	id       orchestrator.JobID
	stop     orchestrator.StopMode
	progress orchestrator.Progress // the Status is replaced and never modified
	noted    bool                  // it has a live row
	lease    lease
	tail     []byte     // of the job's row, while somebody holds it, and before if there is room: not modified
	awaited  bool       // the tail is counted in state.tails
	order    *liveOrder // nil unless somebody has asked for it
	ended    bool       // it is not in state.jobs any more

	queued        bool // in state.free.all
	queuedStopped bool // in state.free.stopped
}

// liveView is a liveJob as it was at some moment. Its Status must not be modified.
type liveView struct {
	place
	asked
	stop     orchestrator.StopMode
	progress orchestrator.Progress
	noted    bool
	tail     []byte // of the job's row, nil if it has to be read
}

// live returns an unfinished job, and whether there is such a job.
func (st *state) live(id orchestrator.JobID) (liveView, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.view(id)
}

// view is live for a caller who holds st.mu.
func (st *state) view(id orchestrator.JobID) (liveView, bool) {
	j := st.jobs[id]
	if j == nil {
		return liveView{}, false
	}
	return j.view(), true
}

// view returns the job as it is. The caller holds st.mu.
func (j *liveJob) view() liveView {
	return liveView{place: j.place, asked: j.asked, stop: j.stop, progress: j.progress, noted: j.noted, tail: j.tail}
}

// keepTail keeps the part of a job's row that does not change, so that the row can be written
// again without being read, as long as somebody holds the job.
func (st *state) keepTail(l orchestrator.Lease, tail []byte) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if j := st.jobs[l.Job]; j != nil && j.lease.fence == l.Fence {
		j.tail = tail
	}
}

// maxTails is how long the tails of jobs may be together that are kept from when they are created until
// they are claimed, which mostly follows at once.
const maxTails = 1 << 20

// add adds an unfinished job that nobody holds. The caller holds st.mu.
func (st *state) add(id orchestrator.JobID, v liveView) {
	j := &liveJob{id: id, place: v.place, asked: v.asked, stop: v.stop, progress: v.progress, noted: v.noted}
	if v.tail != nil && st.tails+len(v.tail) <= maxTails {
		j.tail, j.awaited = v.tail, true
		st.tails += len(v.tail)
	}
	st.jobs[id] = j
	st.free.push(j)
}

// set makes a job as the view has it. A job in a terminal state is not live any more, and its
// lease has ended. The caller holds st.mu.
func (st *state) set(j *liveJob, v liveView) {
	j.stop, j.progress, j.noted = v.stop, v.progress, v.noted
	if v.progress.State.Terminal() {
		st.drop(j)
		st.dropOrder(j)
		st.toSettle(j.id, j.place)
		j.ended = true
		delete(st.jobs, j.id)
		return
	}
	if j.stop != orchestrator.StopNone {
		st.free.push(j)
	}
}
