package badger

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSortedList compares a list that is changed at random with a slice that is sorted anew.
func TestSortedList(t *testing.T) {
	for _, start := range []int{0, 1, 255, 256, 257, 5000} {
		r := rand.New(rand.NewPCG(1, uint64(start)))
		keys := make([]int, 8000)
		for i := range keys {
			keys[i] = r.IntN(500)
		}
		compare := func(a, b int32) int { return cmp.Or(cmp.Compare(keys[a], keys[b]), cmp.Compare(a, b)) }
		var want []int32
		for i := range int32(start) {
			want = append(want, i)
		}
		slices.SortFunc(want, compare)
		l := newSortedList(want, compare)
		for range 20_000 {
			i := int32(r.IntN(len(keys)))
			at, found := slices.BinarySearchFunc(want, i, compare)
			switch {
			case !found && r.IntN(3) > 0:
				want = slices.Insert(want, at, i)
				l.add(i)
			case found:
				want = slices.Delete(want, at, at+1)
				l.remove(i)
			default:
				l.remove(i) // which is not in it
			}
		}
		if l.n != len(want) || !slices.Equal(l.part(0, l.n), want) {
			t.Fatalf("from %d: got %d nodes that are not the %d wanted, or in another order", start, l.n, len(want))
		}
		for range 1000 {
			from := r.IntN(len(want) + 1)
			to := from + r.IntN(len(want)+1-from)
			if !slices.Equal(l.part(from, to), want[from:to]) {
				t.Fatalf("from %d: the part from %d to %d is wrong", start, from, to)
			}
		}
		for _, b := range l.blocks {
			if len(b) == 0 || len(b) > maxBlock {
				t.Fatalf("from %d: a block has %d nodes", start, len(b))
			}
		}
	}
}
