package httpapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// watched is a log that somebody watches. However many they are, the store is read once: one
// goroutine follows what happens and encodes it, and what has happened before is read in pages by
// the first who comes to them. Everyone else gets the same bytes, for as long as they are kept.
type watched struct {
	src      source
	budget   func() int // how many bytes of pages to keep
	watchers func() int // how many watch it
	pace     *pace
	cancel   func()        // ends the goroutine
	done     chan struct{} // closed when it has ended

	mu      sync.Mutex
	pages   []*page       // in the order of their positions; no two have the same
	size    int           // of the pages
	loading chan struct{} // closed when the page that is being read is there; nil if none is
	live    int64         // everything before this position has happened
	over    bool          // nothing more will be followed
	err     error         // why, if it is not that the log has ended
	news    chan struct{} // closed when there is more, or nothing more can come
	told    time.Time     // when that was last done
	late    *time.Timer   // does it a little later; nil if that is not needed
}

// errGap is that the store does not have an event that it had.
var errGap = errors.New("events are missing")

// follow encodes what happens, until nothing more can.
func (w *watched) follow(ctx context.Context) {
	defer close(w.done)
	w.pace.begin()
	defer w.pace.end()
	var e encoder
	for r, err := range w.src.live(ctx, w.live) {
		if err == nil {
			err = w.take(&e, &r)
		}
		if err != nil {
			w.end(err)
			return
		}
	}
	w.end(nil)
}

// take adds a record that has just happened.
func (w *watched) take(e *encoder, r *record) error {
	e.buf = e.buf[:0]
	b := e.block(r, w.src.linked())
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.src.dense() && r.position != w.live {
		return fmt.Errorf("%w: job %d has %d behind %d", errGap, r.job.ID, r.position, w.live-1)
	}
	if n := len(w.pages); n == 0 || w.pages[n-1].to != w.live || !w.pages[n-1].add(b, e.buf) {
		p := &page{from: w.live}
		p.add(b, e.buf)
		w.pages = append(w.pages, p)
		w.evict(nil)
	}
	w.size += len(e.buf)
	w.live = r.position + 1
	w.tell()
	return nil
}

// end says that nothing more is followed.
func (w *watched) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over, w.err = true, err
	if w.late != nil {
		w.late.Stop()
		w.late = nil
	}
	close(w.news)
}

// evict forgets pages until no more are kept than may be. Watchers go forward only: first go those
// that everyone has read, then those that will be wanted last. The newest page stays, and the one
// before it, and the one that has just been read. The caller holds w.mu.
func (w *watched) evict(justRead *page) {
	for budget, watchers := w.budget(), w.watchers(); w.size > budget; {
		victim := -1
		for i, p := range w.pages[:max(len(w.pages)-2, 0)] {
			if p == justRead {
				continue
			}
			victim = i
			if p.reads >= watchers {
				break
			}
		}
		if victim < 0 {
			return
		}
		w.size -= len(w.pages[victim].text)
		w.pages = slices.Delete(w.pages, victim, victim+1)
	}
}

// progress is how far a log has come.
type progress struct {
	live int64           // everything before this position has happened
	news <-chan struct{} // closed when there is more, or nothing more can come
	over bool            // nothing more can come
	err  error           // why, if it is not that the log has ended
}

func (w *watched) progress() progress {
	w.mu.Lock()
	defer w.mu.Unlock()
	return progress{live: w.live, news: w.news, over: w.over, err: w.err}
}

// stopped reports whether the log has not ended, and is followed no longer because the
// orchestrator has been stopped.
func (p *progress) stopped() bool { return errors.Is(p.err, orchestrator.ErrStopped) }

// view returns what has happened from a position on, which must be before live: as much of it as is
// in one page. If nobody has it, it is read from the store; others who need a page wait meanwhile,
// since they mostly need the same.
func (w *watched) view(ctx context.Context, from int64) (view, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		i := w.pageOf(from)
		if i < len(w.pages) && w.pages[i].from <= from {
			w.pages[i].reads++
			return w.pages[i].view(from), nil
		}
		var err error
		if loading := w.loading; loading != nil {
			w.mu.Unlock()
			select {
			case <-loading:
			case <-ctx.Done():
				err = ctx.Err()
			}
			w.mu.Lock()
		} else {
			err = w.load(ctx, from)
		}
		if err != nil {
			return view{}, err
		}
	}
}

// pageOf returns the index of the first page that ends behind a position. The caller holds w.mu.
func (w *watched) pageOf(position int64) int {
	i, _ := slices.BinarySearchFunc(w.pages, position, func(p *page, position int64) int {
		if p.to <= position {
			return -1
		}
		return 1
	})
	return i
}

// load reads a page that begins at a position and is not there. The caller holds w.mu, which is
// given up meanwhile.
func (w *watched) load(ctx context.Context, from int64) error {
	until := w.live
	if i := w.pageOf(from); i < len(w.pages) {
		until = w.pages[i].from
	}
	loaded := make(chan struct{})
	w.loading = loaded
	w.mu.Unlock()
	p, err := w.read(ctx, from, until)
	w.mu.Lock()
	w.loading = nil
	close(loaded)
	if err != nil {
		return err
	}
	w.pages = slices.Insert(w.pages, w.pageOf(from), p)
	w.size += len(p.text)
	w.evict(p)
	return nil
}

// read reads a page: what there is from a position on, until it is full or comes to another position.
func (w *watched) read(ctx context.Context, from, until int64) (*page, error) {
	p := &page{from: from, to: from}
	var e encoder
	for r, err := range w.src.past(ctx, from) {
		if err != nil {
			return nil, err
		}
		if r.position >= until || w.src.dense() && r.position != p.to {
			break
		}
		e.buf = e.buf[:0]
		if !p.add(e.block(&r, w.src.linked()), e.buf) {
			return p, nil
		}
	}
	if w.src.dense() && p.to < until {
		return nil, fmt.Errorf("%w: from %d on", errGap, p.to)
	}
	p.to = until
	return p, nil
}
