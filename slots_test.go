package orchestrator

import (
	"math/rand/v2"
	"testing"
)

func TestSlotGoesToTheJobWithFewest(t *testing.T) {
	s := newSlots(10)
	var woken []string
	join := func(name string) *share {
		return s.join(10, func() { woken = append(woken, name) })
	}
	large, small := join("large"), join("small")
	s.want(large, 100)
	if got := s.take(large, 100); got != 10 {
		t.Fatalf("%d slots", got)
	}
	s.want(small, 2)
	woken = nil
	for range 4 {
		s.release(large, 1)
	}
	if got := s.take(small, 100); got != 2 {
		t.Errorf("the small job has %d slots after 4 were freed", got)
	}
	if woken[0] != "small" || woken[1] != "small" {
		t.Errorf("%v", woken)
	}
}

func TestSlotsAreNeitherLostNorInvented(t *testing.T) {
	const total, jobs = 7, 12
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := newSlots(total)
		shares := make([]*share, jobs)
		taken := make([]int, jobs)
		for i := range shares {
			shares[i] = s.join(1+random.IntN(4), func() {})
		}
		for range 500 {
			i := random.IntN(jobs)
			switch random.IntN(4) {
			case 0:
				s.want(shares[i], random.IntN(10))
			case 1:
				taken[i] += s.take(shares[i], random.IntN(5))
			case 2:
				n := random.IntN(taken[i] + 1)
				taken[i] -= n
				s.release(shares[i], n)
			case 3:
				s.leave(shares[i])
			}
			held := 0
			for j, sh := range shares {
				held += sh.held
				if sh.held > sh.limit || sh.held-sh.given != taken[j] || sh.given < 0 {
					t.Fatalf("seed %d: share %+v of which %d are taken", seed, sh, taken[j])
				}
				if s.free > 0 && sh.pending > 0 && sh.held < sh.limit {
					t.Fatalf("seed %d: a free slot and a job that waits for one", seed)
				}
			}
			if held+s.free != total {
				t.Fatalf("seed %d: %d held and %d free of %d", seed, held, s.free, total)
			}
		}
	}
}
