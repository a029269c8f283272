package httpapi

import (
	"context"
	"sync"
	"time"
)

// pace bounds how much all live streams together are sent while a job that is watched goes on, so
// that a crowd of watchers does not take the processors from it: they get the news a little later
// instead. Whether a job goes on is all that is looked at. How much news there is would not do: a job
// that is held up makes less.
type pace struct {
	rate float64 // bytes a second

	mu    sync.Mutex
	going int       // logs that are watched and have not ended
	free  time.Time // when what was let through so far will have had its time
}

const (
	writeCost = 8 << 10               // bytes that could be sent in the time that a write takes by itself
	paceBurst = 20 * time.Millisecond // the time that may be saved up
)

// begin notes that one more log is watched that has not ended.
func (p *pace) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.going++
}

// end notes that such a log has ended, or is watched no longer.
func (p *pace) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.going--
}

// reserve returns how long to wait before so many bytes are sent. They count as sent then.
func (p *pace) reserve(bytes int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.going == 0 {
		return 0
	}
	now := time.Now()
	if earliest := now.Add(-paceBurst); p.free.Before(earliest) {
		p.free = earliest
	}
	wait := p.free.Sub(now)
	p.free = p.free.Add(time.Duration(float64(bytes+writeCost) / p.rate * float64(time.Second)))
	return wait
}

// await waits until so many bytes may be sent, and reports whether that took any time.
func (p *pace) await(ctx context.Context, bytes int) bool {
	wait := p.reserve(bytes)
	if wait <= 0 {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return true
}
