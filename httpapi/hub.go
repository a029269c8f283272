package httpapi

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/seed-54b7607b/orchestrator"
)

// hub has the logs that somebody watches.
type hub struct {
	mu   sync.Mutex
	logs map[orchestrator.JobID]*joined
	open atomic.Int64 // how many logs
	pace pace
}

// joined is a log and those who watch it.
type joined struct {
	*watched
	watching atomic.Int64
}

// allJobs is where the hub has the log of all jobs.
const allJobs orchestrator.JobID = 0

// keptBytes is how much encoded text is kept of all logs together. Each log may have three pages more.
const keptBytes = 16 << 20

// newHub returns a hub whose streams together may be sent so many bytes a second.
func newHub(rate int) *hub {
	return &hub{logs: make(map[orchestrator.JobID]*joined), pace: pace{rate: float64(rate)}}
}

// join begins to watch the log of a job. If nobody does yet it is followed from a position on, before
// which everything has happened. Every call needs one of leave.
func (h *hub) join(id orchestrator.JobID, src source, live int64) *joined {
	h.mu.Lock()
	defer h.mu.Unlock()
	if j := h.logs[id]; j != nil && !j.failed() {
		j.watching.Add(1)
		return j
	}
	ctx, cancel := context.WithCancel(context.Background())
	j := &joined{watched: &watched{
		src:    src,
		budget: h.share,
		pace:   &h.pace,
		cancel: cancel,
		done:   make(chan struct{}),
		live:   live,
		wanted: live,
		news:   make(chan struct{}),
	}}
	j.watchers = func() int { return int(j.watching.Load()) }
	j.watching.Store(1)
	h.logs[id] = j
	h.open.Add(1)
	go j.follow(ctx)
	return j
}

// leave ends the watching of a log. When it was the last to watch it, nothing of it is left.
func (h *hub) leave(id orchestrator.JobID, j *joined) {
	h.mu.Lock()
	left := j.watching.Add(-1)
	if left == 0 {
		h.open.Add(-1)
		if h.logs[id] == j {
			delete(h.logs, id)
		}
	}
	h.mu.Unlock()
	if left == 0 {
		j.cancel()
		<-j.done
	}
}

// share returns how many bytes of text one log may keep.
func (h *hub) share() int {
	return keptBytes / max(int(h.open.Load()), 1)
}

// failed reports whether the log can be followed no longer, although it has not ended.
func (j *joined) failed() bool {
	p := j.progress()
	return p.over && p.err != nil
}
