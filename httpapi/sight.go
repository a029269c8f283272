package httpapi

import (
	"errors"

	"github.com/seed-54b7607b/orchestrator"
)

// sight is what a client may see of the feed. What it was told once about a job holds for a list, and
// in a stream until it is renewed.
type sight struct {
	h    *handler
	c    *call
	all  bool                        // it may see all jobs
	jobs map[orchestrator.JobID]bool // what was found out about single ones
}

// maxSeen is how many jobs a sight remembers.
const maxSeen = 4096

func (h *handler) sight(c *call) (*sight, error) {
	all, err := h.viewsAll(c)
	return &sight{h: h, c: c, all: all, jobs: make(map[orchestrator.JobID]bool)}, err
}

// renew forgets what was found out. It returns an error if the client may not go on.
func (s *sight) renew() error {
	if err := s.h.same(s.c); err != nil {
		return err
	}
	now, err := s.h.sight(s.c)
	if err == nil {
		*s = *now
	}
	return err
}

// sees reports whether the client may see a job.
func (s *sight) sees(id orchestrator.JobID) (bool, error) {
	if s.all {
		return true, nil
	}
	if may, known := s.jobs[id]; known {
		return may, nil
	}
	may := false
	job, err := s.h.o.Job(s.c.context(), id)
	if err == nil {
		may, err = s.h.views(s.c, &job)
	}
	if err != nil && !errors.Is(err, orchestrator.ErrNotFound) {
		return false, err
	}
	if len(s.jobs) >= maxSeen {
		clear(s.jobs)
	}
	s.jobs[id] = may
	return may, nil
}
