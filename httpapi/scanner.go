package httpapi

import "encoding/json"

// scanner goes over a JSON text once, from left to right. The text was checked before it was stored,
// so that finding the values does not take parsing them; in a text that is no JSON some of them may be
// wrong or missing.
type scanner struct {
	text []byte
	at   int
}

// object goes into the object that is next, and reports whether there is one. Until key has said that
// there are no more, each key is to be followed by its value.
func (s *scanner) object() bool {
	if s.next() != '{' {
		return false
	}
	s.at++
	return true
}

// key returns the next key of the object, or false when it has ended.
func (s *scanner) key() (key []byte, more bool) {
	if s.next() == ',' {
		s.at++
	}
	if s.next() != '"' {
		if s.at < len(s.text) {
			s.at++
		}
		return nil, false
	}
	begin := s.at
	end, escaped := stringEnd(s.text, begin)
	s.at = end + 1
	if s.next() != ':' || end == begin {
		s.at = len(s.text)
		return nil, false
	}
	s.at++
	if escaped {
		return unescaped(s.text[begin : end+1]), true
	}
	return s.text[begin+1 : end], true
}

// unescaped returns what a quoted text stands for, or nothing if it is not JSON.
func unescaped(quoted []byte) []byte {
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return nil
	}
	return []byte(text)
}

// value returns the value that is next; nothing at the end of the text.
func (s *scanner) value() []byte {
	c, begin := s.next(), s.at
	switch c {
	case '"':
		end, _ := stringEnd(s.text, s.at)
		s.at = end + 1
	case '{', '[':
		s.skip()
	default:
		for s.at < len(s.text) && !ends(s.text[s.at]) {
			s.at++
		}
	}
	return s.text[begin:s.at]
}

// skip goes behind the object or the array that is next.
func (s *scanner) skip() {
	depth := 0
	for i := s.at; i < len(s.text); i++ {
		switch s.text[i] {
		case '"':
			i, _ = stringEnd(s.text, i)
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				s.at = i + 1
				return
			}
		}
	}
	s.at = len(s.text)
}

// next goes over space, and returns the byte behind it, or 0 at the end.
func (s *scanner) next() byte {
	if s.at < len(s.text) && s.text[s.at] > ' ' { // as mostly; short enough to be inlined
		return s.text[s.at]
	}
	return s.nextBehindSpace()
}

func (s *scanner) nextBehindSpace() byte {
	for ; s.at < len(s.text); s.at++ {
		if c := s.text[s.at]; c > ' ' || !isSpace(c) {
			return c
		}
	}
	return 0
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// ends reports whether a byte comes behind a value that has no end of its own.
func ends(c byte) bool { return c == ',' || c == '}' || c == ']' || c == ':' || isSpace(c) }

// stringEnd returns where the string that starts at a quote ends: at its other quote, or at the last
// byte of the text; and whether there are escapes in it.
func stringEnd(text []byte, at int) (end int, escaped bool) {
	for i := at + 1; i < len(text); {
		if i+8 <= len(text) {
			w := word(text[i:])
			marks := equal(w, '"') | equal(w, '\\')
			if marks == 0 {
				i += 8
				continue
			}
			i += firstMark(marks)
		}
		switch text[i] {
		case '"':
			return i, escaped
		case '\\':
			escaped = true
			i += 2
		default:
			i++
		}
	}
	return len(text) - 1, escaped
}
