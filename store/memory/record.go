package memory

import (
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// record is all that the store knows about one job. Its fields are guarded by Store.mu; what
// they point to is never modified but replaced, so that it may be read after the lock has been
// let go.
type record struct {
	job    *orchestrator.Job
	nodes  []orchestrator.Node // the elements are replaced, the Results are shared with events
	events []orchestrator.Event

	fence   uint64 // of the newest lease
	leased  bool   // whether the newest lease is valid
	holder  uuid.UUID
	expires time.Time
}

// lease returns the valid lease of the job.
func (r *record) lease() orchestrator.Lease {
	return orchestrator.Lease{
		Job:     r.job.ID,
		Holder:  r.holder,
		Fence:   r.fence,
		Expires: storedTime(r.expires),
		Stop:    r.job.Stop,
	}
}

// validates reports whether the lease is the valid one of the job.
func (r *record) validates(l orchestrator.Lease) bool {
	return r.leased && r.fence == l.Fence && r.holder == l.Holder
}

// claimable reports whether an instance may claim the unfinished job.
func (r *record) claimable(by uuid.UUID, now time.Time) bool {
	return !r.leased || r.holder != by && !now.Before(r.expires)
}

// change replaces the job by a copy that edit has changed.
func (r *record) change(edit func(job *orchestrator.Job)) {
	job := *r.job
	edit(&job)
	r.job = &job
}
