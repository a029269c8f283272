package httpapi

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
)

// story is a log that is written while it is watched.
type story struct {
	job   *orchestrator.Job
	gaps  bool          // it leaves out positions
	each  time.Duration // how long reading a record of the past takes
	size  int           // of an event, more or less
	reads int           // of the past

	mu      sync.Mutex
	records []record
	over    bool
	more    chan struct{}
}

func newStory(gaps bool, size int) *story {
	return &story{job: &orchestrator.Job{ID: 7}, gaps: gaps, size: size, more: make(chan struct{})}
}

func (s *story) dense() bool  { return !s.gaps }
func (s *story) linked() bool { return s.gaps }

// write adds a record.
func (s *story) write(position int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	node := orchestrator.Node{Name: "a", State: orchestrator.NodeFailed, Message: strings.Repeat("x", s.size)}
	s.records = append(s.records, record{position: position, job: s.job, event: orchestrator.Event{
		ID: orchestrator.EventID(position), Type: orchestrator.EventNodeFailed, Node: node,
	}})
	close(s.more)
	s.more = make(chan struct{})
}

func (s *story) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	close(s.more)
	s.more = make(chan struct{})
}

// from returns the records from a position on.
func (s *story) from(position int64) (records []record, over bool, more <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.records {
		if r.position >= position {
			return slices.Clone(s.records[i:]), s.over, s.more
		}
	}
	return nil, s.over, s.more
}

func (s *story) past(ctx context.Context, from int64) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		s.mu.Lock()
		s.reads++
		s.mu.Unlock()
		records, _, _ := s.from(from)
		for _, r := range records {
			if s.each > 0 {
				<-time.After(s.each)
			}
			if ctx.Err() != nil {
				yield(record{}, ctx.Err())
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (s *story) live(ctx context.Context) iter.Seq2[reach, error] {
	return func(yield func(reach, error) bool) {
		for {
			records, over, more := s.from(1)
			live := int64(1)
			if len(records) > 0 {
				live = records[len(records)-1].position + 1
			}
			if !yield(reach{live: live, over: over}, nil) || over {
				return
			}
			select {
			case <-more:
			case <-ctx.Done():
				yield(reach{}, ctx.Err())
				return
			}
		}
	}
}

// expected returns the positions of all records from one on.
func (s *story) expected(from int64) (positions []int64) {
	records, _, _ := s.from(from)
	for _, r := range records {
		positions = append(positions, r.position)
	}
	return positions
}

// Whenever they come and go, and however fast they are, all watchers of a log read all of it, in
// order, once; also when hardly anything of it is kept.
func TestWatchersReadAll(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 1))
				s := newStory(seed%3 == 0, []int{10, 9_000, 70_000}[random.IntN(3)])
				s.each = time.Duration(random.IntN(3)) * time.Millisecond
				h := newHub(1 << 20)
				if random.IntN(2) == 0 {
					h.open.Store(keptBytes) // nothing may be kept
				}
				var all sync.WaitGroup
				for range 1 + random.IntN(12) {
					w := &watcher{t: t, s: s, h: h, random: rand.New(rand.NewPCG(random.Uint64(), 2))}
					all.Go(w.run)
				}
				all.Go(func() { s.tell(random) })
				all.Wait()
				assert.Empty(t, h.logs, "nothing is left when the last watcher has gone")
			})
		})
	}
}

// tell writes the story, with pauses.
func (s *story) tell(random *rand.Rand) {
	position := int64(0)
	for range 20 + random.IntN(min(300, 1_000_000/s.size)) {
		position++
		if s.gaps {
			position += int64(random.IntN(5))
		}
		s.write(position)
		if random.IntN(8) == 0 {
			<-time.After(time.Duration(random.IntN(200)) * time.Millisecond)
		}
	}
	s.end()
}

// watcher watches a story to its end, and goes away and comes back on the way.
type watcher struct {
	t      *testing.T
	s      *story
	h      *hub
	random *rand.Rand
	read   []int64
}

func (r *watcher) run() {
	<-time.After(time.Duration(r.random.IntN(3000)) * time.Millisecond)
	start := int64(1 + r.random.IntN(100))
	next := start
	for over := false; !over; {
		next, over = r.visit(next)
		<-time.After(time.Duration(r.random.IntN(100)) * time.Millisecond)
	}
	assert.Equal(r.t, r.s.expected(start), r.read)
}

