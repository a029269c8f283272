package httpapi

import "time"

// Watchers are told of news after a short while, in which what was committed together arrives, and
// after a longer pause when they were told of other news before. The pause grows with their number,
// so that waking them never takes much of the time; what happens meanwhile goes out to each in one write.
const (
	tellDelay    = 2 * time.Millisecond
	tellPause    = 5 * time.Millisecond
	tellPauseFor = 50 * time.Microsecond // for each watcher
	maxTellPause = 100 * time.Millisecond
)

// tell lets the watchers know, a little later, that there is more. The caller holds w.mu.
func (w *watched) tell() {
	if w.late != nil {
		return
	}
	pause := min(tellPause+time.Duration(w.watchers())*tellPauseFor, maxTellPause)
	w.late = time.AfterFunc(max(pause-time.Since(w.told), tellDelay), func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.late != nil {
			w.late = nil
			w.told = time.Now()
			close(w.news)
			w.news = make(chan struct{})
		}
	})
}
