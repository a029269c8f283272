package badger

import (
	"errors"
	"iter"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// What reading takes, in rows that are read one after the other.
const (
	seekCost = 8
	getCost  = 6
)

// costs returns how many rows it takes, about, to walk and to gather.
func (sr *search) costs() (walk, gather float64) {
	passing, about := 0, 0 // of the classes, and those of them that are in the range of times, or near it
	for i := range sr.classes {
		passing += sr.classes[i].total
		about += sr.classes[i].about
	}
	matches := about
	if sr.q.Node != "" {
		matches = min(about, len(sr.members))
	}
	first := float64(min(sr.first(), matches))
	if matches == 0 {
		return 0, 0
	}
	if sr.q.OrderBy == orchestrator.OrderByTimestamp {
		walk = first * float64(sr.inRange) / float64(matches)
	} else {
		walk = first * float64(about) / float64(matches)
		walk += min(float64(len(sr.classes)*seekCost), walk*float64(sr.inRange)/float64(about))
	}
	gather = float64(passing + len(sr.classes)*seekCost)
	if sr.ranged {
		gather = min(gather, float64(sr.inRange))
	}
	if sr.q.Node != "" {
		gather = min(gather, float64(len(sr.members)*getCost))
	}
	return walk, gather
}

// walk reads jobs in the order of the page until it is full.
func (sr *search) walk() ([]listed, error) {
	p := newPicked(sr)
	if sr.q.OrderBy == orchestrator.OrderByTimestamp {
		if err := sr.walkTime(p.add); err != nil {
			return nil, err
		}
		return p.all(), nil
	}
	left := sr.classes
	for len(left) > 0 && !p.full() {
		n := 1
		for n < len(left) && left[n].text(sr.q.OrderBy) == left[0].text(sr.q.OrderBy) {
			n++
		}
		if err := sr.walkGroup(left[:n], p); err != nil {
			return nil, err
		}
		left = left[n:]
	}
	return p.all(), nil
}

func (sr *search) walkTime(yield func(listed) bool) error {
	if sr.after == nil {
		return sr.byTime(sr.from, sr.to, yield)
	}
	start := timeKey(sr.after.time, sr.next(sr.after.id))
	if !sr.q.Descending && sr.after.time < sr.from || sr.q.Descending && sr.after.time >= sr.to {
		return sr.byTime(sr.from, sr.to, yield)
	}
	return sr.byTimeFrom(start, sr.from, sr.to, yield)
}

// walkGroup reads jobs of classes that are equal by the order of the page.
func (sr *search) walkGroup(classes []counted, p *picked) error {
	after := sr.bound(classes)
	if sr.after != nil {
		group := listed{id: sr.endID(), text: classes[0].text(sr.q.OrderBy)}
		switch c := sr.compare(group, *sr.after); {
		case c <= 0:
			return nil // all of them are before
		case group.text == sr.after.text:
			after = sr.later(after, sr.after.id)
		}
	}
	total := 0
	for i := range classes {
		total += classes[i].about
	}
	rows := float64(min(p.missing(), total))
	byClass, byJob := float64(len(classes)*seekCost), rows*float64(sr.inRange)/float64(total)-rows
	if p.missing() >= total {
		byJob = float64(sr.inRange - total)
	}
	if byClass <= byJob {
		return sr.byClass(classes, after, p.add)
	}
	return sr.byJob(classes, after, p.add)
}

// gather reads all jobs that pass, in any order. If the query is for a node and something else
// beside, it completes the total.
func (sr *search) gather() ([]listed, error) {
	count := sr.q.Node != "" && sr.filtered()
	first := best[listed]{limit: sr.first(), compare: sr.compare}
	err := sr.gatherFrom(func(l listed) bool {
		if count {
			sr.total++
		}
		if sr.wanted(l) {
			first.add(l)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	p := newPicked(sr)
	for _, l := range first.sorted() {
		if !p.add(l) {
			break
		}
	}
	return p.all(), nil
}

// gatherFrom reads all jobs that pass from where the fewest have to be read.
func (sr *search) gatherFrom(yield func(listed) bool) error {
	passing := len(sr.classes) * seekCost
	for i := range sr.classes {
		passing += sr.classes[i].total
	}
	switch {
	case sr.q.Node != "" && len(sr.members)*getCost < min(passing, sr.inRange):
		return sr.byMember(yield)
	case sr.ranged && sr.inRange < passing:
		return sr.byTime(sr.from, sr.to, yield)
	default:
		return sr.byClass(sr.classes, sr.bound(sr.classes), yield)
	}
}

// walkMembers finds the page of the jobs that have the node in the order by ID, without reading them.
func (sr *search) walkMembers() []listed {
	unfinished := make(map[orchestrator.JobID]bool, len(sr.live))
	for i := range sr.live {
		unfinished[sr.live[i].id] = true
	}
	p := newPicked(sr)
	for _, id := range sr.membersOnPage() {
		if !unfinished[id] && !p.add(listed{id: id}) {
			break
		}
	}
	return p.all()
}

// membersOnPage yields the members behind the one that the page begins behind, in the order by ID.
func (sr *search) membersOnPage() iter.Seq2[int, orchestrator.JobID] {
	members := sr.members
	after := sr.startID()
	if sr.after != nil {
		after = sr.after.id
	}
	i, found := slices.BinarySearch(members, after)
	if sr.q.Descending {
		return slices.Backward(members[:i])
	}
	if found {
		i++
	}
	return slices.All(members[i:])
}

// byMember reads the jobs that have the node.
func (sr *search) byMember(yield func(listed) bool) error {
	for _, id := range sr.members {
		if err := sr.expired(); err != nil {
			return err
		}
		row, err := sr.sn.jobHead(id)
		if errors.Is(err, orchestrator.ErrNotFound) {
			err = corrupt(jobKey(id), errMissing)
		}
		if err != nil {
			return err
		}
		e := endedOf(id, &row.view)
		if e.class.state.Terminal() && sr.filter.passes(&e.class.asked, e.class.state) && e.at >= sr.from && e.at < sr.to {
			yield(sr.listed(id, &e.class, e.at))
		}
	}
	return nil
}

// picked is a page that is put together from jobs that have ended and jobs that have not, both in the
// order of the page.
type picked struct {
	sr   *search
	live []listed
	skip int
	left int
	page []listed
}

func newPicked(sr *search) *picked {
	return &picked{sr: sr, live: sr.live, skip: sr.q.Offset, left: sr.first() - sr.q.Offset}
}

func (p *picked) full() bool { return p.left <= 0 }

// missing returns how many jobs are to come until the page is full.
func (p *picked) missing() int {
	if p.left > p.sr.total {
		return p.sr.total
	}
	return p.skip + p.left
}

// add takes the next job that has ended, after the unfinished ones before it, and reports whether
// the page needs another.
func (p *picked) add(l listed) bool {
	i, _ := slices.BinarySearchFunc(p.live, l, p.sr.compare)
	for _, before := range p.live[:i] {
		p.take(before)
	}
	p.live = p.live[i:]
	p.take(l)
	return !p.full()
}

func (p *picked) take(l listed) {
	switch {
	case p.skip > 0:
		p.skip--
	case p.left > 0:
		p.left--
		p.page = append(p.page, l)
	}
}

// all returns the page when there are no more jobs that have ended.
func (p *picked) all() []listed {
	for _, l := range p.live {
		p.take(l)
	}
	return p.page
}
