package orchestrator

import (
	"bytes"
	"strconv"
)

// maxDepth is how deeply JSON may be nested that goes out to clients. Some cannot read more than
// 100 levels, of which the answer around it takes a few.
const maxDepth = 64

// portable reports whether a valid JSON text can be read by clients in any language: it is not
// nested too deeply, and its numbers are not too great for a float.
func portable(text []byte) bool {
	_, portable := look(text)
	return portable
}

// look reports whether a valid JSON text has blanks between its parts, and whether it is portable.
func look(text []byte) (blanks, portable bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			i = stringEnd(text, i)
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			blanks = true
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return blanks, false
			}
		case c == '}' || c == ']':
			depth--
		case c == '-' || '0' <= c && c <= '9':
			end := numberEnd(text, i)
			if tooGreat(text[i:end]) {
				return blanks, false
			}
			i = end - 1
		}
	}
	return blanks, true
}

// tooGreat reports whether a number is too great for a float.
func tooGreat(number []byte) bool {
	if len(number) < 300 && !bytes.ContainsAny(number, "eE") {
		return false
	}
	_, err := strconv.ParseFloat(string(number), 64)
	return err != nil
}

// stringEnd returns the index of the quote that ends the string which begins at i.
func stringEnd(text []byte, i int) int {
	quote := i // the next one from the new i on, unless it is before that
	for i++; ; {
		if quote < i {
			n := bytes.IndexByte(text[i:], '"')
			if n < 0 {
				return len(text)
			}
			quote = i + n
		}
		escape := bytes.IndexByte(text[i:quote], '\\')
		if escape < 0 {
			return quote
		}
		i += escape + len(`\"`)
	}
}

// numberEnd returns the index behind the number that begins at i.
func numberEnd(text []byte, i int) int {
	for i < len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
			i++
		default:
			return i
		}
	}
	return i
}
