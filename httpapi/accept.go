package httpapi

import (
	"strconv"
	"strings"
)

// form is how a client is told of events.
type form int

// The forms.
const (
	asList   form = iota // one JSON object with a list, as it has always been
	asStream             // server-sent events
	asLines              // a JSON object a line
)

// mediaTypes are the names of the forms.
var mediaTypes = [...]string{asList: "application/json", asStream: "text/event-stream", asLines: "application/x-ndjson"}

// wish is how much a client wants a form.
type wish struct {
	q     float64 // from 0, not at all, to 1
	named bool    // it was asked for by its name
}

// form returns the form that the client wants most. Among equals one that it names comes first, then
// the list. A wildcard means the list, and so does whatever is not understood: clients of the
// original API send all sorts of things, and have always been sent JSON.
func (c *call) form() form {
	var wishes [len(mediaTypes)]wish
	for part := range strings.SplitSeq(strings.Join(c.r.Header.Values("Accept"), ","), ",") {
		name, q := accepted(part)
		for f, mediaType := range mediaTypes {
			named := strings.EqualFold(name, mediaType)
			if named || form(f) == asList && strings.HasSuffix(name, "/*") {
				wishes[f].add(wish{q, named})
			}
		}
	}
	best := asList
	for _, f := range []form{asStream, asLines} {
		if wishes[f].q > 0 && wishes[best].less(wishes[f]) {
			best = f
		}
	}
	return best
}

// add notes another wish for the same form: what is said by name goes before what a wildcard says.
func (w *wish) add(other wish) {
	if other.named || !w.named {
		*w = other
	}
}

func (w wish) less(other wish) bool {
	return w.q < other.q || w.q == other.q && !w.named && other.named
}

// accepted reads one part of an Accept header: a media type and its weight, 0 if that cannot be read.
func accepted(part string) (mediaType string, q float64) {
	mediaType, params, _ := strings.Cut(part, ";")
	q = 1
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || !(n >= 0 && n <= 1) {
			n = 0
		}
		q = n
	}
	return strings.TrimSpace(mediaType), q
}