// visit watches for a while.
func (r *watcher) visit(next int64) (_ int64, over bool) {
	records, _, _ := r.s.from(1)
	live := int64(1)
	if len(records) > 0 {
		live = records[len(records)-1].position + 1
	}
	log := r.h.join(r.s.job.ID, r.s, live)
	defer r.h.leave(r.s.job.ID, log)
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Duration(r.random.IntN(2000))*time.Millisecond)
	defer cancel()
	for {
		p := log.progress()
		if next < p.live {
			v, err := log.view(ctx, next)
			if err != nil {
				assert.Equal(r.t, ctx.Err(), err)
				return next, false
			}
			for _, b := range v.blocks {
				r.read = append(r.read, b.position)
			}
			next = v.to
			if r.random.IntN(10) == 0 {
				<-time.After(time.Duration(r.random.IntN(300)) * time.Millisecond)
			}
			continue
		}
		if p.over {
			return next, p.err == nil
		}
		select {
		case <-p.news:
		case <-ctx.Done():
			return next, false
		}
	}
}

// What has happened before is read once for everybody who comes for it.
func TestThePastIsReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(false, 1000)
		for position := range int64(1000) {
			s.write(position + 1)
		}
		s.end()
		s.each = time.Millisecond
		h := newHub(1 << 20)
		var all sync.WaitGroup
		for i := range 50 {
			r := &watcher{t: t, s: s, h: h, random: rand.New(rand.NewPCG(uint64(i), 3))}
			all.Go(func() {
				log := h.join(7, s, 1001)
				defer h.leave(7, log)
				for next := int64(1); next < 1001; {
					v, err := log.view(t.Context(), next)
					assert.NoError(t, err) //nolint:testifylint // it is not the test's goroutine
					for _, b := range v.blocks {
						r.read = append(r.read, b.position)
					}
					next = v.to
				}
				assert.Equal(t, s.expected(1), r.read)
			})
		}
		all.Wait()
		assert.Less(t, s.reads, 25, "about one for each page of 64 KiB")
	})
}

// A store that has lost an event is noticed, not passed over.
func TestMissingEvents(t *testing.T) {
	for name, write := range map[string]func(*story){
		"in the past":      func(s *story) { s.write(1); s.write(2); s.write(4) },
		"at the end of it": func(s *story) { s.write(1); s.write(2) },
		"live":             func(s *story) { s.write(1); s.write(2); s.write(3); s.write(4); s.write(6) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStory(false, 10)
				write(s)
				s.end()
				h := newHub(1 << 20)
				log := h.join(7, s, 5)
				defer h.leave(7, log)
				synctest.Wait()
				_, err := log.view(t.Context(), 1)
				if name == "live" {
					require.NoError(t, err)
					err = log.progress().err
				}
				require.ErrorIs(t, err, errGap)
			})
		})
	}
}

// What nobody has come to is not read: a log that all watchers are far behind in costs nothing.
func TestALogIsNotReadAheadOfItsWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newStory(false, 1000), newHub(1<<20)
		log := h.join(7, s, 1)
		defer h.leave(7, log)
		synctest.Wait()
		for position := range int64(10_000) {
			s.write(position + 1)
			if position%100 == 0 {
				<-time.After(tellPause * 2)
			}
		}
		<-time.After(time.Second)
		assert.EqualValues(t, 10_001, log.progress().live)
		assert.LessOrEqual(t, s.reads, 1, "only what there was when somebody waited for it")
		s.end()
		for next := int64(1); next < 10_001; {
			v, err := log.view(t.Context(), next)
			require.NoError(t, err)
			require.Equal(t, next, v.blocks[0].position)
			next = v.to
		}
	})
}

// Those who wait for an event are told of it at once, and find it read. Events that come one by one
// share their page.
func TestALoneEventIsThereAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newStory(false, 10), newHub(1<<20)
		log := h.join(7, s, 1)
		defer h.leave(7, log)
		for position := int64(1); position <= 50; position++ {
			<-time.After(time.Second)
			news, start := log.progress().news, time.Now()
			s.write(position)
			<-news
			assert.Zero(t, time.Since(start))
			reads := s.reads
			v, err := log.view(t.Context(), position)
			require.NoError(t, err)
			require.Len(t, v.blocks, 1)
			assert.Equal(t, position+1, v.to)
			assert.Equal(t, reads, s.reads)
		}
		assert.Len(t, log.pages, 1)
		<-time.After(time.Second)
		start := time.Now()
		s.end()
		<-log.done
		assert.Zero(t, time.Since(start), "nor is the end kept back")
	})
}

// Many who wait are told of many events together.
func TestNewsIsToldInTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newStory(false, 10), newHub(1<<20)
		log := h.join(7, s, 1)
		defer h.leave(7, log)
		for range 999 {
			defer h.leave(7, h.join(7, s, 1))
		}
		turns := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			for p := log.progress(); !p.over; p = log.progress() {
				<-p.news
				turns++
			}
		}()
		synctest.Wait()
		for position := range int64(1000) {
			s.write(position + 1)
			<-time.After(time.Millisecond)
		}
		s.end()
		<-done
		assert.InDelta(t, 1000/55, turns, 3)
	})
}
