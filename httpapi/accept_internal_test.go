package httpapi

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func accepting(values ...string) *call {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header["Accept"] = values
	return &call{r: r}
}

func TestForm(t *testing.T) {
	for accept, want := range map[string]form{
		"":                         asList,
		"*/*":                      asList,
		"text/html":                asList,
		"application/json":         asList,
		"text/event-stream":        asStream,
		"TEXT/Event-Stream":        asStream,
		" text/event-stream ;q=1 ": asStream,
		"text/event-stream; charset=utf-8; q=0.1":              asStream,
		"application/x-ndjson":                                 asLines,
		"application/x-ndjson, text/event-stream":              asStream,
		"application/x-ndjson, text/event-stream;q=0.9":        asLines,
		"text/event-stream, application/json":                  asList,
		"text/event-stream, application/json;q=0.9":            asStream,
		"application/json, text/plain, */*":                    asList,
		"text/event-stream, */*":                               asStream,
		"*/*, text/event-stream":                               asStream,
		"text/event-stream;q=0.5, */*":                         asList,
		"text/event-stream, */*;q=0.1":                         asStream,
		"text/event-stream;q=0.5, application/json;q=0.1, */*": asStream,
		"text/*":                  asList,
		"text/event-stream;q=0":   asList,
		"text/event-stream;q=2":   asList,
		"text/event-stream;q=NaN": asList,
		"text/event-stream;q=, application/x-ndjson;q=-1":         asList,
		"application/json;q=0, application/x-ndjson;q=0.001":      asLines,
		"application/json;q=0":                                    asList,
		",,;q=1,text/event-stream":                                asStream,
		"text/event-stream+x":                                     asList,
		"application/xhtml+xml, text/event-stream;q=0.3, */*;q=0": asStream,
	} {
		assert.Equal(t, want, accepting(accept).form(), accept)
	}
	assert.Equal(t, asLines, accepting("application/json;q=0.5", "application/x-ndjson").form(), "two headers")
	assert.Equal(t, asList, (&call{r: httptest.NewRequest(http.MethodGet, "/", nil)}).form())
}

// Whatever is accepted, what is sent is one of the three, and JSON if neither of the others is named.
func FuzzAccept(f *testing.F) {
	for _, accept := range []string{"", "*/*", "text/event-stream;q=0.5, */*;q=0.1", "application/x-ndjson;a=\"b,c\";q=1e-1", ";;,q=q"} {
		f.Add(accept)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		got := accepting(accept).form()
		if got < asList || got > asLines {
			t.Fatal(got)
		}
		if name, q := accepted(accept); !(q >= 0 && q <= 1) {
			t.Errorf("%q: weight %v of %q", accept, q, name)
		}
	})
}

func TestParseWait(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "30": 30 * time.Second, "30s": 30 * time.Second, "1m30s": 90 * time.Second, "250ms": 250 * time.Millisecond, "-1": -time.Second,
		"9223372036854775807": 9223372036 * time.Second, "-9223372036854775808": -9223372036 * time.Second,
	} {
		d, ok := parseWait(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, d, text)
	}
	for _, text := range []string{"", "s", "+5", "1.5", "30 s", "99999999999999999999", "NaN", "forever"} {
		_, ok := parseWait(text)
		assert.False(t, ok, text)
	}
}

func FuzzWait(f *testing.F) {
	for _, text := range []string{"", "30", "30s", "-1ns", "1e9", "9999999h", "0x1p-2s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := params{"wait": {text}}.wait(time.Minute)
		if d < 0 || d > time.Minute || err != nil && d != 0 {
			t.Errorf("%q: %v, %v", text, d, err)
		}
	})
}
