package httpapi

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/seed-54b7607b/orchestrator"
)

// How much a page holds before it is full. An event that is larger has a page of its own.
const (
	pageBytes  = 64 << 10
	pageEvents = 512
)

// page is a part of a log, encoded once for everyone who reads it. What has been added to it never
// changes, so that it is read without a lock.
type page struct {
	from, to int64  // it has every event there is whose position is at least from and less than to
	text     []byte // one server-sent event after the other
	blocks   []block
	reads    int // how often it was looked at
}

// block is one event in the text of a page.
type block struct {
	position int64
	job      orchestrator.JobID
	begin    int // of the server-sent event
	object   int // where its JSON object begins
	link     int // where the base of links belongs in it; 0 for nowhere
	end      int
}

// objectEnd is behind the JSON object, which a line feed and an empty line follow.
func (b *block) objectEnd() int { return b.end - len("\n\n") }

// record is an event of a log.
type record struct {
	position int64             // in the log; the event's own id if it is that of one job
	job      *orchestrator.Job // of the event: the part of it that never changes
	event    orchestrator.Event
}

// block appends the record as a server-sent event.
func (e *encoder) block(r *record, linked bool) block {
	b := block{position: r.position, job: r.job.ID, begin: len(e.buf)}
	e.buf = append(e.buf, "id: "...)
	e.buf = strconv.AppendInt(e.buf, r.position, 10)
	e.buf = append(e.buf, "\nevent: "...)
	e.buf = append(e.buf, r.event.Type...)
	e.buf = append(e.buf, "\ndata: "...)
	b.object = len(e.buf)
	e.comma = false
	if linked {
		b.link = e.feedEvent(r, nil)
	} else {
		e.event(r.job, &r.event)
	}
	onOneLine(e.buf[b.object:])
	e.buf = append(e.buf, "\n\n"...)
	b.end = len(e.buf)
	return b
}

// onOneLine replaces the line breaks of a JSON text, which stand between its values only.
func onOneLine(text []byte) {
	for i, c := range text {
		if c == '\n' || c == '\r' {
			text[i] = ' '
		}
	}
}

// add appends an event that was encoded into text, and reports whether it had room for it.
func (p *page) add(b block, text []byte) bool {
	if len(p.blocks) > 0 && (len(p.text)+len(text) > pageBytes || len(p.blocks) == pageEvents) {
		return false
	}
	at := len(p.text) - b.begin
	b.begin, b.object, b.end = b.begin+at, b.object+at, b.end+at
	if b.link > 0 {
		b.link += at
	}
	p.text = append(p.text, text...)
	p.blocks = append(p.blocks, b)
	p.to = b.position + 1
	return true
}

// join appends the page that follows this one, and reports whether it does and there was room for it.
func (p *page) join(next *page) bool {
	if p.to != next.from || len(p.text)+len(next.text) > pageBytes || len(p.blocks)+len(next.blocks) > pageEvents {
		return false
	}
	for _, b := range next.blocks {
		p.add(b, next.text[b.begin:b.end])
	}
	p.to = next.to
	return true
}

// view is what a page had from a position on when it was looked at.
type view struct {
	text   []byte
	blocks []block
	to     int64 // the position to go on from
}

func (p *page) view(from int64) view {
	i, _ := slices.BinarySearchFunc(p.blocks, from, func(b block, position int64) int {
		return cmp.Compare(b.position, position)
	})
	return view{text: p.text, blocks: p.blocks[i:], to: p.to}
}

// events returns the events of the view as they are sent to a client that sees all of them, where
// they hold no links.
func (v *view) events() []byte {
	if len(v.blocks) == 0 {
		return nil
	}
	return v.text[v.blocks[0].begin:v.blocks[len(v.blocks)-1].end]
}

// size returns how many bytes the events of the view have.
func (v *view) size() int { return len(v.events()) }

// full reports whether the view has about as much as one can have.
func (v *view) full() bool { return len(v.text) > pageBytes/2 || len(v.blocks) > pageEvents/2 }

// appendEvent appends the server-sent event of a block, with base in its links.
func (v *view) appendEvent(buf []byte, b *block, base []byte) []byte {
	buf = append(buf, v.text[b.begin:b.object]...)
	buf = v.appendObject(buf, b, base)
	return append(buf, "\n\n"...)
}

// appendObject appends the JSON object of a block, with base in its links.
func (v *view) appendObject(buf []byte, b *block, base []byte) []byte {
	from := b.object
	if b.link > 0 {
		buf = append(buf, v.text[from:b.link]...)
		buf = append(buf, base...)
		from = b.link
	}
	return append(buf, v.text[from:b.objectEnd()]...)
}
