package httpapi

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// encoder appends compact JSON text to a buffer. It puts the commas; the caller nests objects and
// arrays rightly, and writes a key before each value in an object. It exists because a list of
// 100,000 nodes is encoded item by item, straight from the domain types.
type encoder struct {
	buf   []byte
	comma bool // the next key or value comes after another one
	dates dates
}

func (e *encoder) separate() {
	if e.comma {
		e.buf = append(e.buf, ',')
	}
}

// open begins an object or an array: c is '{' or '['.
func (e *encoder) open(c byte) {
	e.separate()
	e.buf = append(e.buf, c)
	e.comma = false
}

// close ends an object or an array: c is '}' or ']'.
func (e *encoder) close(c byte) {
	e.buf = append(e.buf, c)
	e.comma = true
}

// literal appends text that is the same in every answer: the keys of an object, with the commas, quotes
// and colons about them, and values that never change. A value may follow it.
func (e *encoder) literal(text string) {
	e.buf = append(e.buf, text...)
	e.comma = false
}

// key appends a key. The name is one of the API's own, and needs no escapes.
func (e *encoder) key(name string) {
	e.separate()
	e.buf = append(e.buf, '"')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, '"', ':')
	e.comma = false
}

func (e *encoder) null() {
	e.separate()
	e.buf = append(e.buf, "null"...)
	e.comma = true
}

func (e *encoder) bool(b bool) {
	e.separate()
	e.buf = strconv.AppendBool(e.buf, b)
	e.comma = true
}

func (e *encoder) int(n int64) {
	e.separate()
	e.buf = strconv.AppendInt(e.buf, n, 10)
	e.comma = true
}

// intString appends a number as a string, as ids are written.
func (e *encoder) intString(n int64) {
	e.separate()
	e.buf = append(e.buf, '"')
	e.buf = strconv.AppendInt(e.buf, n, 10)
	e.buf = append(e.buf, '"')
	e.comma = true
}

// seconds appends a duration as a number of seconds, to the millisecond and always with a
// fraction, so that no reader takes it for an integer: 0.099, 7.767, 60.0. What is negative, because
// a clock was put back, counts as nothing.
func (e *encoder) seconds(d time.Duration) {
	e.separate()
	ms := max(d, 0).Milliseconds()
	e.buf = strconv.AppendInt(e.buf, ms/1000, 10)
	e.buf = append(e.buf, '.', byte('0'+ms/100%10))
	if ms%100 != 0 {
		e.buf = append(e.buf, byte('0'+ms/10%10))
		if ms%10 != 0 {
			e.buf = append(e.buf, byte('0'+ms%10))
		}
	}
	e.comma = true
}

// time appends a time to the second, or null for the zero time.
func (e *encoder) time(t time.Time) {
	if t.IsZero() {
		e.null()
		return
	}
	e.separate()
	e.buf = append(e.buf, '"')
	e.buf = e.dates.append(e.buf, t)
	e.buf = append(e.buf, '"')
	e.comma = true
}

func (e *encoder) formatted(t time.Time, layout string) {
	if t.IsZero() {
		e.null()
		return
	}
	e.separate()
	e.buf = append(e.buf, '"')
	e.buf = t.UTC().AppendFormat(e.buf, layout)
	e.buf = append(e.buf, '"')
	e.comma = true
}

// raw appends JSON text as it is, save that what is not UTF-8 in it is replaced.
func (e *encoder) raw(text json.RawMessage) {
	e.valid(validText(text))
}

// valid appends JSON text that is known to be UTF-8, as it is.
func (e *encoder) valid(text []byte) {
	e.separate()
	e.buf = append(e.buf, text...)
	e.comma = true
}

// validText returns the text, in which what is not UTF-8 is replaced.
func validText(text []byte) []byte {
	if utf8.Valid(text) {
		return text
	}
	return bytes.ToValidUTF8(text, []byte("\uFFFD"))
}

// string appends a string. What is not UTF-8 in it is replaced.
func (e *encoder) string(s string) {
	e.separate()
	e.buf = appendQuoted(e.buf, s)
	e.comma = true
}

// sentence appends a sentence as a string.
func (e *encoder) sentence(s *sentence) {
	e.separate()
	e.buf = append(e.buf, '"')
	for _, part := range s {
		e.buf = appendInside(e.buf, part)
	}
	e.buf = append(e.buf, '"')
	e.comma = true
}

func (e *encoder) strings(list []string) {
	e.open('[')
	for _, s := range list {
		e.string(s)
	}
	e.close(']')
}

func (e *encoder) ints(list []int) {
	e.open('[')
	for _, n := range list {
		e.int(int64(n))
	}
	e.close(']')
}
