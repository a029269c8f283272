package httpapi

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/seed-54b7607b/orchestrator"
)

// watched is a log that somebody watches. However many they are, the store is read once: one
// goroutine follows how far the log has come, and what has happened is read and encoded in pages by
// the first who comes to them. Everyone else gets the same bytes, for as long as they are kept. What
// nobody has come to costs nothing yet: a crowd of watchers may be far behind.
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
	wanted  int64         // what is before this position has been looked at, or was there when the first came
	news    chan struct{} // closed when there is more, or nothing more can come
}

// errGap is that the store does not have an event that it had.
var errGap = errors.New("events are missing")

// follow tells the watchers how far the log has come, until it can come no further.
func (w *watched) follow(ctx context.Context) {
	defer close(w.done)
	w.pace.begin()
	defer w.pace.end()
	defer func() {
		if v := recover(); v != nil { // of the store: it is the watchers' error, not the end of the program
			w.end(fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
		}
	}()
	for r, err := range w.src.live(ctx) {
		if err == nil {
			err = w.prepare(ctx, r.live)
		}
		if err != nil {
			w.end(err)
			return
		}
		if w.advance(r.live) && !r.over {
			rest(ctx, w.pause())
		}
	}
	w.end(nil)
}

// prepare reads a page of what has happened before a position, if there is a watcher who waits for
// it: once for all who do, before they are told.
func (w *watched) prepare(ctx context.Context, live int64) error {
	w.mu.Lock()
	from, waited := w.live, w.wanted >= w.live
	w.mu.Unlock()
	if live <= from || !waited {
		return nil
	}
	p, err := w.read(ctx, from, live)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keep(p)
	return nil
}

// advance tells the watchers that everything before a position has happened, and reports whether that
// is news.
func (w *watched) advance(live int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if live <= w.live {
		return false
	}
	w.live = live
	close(w.news)
	w.news = make(chan struct{})
	return true
}

// end says that nothing more is followed.
func (w *watched) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over, w.err = true, err
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
			w.wanted = max(w.wanted, w.pages[i].to)
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
	w.loading = make(chan struct{})
	p, err := w.unlocked(ctx, from, until)
	if err != nil {
		return err
	}
	w.keep(p)
	return nil
}

// unlocked reads a page while w.mu, which the caller holds, is given up, and tells those who wait for
// it, also if the store panics.
func (w *watched) unlocked(ctx context.Context, from, until int64) (*page, error) {
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		close(w.loading)
		w.loading = nil
	}()
	return w.read(ctx, from, until)
}

// keep adds a page, to the one before it if that has room. The caller holds w.mu.
func (w *watched) keep(p *page) {
	w.size += len(p.text)
	i := w.pageOf(p.from)
	if i > 0 && w.pages[i-1].join(p) {
		p = w.pages[i-1]
	} else {
		w.pages = slices.Insert(w.pages, i, p)
	}
	w.evict(p)
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
