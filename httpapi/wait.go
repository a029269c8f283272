package httpapi

import (
	"math"
	"strconv"
	"time"
)

// wait returns how long the client wants to wait for events, at most limit: 0 if it does not.
func (p params) wait(limit time.Duration) (time.Duration, error) {
	text, given, err := p.get("wait")
	if !given || err != nil {
		return 0, err
	}
	d, ok := parseWait(text)
	switch {
	case !ok:
		return 0, invalid("wait", text, "must be a duration, as in 30s, or a number of seconds")
	case d < 0:
		return 0, invalid("wait", text, "must not be negative")
	}
	return min(d, limit), nil
}

// parseWait reads a number of seconds, or a duration with its unit.
func parseWait(text string) (time.Duration, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		const most = math.MaxInt64 / int64(time.Second)
		return time.Duration(max(-most, min(n, most))) * time.Second, text[0] != '+'
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}

// resumed returns the position behind the event that the client says it has seen last, and whether
// it says so. Browsers do when they connect again.
func (c *call) resumed() (next int64, given bool, err error) {
	text := c.r.Header.Get("Last-Event-ID")
	if text == "" {
		return 0, false, nil
	}
	last, err := parseInt("Last-Event-ID", text)
	if err != nil {
		return 0, false, err
	}
	return max(min(last, math.MaxInt64-1)+1, 1), true, nil
}
