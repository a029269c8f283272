package orchestrator

import (
	"encoding/json"
	"errors"
	"maps"
	"sync"

	"github.com/google/uuid"
)

// secret is what a job needs and what is never stored, shown or logged.
type secret struct {
	params  json.RawMessage // all parameters, the sensitive ones included
	targets json.RawMessage
}

// vault keeps the secrets of jobs in memory until they have ended.
type vault struct {
	mu   sync.Mutex
	held map[string]*heldSecret
	size int // of all that is held, in bytes
}

// maxSecrets is how many bytes of secrets are held at most.
const maxSecrets = 64 << 20

type heldSecret struct {
	secret
	job JobID // 0 while the job is being created
}

func (s *secret) size() int { return len(s.params) + len(s.targets) }

// put keeps a secret and returns what identifies it; "" for no secret.
func (v *vault) put(s *secret) (string, error) {
	if s == nil {
		return "", nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.size+s.size() > maxSecrets {
		return "", ErrSecretsFull
	}
	v.size += s.size()
	if v.held == nil {
		v.held = make(map[string]*heldSecret)
	}
	id := uuid.NewString()
	v.held[id] = &heldSecret{secret: *s}
	return id, nil
}

// assign says which job a secret belongs to.
func (v *vault) assign(id string, job JobID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if h := v.held[id]; h != nil {
		h.job = job
	}
}

// get returns a secret, and whether it is there.
func (v *vault) get(id string) (secret, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := v.held[id]
	if h == nil {
		return secret{}, false
	}
	return h.secret, true
}

// drop forgets a secret.
func (v *vault) drop(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if h := v.held[id]; h != nil {
		v.size -= h.size()
		delete(v.held, id)
	}
}

// jobs returns the jobs that there are secrets of.
func (v *vault) jobs() map[string]JobID {
	v.mu.Lock()
	defer v.mu.Unlock()
	jobs := make(map[string]JobID, len(v.held))
	for id, h := range maps.All(v.held) {
		if h.job != 0 {
			jobs[id] = h.job
		}
	}
	return jobs
}

// request returns what the runner is asked for the nodes of a job, and whether a secret that it
// needs is missing.
func (o *Orchestrator) request(job *Job) (req RunRequest, missing bool) {
	req = RunRequest{Job: job.ID, Spec: &job.JobSpec}
	if job.Task.Secret == "" {
		return req, false
	}
	s, ok := o.vault.get(job.Task.Secret)
	if !ok {
		return req, true
	}
	spec := job.JobSpec
	spec.Task.Params = s.params
	req.Spec, req.Targets = &spec, s.targets
	return req, false
}

// forgetSecrets drops the secrets of jobs that another orchestrator has brought to their end.
func (o *Orchestrator) forgetSecrets() {
	for id, jobID := range o.vault.jobs() {
		if o.keeper.owns(jobID) {
			continue
		}
		job, err := o.store.Job(o.workCtx, jobID)
		if err == nil && job.State.Terminal() || errors.Is(err, ErrNotFound) {
			o.vault.drop(id)
		}
	}
}
