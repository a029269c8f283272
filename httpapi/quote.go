package httpapi

import (
	"unicode/utf8"
)

// appendQuoted appends s as a JSON string, escaping only what must be escaped.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	b = appendInside(b, s)
	return append(b, '"')
}

// appendInside appends what stands between the quotes of a JSON string.
func appendInside(b []byte, s string) []byte {
	if plain(s) {
		return append(b, s...)
	}
	return appendEscaped(b, s)
}

// plain reports whether s can stand in a JSON string as it is. Of what is not ASCII it does not say so.
func plain(s string) bool {
	for len(s) >= 8 {
		w := word([]byte(s[:8]))
		if (w&highBits | less(w, ' ') | equal(w, '"') | equal(w, '\\')) != 0 {
			return false
		}
		s = s[8:]
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// appendEscaped does what appendInside does, byte by byte.
func appendEscaped(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if ' ' <= c && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		size := 1
		escape := []byte(nil)
		switch {
		case c == '"' || c == '\\':
			escape = []byte{'\\', c}
		case c == '\n':
			escape = []byte(`\n`)
		case c < ' ':
			escape = []byte{'\\', 'u', '0', '0', hex[c>>4], hex[c&0xF]}
		default:
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				escape = []byte("\uFFFD")
			}
		}
		if escape != nil {
			b = append(b, s[start:i]...)
			b = append(b, escape...)
			start = i + size
		}
		i += size
	}
	return append(b, s[start:]...)
}
