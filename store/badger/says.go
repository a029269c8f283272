package badger

import (
	"cmp"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator"
)

// saying is a node of a page that says something, which is read from the event that left it so.
type saying struct {
	event orchestrator.EventID
	at    int // its place in the page

	from, to int // where its message is
}

// sayings are what nodes of a page say.
type sayings struct {
	all      []saying
	messages []byte
	results  arena
}

// begin begins another page.
func (s *sayings) begin() {
	s.all, s.messages = s.all[:0], s.messages[:0]
	s.results.begin()
}

// read sets the messages and results of the nodes of a page. It reads the events in their order, which
// nodes that stand together mostly ended in. The messages lie in one piece of memory.
func (s *sayings) read(sn *snapshot, job orchestrator.JobID, page []orchestrator.Node) error {
	slices.SortFunc(s.all, func(a, b saying) int { return cmp.Compare(a.event, b.event) })
	it := sn.txn.NewIterator(badgerdb.IteratorOptions{Prefix: eventsPrefix(job)})
	defer it.Close()
	r := sayingsReader{sayings: s, left: s.all, page: page}
	for far := true; len(r.left) > 0; far = r.far() {
		if far {
			it.Seek(eventsKey(job, r.left[0].event, 0))
		} else {
			it.Next()
		}
		if !it.Valid() {
			return corrupt(eventsKey(job, r.left[0].event, 0), errMissing)
		}
		if err := r.row(sn.txn, it.Item()); err != nil {
			return err
		}
	}
	messages := string(s.messages)
	for i := range s.all {
		page[s.all[i].at].Message = messages[s.all[i].from:s.all[i].to]
	}
	return nil
}

// sayingsReader reads what nodes say from rows of events.
type sayingsReader struct {
	*sayings

	left   []saying // that are still to be read
	page   []orchestrator.Node
	last   orchestrator.EventID // of the row that was looked at last
	events orchestrator.EventID // how many there were in the row that was read last
}

// far reports whether the next event is so far away that a way to it is better than all rows between.
func (r *sayingsReader) far() bool {
	const rows = 4
	return len(r.left) > 0 && r.left[0].event-r.last > rows*r.events
}

// row reads what is in a row of events.
func (r *sayingsReader) row(txn *badgerdb.Txn, item *badgerdb.Item) (err error) {
	if r.last, _, err = readEventsKey(item.Key()); err != nil || r.last < r.left[0].event {
		return err
	}
	return item.Value(func(value []byte) error {
		value, err := whole(txn, item.Key(), value)
		if err != nil {
			return err
		}
		if err := r.value(value); err != nil {
			return corrupt(item.Key(), err)
		}
		return nil
	})
}

// value reads what is in the value of a row of events.
func (r *sayingsReader) value(value []byte) error {
	row := readEventsRow(value, r.last)
	r.events = row.last - row.next + 1
	if row.err == nil && r.left[0].event < row.next {
		return errMissing
	}
	for row.next <= row.last && row.err == nil && len(r.left) > 0 {
		d, id := row.event()
		for len(r.left) > 0 && r.left[0].event == id {
			if err := r.node(&r.left[0], d); err != nil {
				return err
			}
			r.left = r.left[1:]
		}
	}
	return row.err
}

// node reads what a node says from the beginning of an event.
func (r *sayingsReader) node(s *saying, d decoder) error {
	s.from = len(r.messages)
	r.messages = append(r.messages, d.take(d.uvarint())...)
	s.to = len(r.messages)
	if result := d.bytes(); result != nil {
		r.page[s.at].Result = r.results.copy(result)
	}
	return d.err
}
