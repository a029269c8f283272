package badger

import "github.com/seed-54b7607b/orchestrator"

// encodeLive returns the value of a live row: what changes most often of an unfinished job. With
// the job's row, which holds the state and its history, it makes up the job's progress. Each holds
// this as it was when it was written last, and the one with the later event is right.
func encodeLive(v *liveView) []byte {
	e := &encoder{b: make([]byte, 0, 32)}
	e.byte(version)
	writeEnum(e, "Stop", v.stop, stopModes)
	e.counts(&v.progress.Counts)
	e.varint(int64(v.progress.LastEvent))
	return e.b
}

// decodeLive reads a live row into what the job's row has given. Only a live row is written when the
// job is asked to stop.
func decodeLive(v *liveView, value []byte) error {
	d := decode(value)
	stop, counts, last := readEnum(&d, stopModes), d.counts(), orchestrator.EventID(d.varint())
	v.stop = v.stop.Stronger(stop)
	if last >= v.progress.LastEvent {
		v.progress.Counts, v.progress.LastEvent = counts, last
	}
	return d.end()
}
