package badger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// A value begins with the version of its encoding. What follows are numbers as varints, texts
// and bytes behind their lengths, and times as milliseconds. A value that breaks these rules is
// corrupt: reading it gives an error, and takes memory in proportion to its length at most.

// version is the first byte of every value that this code writes, and the only one it reads.
const version = 1

// The errors of values that cannot be read.
var (
	errTruncated = errors.New("it ends too early")
	errTooLong   = errors.New("it goes on behind its end")
	errRange     = errors.New("it holds a number that is out of range")
	errVersion   = errors.New("its version is not known")
	errKeyLength = errors.New("its key has the wrong length")
	errMissing   = errors.New("it is missing")
	errNotEnded  = errors.New("its job has not ended")
	errEnded     = errors.New("one of its jobs has ended")
)

// corrupt returns the error for a row that cannot be read.
func corrupt(key []byte, why error) error {
	return fmt.Errorf("badger: row %s is corrupt: %w", keyText(key), why)
}

// encoder appends values to b. Once a value could not be written, it keeps the error.
type encoder struct {
	b   []byte
	err error
}

func (e *encoder) byte(v byte)      { e.b = append(e.b, v) }
func (e *encoder) uvarint(v uint64) { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) varint(v int64)   { e.b = binary.AppendVarint(e.b, v) }
func (e *encoder) int(v int)        { e.varint(int64(v)) }

func (e *encoder) text(s string) {
	e.uvarint(uint64(len(s)))
	e.b = append(e.b, s...)
}

// bytes keeps apart nil and a slice that is empty.
func (e *encoder) bytes(v []byte) {
	if v == nil {
		e.uvarint(0)
		return
	}
	e.uvarint(uint64(len(v)) + 1)
	e.b = append(e.b, v...)
}

// time writes a time to the millisecond. The zero time takes one byte.
func (e *encoder) time(t time.Time) {
	if t.IsZero() {
		e.uvarint(0)
		return
	}
	ms := t.UnixMilli()
	e.uvarint(uint64(ms)<<1 ^ uint64(ms>>63) + 1)
}

// timesThere returns which of some times are not noTime, a bit each.
func timesThere(times []int64) (there byte) {
	for i, ms := range times {
		if ms != noTime {
			there |= 1 << i
		}
	}
	return there
}

// times writes those of some times that are not noTime, each as the difference to the one before, the first
// to t. It returns the last of them.
func (e *encoder) times(t int64, times []int64) int64 {
	for _, ms := range times {
		if ms != noTime {
			e.varint(ms - t)
			t = ms
		}
	}
	return t
}

// fail keeps the first error.
func (e *encoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// decoder takes values from b. Once a value could not be read, it keeps the error and gives
// zero values. What bytes returns shares the memory of b.
type decoder struct {
	b    []byte
	same string // if not empty, what b is the end of: what text returns shares its memory
	err  error
}

// decode returns a decoder of what follows the version in a value.
func decode(value []byte) decoder {
	d := decoder{b: value}
	if v := d.byte(); d.err == nil && v != version {
		d.fail(errVersion)
	}
	return d
}

// decodeText is decode for a value most of which is text.
func decodeText(value []byte) decoder {
	d := decode(value)
	d.same = string(value)
	return d
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail(errTruncated)
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) uvarint() uint64 {
	if len(d.b) > 0 && d.b[0] < 0x80 {
		return uint64(d.byte())
	}
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.failVarint(n)
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v := d.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (d *decoder) failVarint(n int) {
	if n == 0 {
		d.fail(errTruncated)
	} else {
		d.fail(errRange)
	}
}

func (d *decoder) int() int {
	v := d.varint()
	if v < math.MinInt || v > math.MaxInt {
		d.fail(errRange)
		return 0
	}
	return int(v)
}

// natural reads a number that is not negative and fits an int.
func (d *decoder) natural() int {
	v := d.uvarint()
	if v > math.MaxInt {
		d.fail(errRange)
		return 0
	}
	return int(v)
}

// count reads how many elements follow, each of which takes a byte or more.
func (d *decoder) count() int {
	n := d.natural()
	if n > len(d.b) {
		d.fail(errTruncated)
		return 0
	}
	return n
}

func (d *decoder) take(n uint64) []byte {
	if d.err != nil {
		return nil
	}
	if n > uint64(len(d.b)) {
		d.fail(errTruncated)
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) text() string {
	n := d.uvarint()
	start := len(d.same) - len(d.b)
	b := d.take(n)
	if d.same != "" {
		return d.same[start : start+len(b)]
	}
	return string(b)
}

func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if n == 0 {
		return nil
	}
	return d.take(n - 1)
}

func (d *decoder) time() time.Time {
	v := d.uvarint()
	if v == 0 {
		return time.Time{}
	}
	v--
	return time.UnixMilli(int64(v>>1) ^ -int64(v&1)).UTC()
}

// times reads times of which some are there. There must be no others.
func (d *decoder) times(t int64, there byte, times []int64) int64 {
	if there>>len(times) != 0 {
		d.fail(errRange)
	}
	for i := range times {
		times[i] = noTime
		if there&(1<<i) != 0 {
			t += d.varint()
			times[i] = t
		}
	}
	return t
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err, d.b = err, nil
	}
}

// end returns the decoder's error, or one if not everything has been read.
func (d *decoder) end() error {
	if d.err == nil && len(d.b) > 0 {
		d.err = errTooLong
	}
	return d.err
}

// milliseconds returns a time as it comes back from the store.
func milliseconds(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}

// enum is a type whose values are written as numbers.
type enum interface {
	orchestrator.JobState | orchestrator.NodeState | orchestrator.EventType | orchestrator.StopMode
}

// writeEnum writes the number of a value in the list of all values: the list may grow at its
// end, and must not change otherwise.
func writeEnum[T enum](e *encoder, field string, v T, all []T) {
	for i, known := range all {
		if v == known {
			e.byte(byte(i))
			return
		}
	}
	e.byte(0)
	e.fail(invalid(field, string(v), "is not known"))
}

func readEnum[T enum](d *decoder, all []T) T {
	i := int(d.byte())
	if i >= len(all) {
		d.fail(errRange)
		return ""
	}
	return all[i]
}

// invalid returns the error for a value that the store cannot accept.
func invalid(field string, value any, reason string) error {
	return &orchestrator.InvalidError{Field: field, Value: value, Reason: reason}
}
