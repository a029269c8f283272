package orchestrator

import (
	"container/heap"
	"sync"
)

// slots shares out the node runs that may go on at once, over all jobs. A free slot goes to the
// job that has the fewest, and among those to the one that was served the longest time ago: a
// job of one node waits for one run to end, however many nodes the jobs before it have.
type slots struct {
	mu      sync.Mutex
	free    int
	turn    uint64 // counts what was given
	waiting shareHeap
}

// share is what one job has of the slots, and wants. All its fields are guarded by slots.mu.
type share struct {
	limit   int    // the most slots it may have
	pending int    // how many slots it wants beside those that it was given
	held    int    // slots that were given and not released
	given   int    // those of them that were not yet taken
	turn    uint64 // when it was last given one
	index   int    // in the heap, -1 if it is not waiting
	wake    func() // tells the job that it was given a slot; must not block
}

func newSlots(n int) *slots { return &slots{free: n} }

// join returns a share for a job that may have at most limit slots. Among jobs with as many slots
// it is served after those that are waiting already.
func (s *slots) join(limit int, wake func()) *share {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &share{limit: limit, index: -1, wake: wake, turn: s.turn}
}

// want sets how many slots the job wants, those that it was given and has not taken included.
func (s *slots) want(sh *share, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh.pending = max(0, n-sh.given)
	s.place(sh)
	s.give()
}

// take returns how many slots, at most limit, were given to the job since it last took some.
func (s *slots) take(sh *share, limit int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(sh.given, limit)
	sh.given -= n
	return n
}

// seize takes n slots that are held already, so to say: whether or not there are as many.
func (s *slots) seize(sh *share, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free -= n
	sh.held += n
	s.place(sh)
}

// release gives back n slots.
func (s *slots) release(sh *share, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh.held -= n
	s.free += n
	s.place(sh)
	s.give()
}

// leave gives back the slots that the job was given and has not taken, and gives it no more.
// Those that it has taken are released one by one, as their runs end.
func (s *slots) leave(sh *share) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh.pending = 0
	sh.held -= sh.given
	s.free += sh.given
	sh.given = 0
	s.place(sh)
	s.give()
}

// give hands out free slots while there are both free slots and jobs that wait.
func (s *slots) give() {
	for s.free > 0 && len(s.waiting) > 0 {
		sh := s.waiting[0]
		s.turn++
		s.free--
		sh.turn = s.turn
		sh.held++
		sh.given++
		sh.pending--
		s.place(sh)
		sh.wake()
	}
}

// place puts the share where it now belongs: into the heap if it can be given a slot.
func (s *slots) place(sh *share) {
	waits := sh.pending > 0 && sh.held < sh.limit
	switch {
	case waits && sh.index < 0:
		heap.Push(&s.waiting, sh)
	case waits:
		heap.Fix(&s.waiting, sh.index)
	case sh.index >= 0:
		heap.Remove(&s.waiting, sh.index)
	}
}

// shareHeap has the share that is to be served next at its top.
type shareHeap []*share

func (h shareHeap) Len() int { return len(h) }

func (h shareHeap) Less(i, j int) bool {
	if h[i].held != h[j].held {
		return h[i].held < h[j].held
	}
	return h[i].turn < h[j].turn
}

func (h shareHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *shareHeap) Push(x any) {
	sh := x.(*share)
	sh.index = len(*h)
	*h = append(*h, sh)
}

func (h *shareHeap) Pop() any {
	last := len(*h) - 1
	sh := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	sh.index = -1
	return sh
}
