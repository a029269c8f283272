package puppet

import (
	"errors"
	"fmt"
	"strings"
)

// typeExpr is a type of the Puppet language as it is written: a name, and what stands in brackets
// behind it.
type typeExpr struct {
	name string
	args []typeArg
}

// typeArg is one of the things in a type's brackets; what it is, is told by the one field that is set.
type typeArg struct {
	typ     *typeExpr
	text    *string // a string
	pattern *string // a regular expression
	bare    string  // a number, true, false or default
	members []typeMember
}

// typeMember is a member of a Struct.
type typeMember struct {
	key   typeArg
	value typeExpr
}

// maxTypeDepth is how deeply types may be nested.
const maxTypeDepth = 50

var errType = errors.New("it is not written as the Puppet language has it")

// typeReader reads a type. Its first error stays.
type typeReader struct {
	rest  string
	depth int
	err   error
}

// readType reads the text of a type.
func readType(text string) (typeExpr, error) {
	r := &typeReader{rest: text}
	t := r.typ()
	if r.space(); r.rest != "" {
		r.fail()
	}
	if r.err != nil {
		return typeExpr{}, fmt.Errorf("%.100q: %w", text, r.err)
	}
	return t, nil
}

func (r *typeReader) fail() {
	if r.err == nil {
		r.err = errType
	}
	r.rest = ""
}

func (r *typeReader) space() { r.rest = strings.TrimLeft(r.rest, " \t\r\n") }

// accept consumes a token if it comes next.
func (r *typeReader) accept(token string) bool {
	r.space()
	rest, ok := strings.CutPrefix(r.rest, token)
	if ok {
		r.rest = rest
	}
	return ok
}

func (r *typeReader) expect(token string) {
	if !r.accept(token) {
		r.fail()
	}
}

// word consumes what comes before the first byte that cannot be in a word.
func (r *typeReader) word() string {
	r.space()
	end := 0
	for end < len(r.rest) && only(r.rest[end:end+1], "_:.+-") {
		end++
	}
	word := r.rest[:end]
	r.rest = r.rest[end:]
	return word
}

func (r *typeReader) typ() typeExpr {
	t := typeExpr{name: r.word()}
	if t.name == "" || t.name[0] < 'A' || t.name[0] > 'Z' {
		r.fail()
	}
	if !r.accept("[") {
		return t
	}
	if r.depth++; r.depth > maxTypeDepth {
		r.fail()
	}
	for r.err == nil && !r.accept("]") {
		t.args = append(t.args, r.arg())
		if !r.accept(",") {
			r.expect("]")
			break
		}
	}
	r.depth--
	return t
}

func (r *typeReader) arg() typeArg {
	r.space()
	switch {
	case r.rest == "":
		r.fail()
		return typeArg{}
	case r.rest[0] == '\'' || r.rest[0] == '"':
		text := r.quoted(r.rest[0])
		return typeArg{text: &text}
	case r.rest[0] == '/':
		text := r.quoted('/')
		return typeArg{pattern: &text}
	case r.rest[0] == '{':
		return typeArg{members: r.members()}
	case 'A' <= r.rest[0] && r.rest[0] <= 'Z':
		t := r.typ()
		return typeArg{typ: &t}
	}
	bare := r.word()
	if bare == "" {
		r.fail()
	}
	return typeArg{bare: bare}
}

// quoted consumes a text between two of the same quotes. A backslash keeps the quote that follows from
// ending it; of a regular expression all others stay as they are.
func (r *typeReader) quoted(quote byte) string {
	var text strings.Builder
	for i := 1; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case c == quote:
			r.rest = r.rest[i+1:]
			return text.String()
		case c == '\\' && i+1 < len(r.rest):
			i++
			if next := r.rest[i]; quote == '/' && next != '/' || quote != '/' && next != quote && next != '\\' {
				text.WriteByte(c)
			}
			text.WriteByte(r.rest[i])
		default:
			text.WriteByte(c)
		}
	}
	r.fail()
	return ""
}

// members consumes the members of a Struct.
func (r *typeReader) members() []typeMember {
	r.expect("{")
	all := []typeMember{}
	for r.err == nil && !r.accept("}") {
		key := r.arg()
		if key.bare != "" {
			key.text = &key.bare
		}
		r.expect("=>")
		all = append(all, typeMember{key: key, value: r.typ()})
		if !r.accept(",") {
			r.expect("}")
			break
		}
	}
	return all
}
