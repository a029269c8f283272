package badger

import (
	"cmp"
	"slices"
)

// span is a span of time of about 70 minutes.
type span int64

const spanBits = 22

// spanOf returns the span that a time is in, which is given in milliseconds.
func spanOf(ms int64) span { return span(ms >> spanBits) }

// start returns the first millisecond of a span.
func (s span) start() int64 { return int64(s) << spanBits }

// tally counts the jobs of a class, all of which have ended.
type tally struct {
	class

	number uint32
	total  int
	spans  []spanCount // in the order of the spans, none of them 0
}

type spanCount struct {
	span  span
	count int
}

func (t *tally) place(s span) (i int, found bool) {
	return slices.BinarySearchFunc(t.spans, s, func(c spanCount, s span) int { return cmp.Compare(c.span, s) })
}

// in returns how many jobs of the class ended in a span.
func (t *tally) in(s span) int {
	if i, found := t.place(s); found {
		return t.spans[i].count
	}
	return 0
}

// between returns how many jobs of the class ended in the spans from one to before another.
func (t *tally) between(from, to span) int {
	i, _ := t.place(from)
	n := 0
	for ; i < len(t.spans) && t.spans[i].span < to; i++ {
		n += t.spans[i].count
	}
	return n
}

// set makes it the count of a span.
func (t *tally) set(s span, count int) {
	i, found := t.place(s)
	switch {
	case found && count == 0:
		t.total -= t.spans[i].count
		t.spans = slices.Delete(t.spans, i, i+1)
	case found:
		t.total += count - t.spans[i].count
		t.spans[i].count = count
	case count != 0:
		t.total += count
		t.spans = slices.Insert(t.spans, i, spanCount{s, count})
	}
}

// tallies count all jobs that have ended.
type tallies struct {
	classes map[class]*tally
	next    uint32 // no class has this number, or a greater one
	total   int    // of all classes
}

func newTallies() tallies { return tallies{classes: make(map[class]*tally)} }

// set makes it the count of a class and a span. A class without jobs is forgotten.
func (ts *tallies) set(c class, number uint32, s span, count int) {
	t := ts.classes[c]
	if t == nil {
		c.asked = c.clone()
		t = &tally{class: c, number: number}
		ts.classes[c] = t
		ts.next = max(ts.next, number+1)
	}
	ts.total -= t.total
	t.set(s, count)
	ts.total += t.total
	if t.total == 0 {
		delete(ts.classes, c)
	}
}

// oldest returns a span before which no job has ended, and whether any has.
func (ts *tallies) oldest() (oldest span, ok bool) {
	for _, t := range ts.classes {
		if first := t.spans[0].span; !ok || first < oldest {
			oldest, ok = first, true
		}
	}
	return oldest, ok
}
