package orchestrator

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestKeptResult(t *testing.T) {
	for name, test := range map[string]struct{ given, want string }{
		"nothing":       {"", ""},
		"blank":         {" \n", ""},
		"object":        {` {"a" : [1, 2]}` + "\n", `{"a":[1,2]}`},
		"text":          {"hello <b>", `{"_output":"hello <b>"}`},
		"blanks":        {"{\t\"a b\\\" c\" :\r\n[ ] }", `{"a b\" c":[]}`},
		"compact":       {`{"a b\" c":"\\","d":[]}`, `{"a b\" c":"\\","d":[]}`},
		"other blanks":  {"{\"a\":\u00a0[]}", "{\"_output\":\"{\\\"a\\\":\u00a0[]}\"}"},
		"many digits":   {`{"a":` + strings.Repeat("9", 80) + `}`, `{"a":` + strings.Repeat("9", 80) + `}`},
		"array":         {"[1]", `{"_output":"[1]"}`},
		"number":        {"1", `{"_output":"1"}`},
		"half":          {`{"a":`, `{"_output":"{\"a\":"}`},
		"not UTF-8":     {"a\xffb", `{"_output":"a` + "\uFFFD" + `b"}`},
		"in the object": {"{\"a\":\"\xff\"}", `{"_output":"{\"a\":\"` + "\uFFFD" + `\"}"}`},
		"too deep":      {strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65), `{"_output":"` + strings.Repeat(`{\"a\":`, 14) + `","_truncated":true}`},
		"too great":     {`{"a":1e999}`, `{"_output":"{\"a\":1e999}"}`},
		"deep in text":  {`{"a":"` + strings.Repeat("[", 70) + `\"{","b":-1.5e3}`, `{"a":"` + strings.Repeat("[", 70) + `\"{","b":-1.5e3}`},
		"too long":      {strings.Repeat("x", 101), `{"_output":"` + strings.Repeat("x", 100) + `","_truncated":true}`},
		"escapes":       {strings.Repeat("\x00", 100), `{"_output":"` + strings.Repeat(`\u0000`, 16) + `","_truncated":true}`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := string(keptResult([]byte(test.given), 100)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestNumbersThatAreTooGreat(t *testing.T) {
	for number, want := range map[string]bool{
		"0": false, "-1.5": false, "1e308": false, "-1E309": true, "1e999": true,
		strings.Repeat("9", 308): false, strings.Repeat("9", 309): true, "-" + strings.Repeat("9", 400): true,
	} {
		if got := !portable([]byte(`{"a":[` + number + `]}`)); got != want {
			t.Errorf("%s is too great: %t, want %t", number, got, want)
		}
	}
}

func FuzzKeptResult(f *testing.F) {
	f.Add([]byte(`{"a":1}`), uint16(100))
	f.Add([]byte("\x00\"\\\u2028"), uint16(3))
	f.Fuzz(func(t *testing.T, text []byte, limit uint16) {
		got := keptResult(text, int(limit))
		if got == nil {
			return
		}
		var object map[string]any
		if err := json.Unmarshal(got, &object); err != nil || !utf8.Valid(got) {
			t.Fatalf("%q became %q: %v", text, got, err)
		}
		if len(got) > int(limit)+len(`{"_output":"","_truncated":true}`) {
			t.Fatalf("%d bytes kept with a limit of %d", len(got), limit)
		}
		if again := keptResult(got, len(got)); string(again) != string(got) {
			t.Fatalf("%q became %q", got, again)
		}
	})
}

// BenchmarkKeptResult looks at results of a kind: without escapes, with lines of 80 characters, and of
// nothing but escapes.
func BenchmarkKeptResult(b *testing.B) {
	for name, text := range map[string]string{
		"plain":   strings.Repeat("x", 1<<16),
		"lines":   strings.Repeat(strings.Repeat("x", 79)+`\n`, 1<<16/81),
		"escapes": strings.Repeat(`\n`, 1<<15),
	} {
		b.Run(name, func(b *testing.B) {
			result := []byte(`{"_output":"` + text + `"}`)
			b.SetBytes(int64(len(result)))
			for b.Loop() {
				if keptResult(result, 1<<20) == nil {
					b.Fatal("it is not kept")
				}
			}
		})
	}
}
