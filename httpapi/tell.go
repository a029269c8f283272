package httpapi

import (
	"context"
	"time"
)

// Watchers are told of news at once, and then not again before a pause, so that what happens meanwhile
// goes out to each in one write. The pause grows with their number, so that waking them never takes
// much of the time.
const (
	tellPause    = 5 * time.Millisecond
	tellPauseFor = 50 * time.Microsecond // for each watcher
	maxTellPause = 100 * time.Millisecond
)

// pause returns how long to wait before the watchers are told again.
func (w *watched) pause() time.Duration {
	return min(tellPause+time.Duration(w.watchers())*tellPauseFor, maxTellPause)
}

// rest waits, at most until ctx ends.
func rest(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
