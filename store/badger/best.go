package badger

import "slices"

// best keeps the first of many values in some order, and never many more than that.
type best[T any] struct {
	limit   int // how many are kept
	compare func(a, b T) int
	values  []T
	cut     bool // the first of the values, up to the limit, are in order, and there are so many
}

// wants reports whether a value is among the first so far.
func (b *best[T]) wants(v T) bool {
	return b.limit > 0 && (!b.cut || b.compare(v, b.values[b.limit-1]) < 0)
}

// add adds a value, if it is among the first so far.
func (b *best[T]) add(v T) {
	const slack = 256
	if !b.wants(v) {
		return
	}
	b.values = append(b.values, v)
	if len(b.values)/2 >= b.limit && len(b.values) >= slack {
		b.sort()
		b.cut = true
	}
}

func (b *best[T]) sort() {
	slices.SortFunc(b.values, b.compare)
	b.values = b.values[:min(b.limit, len(b.values))]
}

// sorted returns the first values, in their order. None must be added afterwards.
func (b *best[T]) sorted() []T {
	b.sort()
	return b.values
}
