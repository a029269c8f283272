package badger

import (
	"iter"
	"math/bits"

	"github.com/seed-54b7607b/orchestrator"
)

// Which jobs are unfinished is written for many jobs in one row, since jobs that are created or end
// together mostly have IDs that are near each other.

// jobsPerChunk is how many IDs stand in one row. It is part of the layout.
const jobsPerChunk = 256

// idSet is a set of IDs that are in one chunk.
type idSet [jobsPerChunk / 64]uint64

func chunkOf(id orchestrator.JobID) uint64 { return uint64(id) / jobsPerChunk }

// with returns the set with an ID in it, or without.
func (s idSet) with(id orchestrator.JobID, in bool) idSet {
	i := uint64(id) % jobsPerChunk
	s[i/64] &^= 1 << (i % 64)
	if in {
		s[i/64] |= 1 << (i % 64)
	}
	return s
}

// all yields the IDs of the set, which is that of a chunk.
func (s idSet) all(chunk uint64) iter.Seq[orchestrator.JobID] {
	return func(yield func(orchestrator.JobID) bool) {
		for i, word := range s {
			for ; word != 0; word &= word - 1 {
				id := chunk*jobsPerChunk + uint64(i*64+bits.TrailingZeros64(word))
				if !yield(orchestrator.JobID(id)) {
					return
				}
			}
		}
	}
}

// unfinishedSize is how long the encoding of an idSet is at most.
const unfinishedSize = 1 + 10*jobsPerChunk/64

// encodeUnfinished returns the value of a row of unfinished jobs, nil if there are none.
func encodeUnfinished(s idSet) []byte {
	if s == (idSet{}) {
		return nil
	}
	e := &encoder{b: make([]byte, 0, unfinishedSize)}
	e.byte(version)
	e.ids(&s)
	return e.b
}

func decodeUnfinished(value []byte) (idSet, error) {
	d := decode(value)
	s := d.ids()
	return s, d.end()
}

func (e *encoder) ids(s *idSet) {
	for _, word := range s {
		e.uvarint(word)
	}
}

func (d *decoder) ids() (s idSet) {
	for i := range s {
		s[i] = d.uvarint()
	}
	return s
}

// setUnfinished notes whether a job is unfinished when the group is written.
func (g *group) setUnfinished(id orchestrator.JobID, unfinished bool) {
	chunk := chunkOf(id)
	s, ok := g.unfinished[chunk]
	if !ok {
		s = g.s.state.unfinishedIn(chunk)
	}
	g.unfinished[chunk] = s.with(id, unfinished)
}

// unfinishedIn returns the unfinished jobs of a chunk. They are changed by the writer alone, who calls
// this.
func (st *state) unfinishedIn(chunk uint64) idSet {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.unfinished[chunk]
}

// setUnfinished makes a set that of a chunk. The caller holds st.mu.
func (st *state) setUnfinished(chunk uint64, s idSet) {
	if s == (idSet{}) {
		delete(st.unfinished, chunk)
		return
	}
	st.unfinished[chunk] = s
}
