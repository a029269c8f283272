package recent_test

import (
	"math/rand/v2"
	"testing"

	"github.com/seed-54b7607b/orchestrator/internal/recent"
)

const (
	all  = 1000
	most = 60
	keys = 400
)

// TestCache plays with a cache at random: it never gives what was not put there last, keeps what is
// asked for all the time, and no more than it may.
func TestCache(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		c := recent.New[int, int](all, most)
		const often = -1
		c.Add(often, 7, 1)
		sizes, latest := map[int]int{}, map[int]int{}
		for i := range 5000 {
			key := r.IntN(keys)
			switch r.IntN(8) {
			case 0:
				c.Remove(key)
				delete(latest, key)
			case 1, 2:
				latest[key], sizes[key] = i, r.IntN(most+20)
				c.Add(key, i, sizes[key])
				if _, ok := c.Get(key); ok != (sizes[key] <= most) {
					t.Fatalf("seed %d: a value of size %d is kept: %t", seed, sizes[key], ok)
				}
			default:
				value, ok := c.Get(key)
				if was, put := latest[key]; ok && (!put || value != was) {
					t.Fatalf("seed %d: got %d, want %d, %t", seed, value, was, put)
				}
			}
			if value, ok := c.Get(often); value != 7 || !ok {
				t.Fatalf("seed %d: what is asked for all the time is forgotten", seed)
			}
		}
		kept := 0
		for key := range keys {
			if held(c, key) {
				kept += sizes[key]
			}
		}
		if kept > all || kept < all/4 {
			t.Errorf("seed %d: what is kept has the size %d", seed, kept)
		}
	}
}

// held reports whether a key is kept, and leaves the cache without it, so that it makes no other go.
func held(c *recent.Cache[int, int], key int) bool {
	_, ok := c.Get(key)
	c.Remove(key)
	return ok
}

func TestLargeValueReplacesSmallOne(t *testing.T) {
	c := recent.New[int, string](all, most)
	c.Add(1, "small", 1)
	c.Add(1, "large", most+1)
	if value, ok := c.Get(1); ok {
		t.Errorf("got %q, which is out of date or too large", value)
	}
}

func TestNothingIsLargerThanTheCache(t *testing.T) {
	c := recent.New[int, string](10, 100)
	if c.Add(1, "large", 6); held1(c) {
		t.Error("a value is kept that has more than the half")
	}
	if c.Add(1, "small", 5); !held1(c) {
		t.Error("a value is not kept that has room")
	}
}

func held1(c *recent.Cache[int, string]) bool {
	_, ok := c.Get(1)
	return ok
}
