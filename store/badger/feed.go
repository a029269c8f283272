package badger

import "github.com/seed-54b7607b/orchestrator"

// fed is the events of a job that were committed together.
type fed struct {
	job   orchestrator.JobID
	last  orchestrator.EventID // of them
	count int
}

// maxFedSize is how long the encoding of a fed is at most.
const maxFedSize = 3 * 10

// encodeFeed returns the value of a row of the feed: the commits of one group, in their order.
func encodeFeed(commits []fed) []byte {
	e := &encoder{b: make([]byte, 0, 4+8*len(commits))}
	e.byte(version)
	e.uvarint(uint64(len(commits)))
	for _, c := range commits {
		e.uvarint(uint64(c.job))
		e.uvarint(uint64(c.last))
		e.uvarint(uint64(c.count))
	}
	return e.b
}

func decodeFeed(value []byte) ([]fed, error) {
	d := decode(value)
	commits := make([]fed, d.count())
	for i := range commits {
		c := fed{job: orchestrator.JobID(d.natural()), last: orchestrator.EventID(d.natural()), count: d.natural()}
		if c.count < 1 || int64(c.count) > int64(c.last) {
			d.fail(errRange)
		}
		commits[i] = c
	}
	return commits, d.end()
}

// eventsOf returns how many events there are in the commits.
func eventsOf(commits []fed) (n orchestrator.Position) {
	for _, c := range commits {
		n += orchestrator.Position(c.count)
	}
	return n
}
