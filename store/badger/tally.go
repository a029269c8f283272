package badger

import (
	"cmp"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
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

// spanCount is how many jobs of a class ended in a span. The IDs of all of them are from low to high;
// these are not corrected when some are removed.
type spanCount struct {
	span      span
	count     int
	low, high orchestrator.JobID
}

// with returns the count with one more job.
func (c spanCount) with(id orchestrator.JobID) spanCount {
	if c.count == 0 || id < c.low {
		c.low = id
	}
	if c.count == 0 || id > c.high {
		c.high = id
	}
	c.count++
	return c
}

func (t *tally) place(s span) (i int, found bool) {
	return slices.BinarySearchFunc(t.spans, s, func(c spanCount, s span) int { return cmp.Compare(c.span, s) })
}

// in returns the count of a span.
func (t *tally) in(s span) spanCount {
	if i, found := t.place(s); found {
		return t.spans[i]
	}
	return spanCount{span: s}
}

// between returns the count of the spans from one to before another.
func (t *tally) between(from, to span) spanCount {
	i, _ := t.place(from)
	var sum spanCount
	for ; i < len(t.spans) && t.spans[i].span < to; i++ {
		c := t.spans[i]
		if sum.count == 0 {
			sum = c
			continue
		}
		sum.count += c.count
		sum.low, sum.high = min(sum.low, c.low), max(sum.high, c.high)
	}
	return sum
}

// set makes it the count of its span.
func (t *tally) set(c spanCount) {
	i, found := t.place(c.span)
	switch {
	case found && c.count == 0:
		t.total -= t.spans[i].count
		t.spans = slices.Delete(t.spans, i, i+1)
	case found:
		t.total += c.count - t.spans[i].count
		t.spans[i] = c
	case c.count != 0:
		t.total += c.count
		t.spans = slices.Insert(t.spans, i, c)
	}
}

// tallies count all jobs that have ended.
type tallies struct {
	classes map[class]*tally
	next    uint32 // no class has this number, or a greater one
	total   int    // of all classes
}

func newTallies() tallies { return tallies{classes: make(map[class]*tally)} }

// set makes it the count of a class and its span. A class without jobs is forgotten.
func (ts *tallies) set(c class, number uint32, count spanCount) {
	t := ts.classes[c]
	if t == nil {
		c.asked = c.clone()
		t = &tally{class: c, number: number}
		ts.classes[c] = t
		ts.next = max(ts.next, number+1)
	}
	ts.total -= t.total
	t.set(count)
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
