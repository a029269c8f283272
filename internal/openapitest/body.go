package openapitest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// check checks a body. Of one that was cut, what is complete in it is checked.
func (m *media) check(mediaType string, e *Exchange) error {
	switch mediaType {
	case "text/event-stream":
		return eachPart(e, "\n\n", m.once(m.checkEvent))
	case "application/x-ndjson":
		return eachPart(e, "\n", m.once(m.checkLine))
	}
	if e.Cut {
		return nil
	}
	text, err := e.text()
	if err == nil {
		_, err = validated(m.schema, text)
	}
	return err
}

// text returns the body as it was before it was compressed.
func (e *Exchange) text() (string, error) {
	if e.Header.Get("Content-Encoding") != "gzip" {
		return string(e.Body), nil
	}
	r, err := gzip.NewReader(bytes.NewReader(e.Body))
	if err != nil {
		return "", fmt.Errorf("body: %w", err)
	}
	r.Multistream(false) // not every client reads more than one
	text, err := io.ReadAll(r)
	if err != nil {
		return "", fmt.Errorf("body: %w", err)
	}
	return string(text), nil
}

// eachPart calls check with each part of a body. A part that has no end is one too few, unless there
// was nobody to send it to.
func eachPart(e *Exchange, end string, check func(string) error) error {
	for rest := e.Body; len(rest) > 0; {
		part, after, complete := bytes.Cut(rest, []byte(end))
		rest = after
		if !complete {
			if e.Cut || e.gone() {
				return nil
			}
			return fmt.Errorf("it ends within %.500s", part)
		}
		if err := check(string(part)); err != nil {
			return err
		}
	}
	return nil
}

// once returns a check that passes what has passed before: a crowd of watchers is sent the same.
func (m *media) once(check func(string) error) func(string) error {
	return func(text string) error {
		if _, ok := m.passed.Load(text); ok {
			return nil
		}
		err := check(text)
		if err == nil {
			m.passed.Store(text, true)
		}
		return err
	}
}

// checkLine checks a line, which may be empty.
func (m *media) checkLine(text string) error {
	if text == "" {
		return nil
	}
	_, err := validated(m.item, text)
	return err
}

// checkEvent checks a server-sent event, whose fields repeat what its data say.
func (m *media) checkEvent(text string) error {
	fields := make(map[string]string)
	for line := range strings.SplitSeq(text, "\n") {
		name, value, ok := strings.Cut(line, ": ")
		switch {
		case line == ":":
		case !ok || name != "id" && name != "event" && name != "data" && name != "retry" || fields[name] != "":
			return fmt.Errorf("%q is no field of an event: %.500s", line, text)
		default:
			fields[name] = value
		}
	}
	if fields["data"] == "" {
		if fields["event"] != "" {
			return errors.New("an event without data: " + text)
		}
		return nil
	}
	value, err := validated(m.item, fields["data"])
	if err != nil {
		return err
	}
	event, _ := value.(map[string]any)
	id := event["position"]
	if id == nil {
		id = event["id"]
	}
	if fields["id"] != id || fields["event"] != event["type"] {
		return fmt.Errorf("an event whose fields are not those of its data: %.500s", text)
	}
	return nil
}

// validated returns the value that a text is, and what is wrong with it.
func validated(schema *jsonschema.Schema, text string) (any, error) {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		return nil, fmt.Errorf("%.2000s: %w", text, err)
	}
	return value, nil
}
