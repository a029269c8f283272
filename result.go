package orchestrator

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// keptResult returns what is kept of a run's result: nil, or the compact JSON text of an object
// of not much more than limit bytes that every client can read.
func keptResult(text []byte, limit int) json.RawMessage {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	if len(text) <= limit && utf8.Valid(text) {
		if object := compactObject(text); object != nil {
			return object
		}
	}
	return textResult(text, limit)
}

// compactObject returns the text of a JSON object without the blanks between its parts, nil if text
// is not that of an object, or of one that not every client can read.
func compactObject(text []byte) json.RawMessage {
	if text = bytes.Trim(text, " \t\r\n"); len(text) == 0 || text[0] != '{' || !json.Valid(text) {
		return nil
	}
	blanks, portable := look(text)
	if !portable {
		return nil
	}
	if !blanks { // as most are
		return bytes.Clone(text)
	}
	var b bytes.Buffer
	b.Grow(len(text))
	if json.Compact(&b, text) != nil {
		return nil
	}
	return b.Bytes()
}

// textResult returns an object that holds text, or the first part of it, as a string.
func textResult(text []byte, limit int) json.RawMessage {
	truncated := len(text) > limit
	kept := text[:min(len(text), limit)]
	for {
		quoted := quote(strings.ToValidUTF8(string(kept), "\uFFFD"))
		if len(quoted) <= limit+len(`""`) {
			return outputObject(quoted, truncated)
		}
		// Escapes make the text longer than it was.
		truncated = true
		kept = kept[:len(kept)*limit/len(quoted)]
	}
}

func outputObject(quoted []byte, truncated bool) json.RawMessage {
	b := append([]byte(`{"_output":`), quoted...)
	if truncated {
		b = append(b, `,"_truncated":true`...)
	}
	return append(b, '}')
}

// quote returns s as the text of a JSON string.
func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return []byte(`""`) // a string always can be encoded
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

const maxMessage = 1000

// keptMessage returns what is kept of a message: one line of valid text.
func keptMessage(s string) string {
	cut := len(s) > maxMessage
	s = strings.ToValidUTF8(s[:min(len(s), maxMessage)], "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.TrimSpace(s))
	if cut {
		s += "…"
	}
	return s
}
