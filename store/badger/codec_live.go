package badger

import "github.com/seed-54b7607b/orchestrator"

// encodeLive returns the value of a live row: what changes most often of an unfinished job. With
// the job's row, which holds the state and its history, it makes up the job's progress.
func encodeLive(v *liveView) []byte {
	e := &encoder{b: make([]byte, 0, 32)}
	e.byte(version)
	writeEnum(e, "Stop", v.stop, stopModes)
	e.counts(&v.progress.Counts)
	e.varint(int64(v.progress.LastEvent))
	return e.b
}

// decodeLive reads a live row into what the job's row has given.
func decodeLive(v *liveView, value []byte) error {
	d := decode(value)
	v.stop = readEnum(&d, stopModes)
	v.progress.Counts = d.counts()
	v.progress.LastEvent = orchestrator.EventID(d.varint())
	return d.end()
}
