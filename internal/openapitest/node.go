package openapitest

import (
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// documentURL is what the document is called while its schemas are compiled.
const documentURL = "https://example.com/openapi.json"

// loader reads a document, and keeps what is wrong with it.
type loader struct {
	compiler *jsonschema.Compiler
	root     node
	errs     []error
}

// node is a value in a document. The zero value of value is one that is not there.
type node struct {
	l       *loader
	pointer string
	value   any
}

// at returns a member of an object, or what the member refers to.
func (n node) at(key string) node {
	object, _ := n.value.(map[string]any)
	return n.below(key, object[key]).followed()
}

func (n node) below(key string, value any) node {
	token := strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
	return node{n.l, n.pointer + "/" + token, value}
}

// followed returns what a node refers to, if it is a reference and nothing else.
func (n node) followed() node {
	object, _ := n.value.(map[string]any)
	ref, ok := object["$ref"].(string)
	if !ok || len(object) > 1 {
		return n
	}
	target := n.l.root
	for token := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		target = target.at(token)
	}
	if target.value == nil {
		n.l.errs = append(n.l.errs, fmt.Errorf("%s: %s leads nowhere", n.pointer, ref))
	}
	return target
}

func (n node) members() iter.Seq2[string, node] {
	return func(yield func(string, node) bool) {
		object, _ := n.value.(map[string]any)
		for key := range object {
			if !yield(key, n.at(key)) {
				return
			}
		}
	}
}

func (n node) items() iter.Seq[node] {
	return func(yield func(node) bool) {
		list, _ := n.value.([]any)
		for i, v := range list {
			if !yield(n.below(strconv.Itoa(i), v).followed()) {
				return
			}
		}
	}
}

func (n node) string() string {
	s, _ := n.value.(string)
	return s
}

// schema returns the schema that a node is, or nil if there is none.
func (n node) schema() *jsonschema.Schema {
	if n.value == nil {
		return nil
	}
	fragment := (&url.URL{Fragment: n.pointer}).String()
	s, err := n.l.compiler.Compile(documentURL + fragment)
	if err != nil {
		n.l.errs = append(n.l.errs, err)
	}
	return s
}
