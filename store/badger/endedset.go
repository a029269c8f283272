package badger

import (
	"iter"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// endedSet are those jobs of a class that have ended and have their IDs in one chunk.
type endedSet struct {
	ids idSet
	at  [jobsPerChunk]int64 // when each ended, in milliseconds
}

// set notes that a job has ended, or, if in is false, that it is not there any more.
func (s *endedSet) set(e *ended, in bool) {
	s.ids = s.ids.with(e.id, in)
	s.at[uint64(e.id)%jobsPerChunk] = e.at
}

// all yields the jobs in the order of their IDs, or backwards, and when they ended.
func (s *endedSet) all(chunk uint64, backwards bool) iter.Seq2[orchestrator.JobID, int64] {
	return func(yield func(orchestrator.JobID, int64) bool) {
		ids := slices.AppendSeq(make([]orchestrator.JobID, 0, jobsPerChunk), s.ids.all(chunk))
		if backwards {
			slices.Reverse(ids)
		}
		for _, id := range ids {
			if !yield(id, s.at[uint64(id)%jobsPerChunk]) {
				return
			}
		}
	}
}

// maxEndedRow is what a row of an endedSet takes of a transaction at most.
const maxEndedRow = 64 + 10*jobsPerChunk/64 + 10*jobsPerChunk

// encode returns the value of the row, nil if there are no jobs.
func (s *endedSet) encode() []byte {
	if s.ids == (idSet{}) {
		return nil
	}
	e := &encoder{b: make([]byte, 0, 64+3*jobsPerChunk)}
	e.byte(version)
	e.ids(&s.ids)
	var t int64
	for id := range s.ids.all(0) {
		e.varint(s.at[id] - t)
		t = s.at[id]
	}
	return e.b
}

// decode reads the row.
func (s *endedSet) decode(value []byte) error {
	d := decode(value)
	s.ids = d.ids()
	var t int64
	for id := range s.ids.all(0) {
		t += d.varint()
		s.at[id] = t
	}
	return d.end()
}

// endedChunk says where an endedSet is.
type endedChunk struct {
	class uint32
	chunk uint64
}

// endedIn returns the jobs of a class in a chunk as the group leaves them so far. Who changes them sees to
// it that they are in g.ended.
func (g *group) endedIn(at endedChunk) (*endedSet, error) {
	if s := g.ended[at]; s != nil {
		return s, nil
	}
	s := &endedSet{}
	key := endedKey(at.class, at.chunk)
	value, err := get(g.txn, key)
	if err != nil {
		return nil, err
	}
	if value != nil {
		if err := s.decode(value); err != nil {
			return nil, corrupt(key, err)
		}
	}
	return s, nil
}

// endedRows returns the rows of the jobs that have ended in the group, or were removed by it.
func (g *group) endedRows() []row {
	rows := make([]row, 0, len(g.ended))
	for at, s := range g.ended {
		rows = append(rows, row{endedKey(at.class, at.chunk), s.encode()})
	}
	return rows
}
