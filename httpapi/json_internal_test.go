package httpapi

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func encoded(do func(*encoder)) string {
	var e encoder
	do(&e)
	return string(e.buf)
}

func TestEncoder(t *testing.T) {
	got := encoded(func(e *encoder) {
		e.open('{')
		e.key("a")
		e.open('[')
		e.int(-1)
		e.bool(true)
		e.null()
		e.intString(7)
		e.open('{')
		e.close('}')
		e.open('[')
		e.close(']')
		e.raw(json.RawMessage("\"\xff\""))
		e.close(']')
		e.key("b")
		e.string("x\xffy")
		e.key("c")
		e.time(time.Date(2016, 11, 30, 6, 55, 3, 999e6, time.FixedZone("", 7200)))
		e.key("d")
		e.time(time.Time{})
		e.close('}')
	})
	want := `{"a":[-1,true,null,"7",{},[],"` + "\uFFFD" + `"],"b":"x` + "\uFFFD" + `y","c":"2016-11-30T04:55:03Z","d":null}`
	assert.Equal(t, want, got)
}

func TestEncodeSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                         "0.0",
		-time.Hour:                "0.0",
		99 * time.Millisecond:     "0.099",
		7767 * time.Millisecond:   "7.767",
		1500 * time.Millisecond:   "1.5",
		1050 * time.Millisecond:   "1.05",
		time.Minute:               "60.0",
		1999999 * time.Nanosecond: "0.001",
	} {
		assert.Equal(t, want, encoded(func(e *encoder) { e.seconds(d) }), d)
	}
}

// Strings are what encoding/json makes of them, or mean the same.
func FuzzQuoted(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\\x00\x1f\x7f\n\r\t", "<b>&\u2028", "é\xff\xed\xa0\x80 ", "\uFFFD"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		text := appendQuoted(nil, s)
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if want := string([]rune(s)); got != want {
			t.Errorf("%q became %q", want, got)
		}
	})
}

// The members of an object are those that encoding/json finds. What is stored is valid UTF-8; of
// anything else it is enough that nothing breaks.
func FuzzScanner(f *testing.F) {
	for _, text := range []string{
		`{}`, ` { "a" : 1 , "b":[{"c":"}\""}] } `, `{"a\u0062":"x","metrics":{"total":3},"e":-1.5e3,"n":null}`, `{"":""}`, `[]`, `{"a`, `{"a":`, `{"a":"\`, `}`, `{"a":]}`, `"`,
		`{"a long key of more than a word":"a long value with an \"escape\" in it","and":{"one":["more",{"x":"}"}]}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := map[string]string{}
		s := scanner{text: []byte(text)}
		for more := s.object(); more; {
			var key []byte
			if key, more = s.key(); more {
				got[string(key)] = string(s.value())
			}
		}
		runOf([]byte(text))
		var want map[string]json.RawMessage
		if !utf8.ValidString(text) || !strings.HasPrefix(strings.TrimSpace(text), "{") || json.Unmarshal([]byte(text), &want) != nil {
			return
		}
		if len(got) != len(want) {
			t.Fatalf("%q: found %q, want %q", text, got, want)
		}
		for key, value := range want {
			if got[key] != string(value) {
				t.Errorf("%q: found %q for %q, want %q", text, got[key], key, value)
			}
		}
	})
}

func TestRunOf(t *testing.T) {
	r := runOf([]byte(`{"metrics":{"total":3,"failed":1.5,"changed":"2","skipped":-1,"other":9},"report-url":7,"hash":"h","environment":null}`))
	assert.Equal(t, `"h"`, string(r.hash))
	assert.Nil(t, r.reportURL, "not a string")
	assert.Nil(t, r.environment)
	assert.Equal(t, `{"total":3,"changed":0,"corrective_change":0,"failed":0,"failed_to_restart":0,"out_of_sync":0,"restarted":0,"scheduled":0,"skipped":-1}`,
		encoded(func(e *encoder) { e.metrics(&r.counters) }))
}
