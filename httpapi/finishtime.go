package httpapi

import "time"

// finishedFrom and finishedTo read the bounds of the time at which jobs ended, both inclusive. What
// they are compared with is the time as jobs show it, cut to the second: a job that shows a time is
// found by a bound that says the same time, whatever part of a second is hidden in it.
func (p params) finishedFrom() (time.Time, error) {
	t, err := p.time("min_finish_timestamp")
	if err != nil || t.IsZero() {
		return t, err
	}
	return t.Add(time.Second - 1).Truncate(time.Second), nil
}

func (p params) finishedTo() (time.Time, error) {
	t, err := p.time("max_finish_timestamp")
	if err != nil || t.IsZero() {
		return t, err
	}
	return t.Truncate(time.Second).Add(time.Second - time.Millisecond), nil
}

// time returns a parameter that is a time, or the zero time if it was not given. Before 1970 no job
// has ended.
func (p params) time(name string) (time.Time, error) {
	value, given, err := p.get(name)
	if !given || err != nil {
		return time.Time{}, err
	}
	t, err := parseTime(value)
	if err != nil {
		return time.Time{}, invalid(name, value, "must be a time in UTC, as in 2026-11-24T16:07:00Z")
	}
	if epoch := time.Unix(0, 0).UTC(); t.Before(epoch) {
		return epoch, nil
	}
	return t, nil
}

// parseTime reads a time of RFC 3339. The plus of an offset may have become a blank, as it does when
// it is put into a query without being escaped.
func parseTime(text string) (time.Time, error) {
	if sign := len(text) - len("+00:00"); sign > 0 && text[sign] == ' ' {
		text = text[:sign] + "+" + text[sign+1:]
	}
	t, err := time.Parse(time.RFC3339, text)
	return t.UTC(), err
}
