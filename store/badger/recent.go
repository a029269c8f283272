package badger

import (
	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/internal/recent"
)

// recentJobs keeps jobs that were read a while ago, so that the pages and jobs that everybody asks for
// are not read and decoded again each time. Of a job that has ended nothing changes any more; of one
// that has not, only what was asked is good, and the state knows the rest. The jobs are never modified.
type recentJobs struct {
	*recent.Cache[orchestrator.JobID, *orchestrator.Job]
}

// How much memory is kept, about: at most half of it for jobs that were not asked for lately.
const (
	maxRecent    = 4 << 20
	maxRecentJob = 64 << 10 // a job that takes more is not kept
)

func newRecentJobs() recentJobs {
	return recentJobs{recent.New[orchestrator.JobID, *orchestrator.Job](maxRecent, maxRecentJob)}
}

// get returns a job, nil if it is not kept.
func (r *recentJobs) get(id orchestrator.JobID) *orchestrator.Job {
	job, _ := r.Get(id)
	return job
}

// add keeps a job, in place of what it was before.
func (r *recentJobs) add(job *orchestrator.Job) { r.Add(job.ID, job, sizeOfJob(job)) }

// sizeOfJob returns about how much memory a job takes.
func sizeOfJob(j *orchestrator.Job) int {
	const fixed = 1024
	size := fixed + len(j.Userdata) + len(j.Scope.Query) + len(j.Task.Params) + 64*len(j.Status)
	for _, text := range [...]string{
		j.Description, j.Environment, j.Scope.NodeGroup, j.Task.Name, j.Task.Secret, j.Key, j.Digest, j.Owner.ID, j.Owner.Login,
		j.Owner.DisplayName, j.Owner.Email, j.Agent.Ordering, j.Agent.SkipTags, j.Agent.Tags,
	} {
		size += len(text)
	}
	for _, texts := range [...][]string{j.Scope.Nodes, j.Owner.GroupIDs, j.Task.Sensitive} {
		for _, text := range texts {
			size += 16 + len(text)
		}
	}
	return size + 8*len(j.Owner.RoleIDs) + 8*len(j.Owner.InheritedRoleIDs)
}

// recent returns a job as it is now if that can be had without reading, as a part that does not change
// and, unless the job has ended, the view that goes with it. The caller holds st.mu.
func (st *state) recent(id orchestrator.JobID) (recentJob, bool) {
	job := st.kept.get(id)
	if job == nil {
		return recentJob{}, false
	}
	if job.State.Terminal() {
		return recentJob{Job: job}, true
	}
	j := st.jobs[id]
	if j == nil {
		return recentJob{}, false // it has ended since it was read
	}
	return recentJob{job, new(j.view())}, true
}

// keptJob returns a job that is kept, nil if it is not. What is not final of it may be out of date.
func (st *state) keptJob(id orchestrator.JobID) *orchestrator.Job {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.kept.get(id)
}

// recentJob is a job that is kept, and what has become of it if it has not ended.
type recentJob struct {
	*orchestrator.Job

	live *liveView
}

// lend returns the job, in memory that is never modified, and must not be.
func (r *recentJob) lend() orchestrator.Job {
	if r.live == nil {
		return *r.Job
	}
	return orchestrator.Job{ID: r.ID, JobSpec: r.JobSpec, NodeCount: r.NodeCount, Stop: r.live.stop, Progress: r.live.progress}
}

// job returns the job, in memory of its own.
func (r *recentJob) job() orchestrator.Job {
	job := r.lend()
	return job.Clone()
}

// keep keeps jobs that were read when so many removals had been made, unless there was another since.
func (st *state) keep(removals uint64, jobs ...orchestrator.Job) {
	copies := make([]orchestrator.Job, len(jobs))
	for i := range jobs {
		if sizeOfJob(&jobs[i]) <= maxRecentJob {
			copies[i] = jobs[i].Clone()
		}
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.removals != removals {
		return
	}
	for i := range copies {
		if copies[i].ID != 0 {
			st.kept.add(&copies[i])
		}
	}
}
