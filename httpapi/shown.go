package httpapi

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// maxShown is how many bytes of a value that cannot be accepted are shown in the error.
const maxShown = 100

// bounded returns a value that came with a request as JSON text of not much more than maxShown
// bytes. What is longer is cut, and becomes a string that ends with an ellipsis.
func bounded(value any) json.RawMessage {
	if d, ok := value.(time.Duration); ok {
		value = d.Seconds()
	}
	if s, ok := value.(string); ok {
		return marshal(cut(s))
	}
	text := marshal(value)
	if len(text) > maxShown {
		text = marshal(cut(string(text)))
	}
	return text
}

// cut returns the first maxShown bytes of a string, marked where something is missing.
func cut(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "…"
}

// marshal returns the compact JSON text of a value, or null if it has none.
func marshal(value any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
