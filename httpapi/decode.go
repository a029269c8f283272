package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// object is a JSON object of a request's body. Its keys are matched exactly, those that nobody asks
// for are ignored, and a value that is null counts as one that is missing.
type object struct {
	path    string // of the object within the body, with a dot at its end; "" for the body itself
	members map[string]json.RawMessage
}

// body reads the call's body, which must be a JSON object, whatever the Content-Type says: clients
// that send it as a form have always been understood.
func (h *handler) body(c *call) (object, error) {
	text, err := h.bodyText(c)
	if err != nil {
		return object{}, err
	}
	return parseObject("body", "", text)
}

// bodyText reads the call's body, which must not be empty.
func (h *handler) bodyText(c *call) ([]byte, error) {
	text, err := io.ReadAll(http.MaxBytesReader(c.ResponseWriter, c.r.Body, h.opts.MaxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, tooLarge(h.opts.MaxBody)
	}
	if ctx := c.context(); err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, invalid("body", nil, "could not be read to its end")
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, invalid("body", nil, "must be a JSON object, and is empty")
	}
	return text, nil
}

// tooLarge returns the error for a body of more bytes than the limit.
func tooLarge(limit int64) error {
	return &failure{
		err:     errBodyTooLarge,
		msg:     fmt.Sprintf("body must not have more than %d bytes", limit),
		details: map[string]any{"field": "body", "reason": fmt.Sprintf("must not have more than %d bytes", limit)},
	}
}

// parseObject reads an object: name is what it is called in errors, path what its members' names
// begin with.
func parseObject(name, path string, text []byte) (object, error) {
	o := object{path: path}
	err := json.Unmarshal(text, &o.members)
	if _, syntax := errors.AsType[*json.SyntaxError](err); syntax {
		return o, invalid(name, string(text), "must be a JSON object: "+err.Error())
	}
	if err != nil || o.members == nil {
		return o, invalid(name, json.RawMessage(bytes.TrimSpace(text)), "must be a JSON object")
	}
	return o, nil
}

// get decodes a member into v, a pointer, if it is there. What says in words what v can hold.
func (o object) get(key string, v any, what string) error {
	if text := o.members[key]; o.has(key) && json.Unmarshal(text, v) != nil {
		return invalid(o.path+key, text, "must be "+what)
	}
	return nil
}

// object returns a member that is an object; what is missing is an empty object.
func (o object) object(key string) (object, error) {
	text := o.members[key]
	if text == nil || string(text) == "null" {
		return object{}, nil
	}
	return parseObject(o.path+key, o.path+key+".", text)
}

// strings returns a member that is an array of strings; what is missing is an empty array.
func (o object) strings(key string) ([]string, error) {
	text := o.members[key]
	if !o.has(key) {
		return nil, nil
	}
	if text[0] != '[' {
		return nil, invalid(o.path+key, text, "must be an array of strings")
	}
	var list []string
	if err := json.Unmarshal(text, &list); err != nil || slices.Contains(list, "") { // which a null becomes
		if i, item := firstOther(text); i >= 0 {
			return nil, invalid(fmt.Sprintf("%s%s[%d]", o.path, key, i), item, "must be a string")
		}
	}
	return list, nil
}

// firstOther returns the first item of an array that is no string, and its index, -1 if there is
// none. It looks at one item at a time: the array may be as long as a body.
func firstOther(array []byte) (int, json.RawMessage) {
	d := json.NewDecoder(bytes.NewReader(array))
	_, _ = d.Token() // the array was read before
	for i := 0; d.More(); i++ {
		var item json.RawMessage
		if d.Decode(&item) != nil || item[0] != '"' {
			return i, item
		}
	}
	return -1, nil
}

// reader reads the members of an object one after the other and keeps the first error.
type reader struct {
	object
	err error
}

func (r *reader) read(key string, v any, what string) {
	if r.err == nil {
		r.err = r.get(key, v, what)
	}
}

func (r *reader) string(key string) (s string) {
	r.read(key, &s, "a string")
	return s
}

func (r *reader) bool(key string) (b bool) {
	r.read(key, &b, "a boolean")
	return b
}

func (r *reader) int(key string) (n int) {
	r.read(key, &n, "an integer")
	return n
}

func (r *reader) optionalBool(key string) (b *bool) {
	r.read(key, &b, "a boolean")
	return b
}

func (r *reader) optionalInt(key string) (n *int) {
	r.read(key, &n, "an integer")
	return n
}

// has reports whether a member is there.
func (o object) has(key string) bool {
	text, ok := o.members[key]
	return ok && string(text) != "null"
}
