package badger

import (
	"math"

	"github.com/seed-54b7607b/orchestrator"
)

// The numbers of states in rows are their places here.
//
//nolint:gochecknoglobals // tables that are never written
var (
	jobStates = []orchestrator.JobState{
		"", orchestrator.JobNew, orchestrator.JobReady, orchestrator.JobRunning, orchestrator.JobStopping,
		orchestrator.JobStopped, orchestrator.JobFinished, orchestrator.JobFailed,
	}
	stopModes = []orchestrator.StopMode{orchestrator.StopNone, orchestrator.StopSoft, orchestrator.StopForce}
)

// encodeJob returns the value of a job's row: what changes, and then a tail that does not.
func encodeJob(v *liveView, tail []byte) ([]byte, error) {
	e := &encoder{b: make([]byte, 0, 32+sizeOfProgress(&v.progress)+len(tail))}
	e.byte(version)
	e.uvarint(v.set)
	e.uvarint(uint64(v.nodes))
	writeEnum(e, "Stop", v.stop, stopModes)
	e.progress(&v.progress)
	e.b = append(e.b, tail...)
	return e.b, e.err
}

// decodeJob reads what changes in a job's row. The decoder goes on with the tail.
func decodeJob(value []byte) (liveView, decoder) {
	d := decode(value)
	v := liveView{place: place{set: d.uvarint(), nodes: d.natural()}}
	v.stop = readEnum(&d, stopModes)
	v.progress = d.progress()
	if v.progress.State == "" || v.nodes > maxNodes {
		d.fail(errRange)
	}
	return v, d
}

// sizeOfProgress returns about how long the encoding of a progress is.
func sizeOfProgress(p *orchestrator.Progress) int { return 32 + 8*len(p.Status) }

func (e *encoder) progress(p *orchestrator.Progress) {
	e.jobState("Progress.State", p.State)
	e.uvarint(uint64(len(p.Status)))
	for i := range p.Status {
		e.jobState("Progress.Status", p.Status[i].State)
		e.time(p.Status[i].At)
	}
	e.counts(&p.Counts)
	e.varint(int64(p.LastEvent))
}

func (d *decoder) progress() orchestrator.Progress {
	p := orchestrator.Progress{State: readEnum(d, jobStates)}
	if n := d.count(); n > 0 {
		p.Status = make([]orchestrator.StateChange, n)
	}
	for i := range p.Status {
		p.Status[i] = orchestrator.StateChange{State: readEnum(d, jobStates), At: d.time()}
	}
	p.Counts = d.counts()
	p.LastEvent = orchestrator.EventID(d.varint())
	return p
}

// jobState writes a state that a job can be in.
func (e *encoder) jobState(field string, s orchestrator.JobState) {
	if s == "" {
		e.fail(invalid(field, "", "must not be empty"))
	}
	writeEnum(e, field, s, jobStates)
}

func (e *encoder) counts(c *orchestrator.NodeCounts) {
	for _, n := range [...]int{c.New, c.Running, c.Finished, c.Failed, c.Errored, c.Skipped} {
		e.int(n)
	}
}

func (d *decoder) counts() orchestrator.NodeCounts {
	return orchestrator.NodeCounts{
		New: d.int(), Running: d.int(), Finished: d.int(), Failed: d.int(), Errored: d.int(), Skipped: d.int(),
	}
}

// counters are what was given last: no number is given twice, whatever is removed.
type counters struct {
	job      orchestrator.JobID
	position orchestrator.Position
}

func encodeCounters(c counters) []byte {
	e := &encoder{}
	e.byte(version)
	e.uvarint(uint64(c.job))
	e.uvarint(uint64(c.position))
	return e.b
}

func decodeCounters(value []byte) (counters, error) {
	d := decode(value)
	c := counters{job: orchestrator.JobID(d.natural()), position: orchestrator.Position(d.natural())}
	return c, d.end()
}

// encodeNumber returns the value of a row that is one number. It has no version: the row of the
// layout is such a one.
func encodeNumber(n uint64) []byte {
	e := &encoder{}
	e.uvarint(n)
	return e.b
}

// encodeTally is encodeNumber for the count of a span, which its key names.
func encodeTally(c spanCount) []byte {
	e := &encoder{}
	e.uvarint(uint64(c.count))
	e.uvarint(uint64(c.low))
	e.uvarint(uint64(c.high))
	return e.b
}

// decodeTally returns what encodeTally has encoded, and the errRange of a count that cannot be.
func decodeTally(s span, value []byte) (spanCount, error) {
	d := &decoder{b: value}
	count, low, high := d.uvarint(), d.uvarint(), d.uvarint()
	if d.err == nil && (count < 1 || count > math.MaxInt32 || low < 1 || low > high || high > math.MaxInt64) {
		d.fail(errRange)
	}
	return spanCount{s, int(count), orchestrator.JobID(low), orchestrator.JobID(high)}, d.end()
}

func decodeNumber(value []byte) (uint64, error) {
	d := &decoder{b: value}
	n := d.uvarint()
	return n, d.end()
}
