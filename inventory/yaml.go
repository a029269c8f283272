package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document reads the one YAML document that there may be; nil if there is none.
func document(text []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil //nolint:nilnil // a file without a document is an inventory without nodes
	case err != nil:
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("must be one YAML document, and nothing behind it")
	}
	return doc.Content[0], nil
}

// wrong returns the error for what stands in a line. It shows a value only if its key is known: what
// else stands in a file by mistake may be a password.
func wrong(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("line %d: %s", n.Line, fmt.Sprintf(format, args...))
}

// keys are what a mapping may hold, each with what reads its value.
type keys map[string]func(value *yaml.Node) error

// read reads a mapping. A key without a value counts as one that is not there.
func (k keys) read(n *yaml.Node, what string) error {
	if n.Kind != yaml.MappingNode {
		return wrong(n, "%s: must be a mapping, not %s", what, kind(n))
	}
	seen := make(map[string]int)
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read, known := k[key.Value]
		if key.Kind != yaml.ScalarNode || !known {
			return wrong(key, "%s: the key %s is not known; there are %s", what, quoted(key.Value), strings.Join(slices.Sorted(maps.Keys(k)), ", "))
		}
		if line, twice := seen[key.Value]; twice {
			return wrong(key, "%s: the key %s is on line %d already", what, quoted(key.Value), line)
		}
		seen[key.Value] = key.Line
		if value.ShortTag() == "!!null" {
			continue
		}
		if err := read(value); err != nil {
			return err
		}
	}
	return nil
}

// list reads a list, item by item.
func list(n *yaml.Node, what string, read func(item *yaml.Node) error) error {
	if n.Kind != yaml.SequenceNode {
		return wrong(n, "%s: must be a list, not %s", what, kind(n))
	}
	for _, item := range n.Content {
		if err := read(item); err != nil {
			return err
		}
	}
	return nil
}

// into returns what reads a value as a text that a check finds nothing wrong with.
func into(to *string, what string, check func(text string) (reason string)) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || n.ShortTag() == "!!binary" {
			return wrong(n, "%s: must be a text, not %s", what, kind(n))
		}
		if reason := check(n.Value); reason != "" {
			return wrong(n, "%s: %s (given: %s)", what, reason, quoted(n.Value))
		}
		*to = n.Value
		return nil
	}
}

// intoPort returns what reads a value as the number of a port.
func intoPort(to *int, what string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		port, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || port < 1 || port > 65535 {
			return wrong(n, "%s: must be a number from 1 to 65535 (given: %s)", what, shown(n))
		}
		*to = port
		return nil
	}
}

// intoBool returns what reads a value as a boolean.
func intoBool(to **bool, what string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		var b bool
		if n.Kind != yaml.ScalarNode || n.Decode(&b) != nil {
			return wrong(n, "%s: must be true or false (given: %s)", what, shown(n))
		}
		*to = &b
		return nil
	}
}

// kind says what a node is, for messages.
func kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case n.ShortTag() == "!!null":
		return "nothing"
	default:
		return "a value of type " + n.ShortTag()
	}
}

// shown returns the value of a node, for messages.
func shown(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		return kind(n)
	}
	return quoted(n.Value)
}

// quoted returns a text in quotes, cut to a length that a message bears.
func quoted(text string) string {
	const limit = 100
	if len(text) > limit {
		return strconv.Quote(strings.ToValidUTF8(text[:limit], "")) + "…"
	}
	return strconv.Quote(text)
}
