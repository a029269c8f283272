package badger

import (
	"cmp"

	"github.com/seed-54b7607b/orchestrator"
)

// An unfinished job's progress is written with its events: it is that in the job's newest row of
// events. What changes without an event is in a live row, which holds the progress, too, as it was when
// it was written: the one with the later event is right.

// encodeLive returns the value of a live row.
func encodeLive(v *liveView) ([]byte, error) {
	e := &encoder{b: make([]byte, 0, sizeOfProgress(&v.progress))}
	e.byte(version)
	writeEnum(e, "Stop", v.stop, stopModes)
	e.progress(&v.progress)
	return e.b, e.err
}

// decodeLive reads a live row into what the job's row has given.
func decodeLive(v *liveView, value []byte) error {
	d := decode(value)
	v.stop, v.progress = readEnum(&d, stopModes), d.progress()
	return d.end()
}

// leftBy reads from the value of a row of events, or its beginning, how they leave the job.
func leftBy(value []byte) (orchestrator.Progress, error) {
	d := decode(value)
	of := decoder{b: d.bytes()}
	p := of.progress()
	return p, cmp.Or(d.err, of.end())
}
