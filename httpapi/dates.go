package httpapi

import "time"

// The layouts of times on the wire. Clients parse times of jobs, nodes and events with a pattern
// that has no fraction of a second; only an owner's last login was recorded with milliseconds.
const (
	secondLayout = time.RFC3339 // of a time in UTC: 2006-01-02T15:04:05Z
	milliLayout  = "2006-01-02T15:04:05.000Z"

	dayLayout = "2006-01-02T"
)

const (
	secondsADay = 24 * 60 * 60
	year10000   = 253402300800 // its beginning, in seconds since 1970; from then on a year has five digits
)

// dates appends times in the secondLayout. It keeps the text of the latest day, since the times that
// are written after each other are mostly of one.
type dates struct {
	next int64 // the day behind that one, as its number since 1970; 0 while there is none
	text [len(dayLayout)]byte
}

func (d *dates) append(b []byte, t time.Time) []byte {
	seconds := t.Unix()
	if seconds < 0 || seconds >= year10000 {
		return t.UTC().AppendFormat(b, secondLayout)
	}
	if next := seconds/secondsADay + 1; next != d.next {
		d.next = next
		t.UTC().AppendFormat(d.text[:0], dayLayout)
	}
	b = append(b, d.text[:]...)
	clock := int(seconds % secondsADay)
	h, m, s := clock/3600, clock/60%60, clock%60
	return append(b, tens(h), ones(h), ':', tens(m), ones(m), ':', tens(s), ones(s), 'Z')
}

// tens and ones return the two digits of a number that is less than 100.
func tens(n int) byte { return byte('0' + n/10) }
func ones(n int) byte { return byte('0' + n%10) }
