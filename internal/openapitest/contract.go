// Package openapitest checks what an HTTP handler answers against the OpenAPI 3.1 document that describes
// it, for tests. It knows what documents of this module use, and refuses to load what it cannot
// check.
package openapitest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Contract is a document that answers are checked against. It may be used by many goroutines at once.
type Contract struct {
	operations []operation

	// What is answered where the document has no path, or no method; those are responses of its
	// components. Any request may be refused before it is looked at.
	noPath, noMethod, options, refused *response

	mu   sync.Mutex
	seen map[string]bool
}

// operation is a method of a path.
type operation struct {
	method    string
	path      string
	params    []param
	body      *jsonschema.Schema // of the request; nil for none
	responses map[int]*response
}

// param is a parameter of a request.
type param struct {
	in, name string
	required bool
	schema   *jsonschema.Schema
}

// response is an answer with one status.
type response struct {
	headers map[string]param // by their canonical names
	content map[string]media // by media type; nil for no body at all
}

// media is a form of a body.
type media struct {
	schema *jsonschema.Schema
	item   *jsonschema.Schema // of each event or line, where the body is a sequence of them
	passed *sync.Map          // the events and lines that were found to be as described
}

// Load reads a document, in JSON. Every schema in it that an answer can need must be a valid one.
func Load(document []byte) (*Contract, error) {
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource(documentURL, root); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	l := &loader{compiler: compiler}
	l.root = node{l: l, value: root}
	c := l.contract()
	return c, errors.Join(l.errs...)
}

func (l *loader) contract() *Contract {
	c := &Contract{seen: make(map[string]bool)}
	for path, item := range l.root.at("paths").members() {
		shared := l.params(item.at("parameters"))
		for method, op := range item.members() {
			if method == "parameters" {
				continue
			}
			c.operations = append(c.operations, operation{
				method:    strings.ToUpper(method),
				path:      path,
				params:    append(slices.Clone(shared), l.params(op.at("parameters"))...),
				body:      op.at("requestBody").at("content").at("application/json").at("schema").schema(),
				responses: l.responses(op.at("responses")),
			})
		}
	}
	responses := l.root.at("components").at("responses")
	c.noPath = l.response(responses.at("NoSuchPath"))
	c.noMethod = l.response(responses.at("MethodNotAllowed"))
	c.options = l.response(responses.at("AllowedMethods"))
	c.refused = l.response(responses.at("NotPermitted"))
	return c
}

func (l *loader) params(list node) (params []param) {
	for p := range list.items() {
		params = append(params, param{in: p.at("in").string(), name: p.at("name").string(), required: p.at("required").value == true, schema: p.at("schema").schema()})
	}
	return params
}

func (l *loader) responses(byStatus node) map[int]*response {
	responses := make(map[int]*response)
	for text, n := range byStatus.members() {
		status, err := strconv.Atoi(text)
		if err != nil {
			l.errs = append(l.errs, fmt.Errorf("%s: no status", n.pointer))
		}
		responses[status] = l.response(n)
	}
	return responses
}

func (l *loader) response(n node) *response {
	r := &response{headers: make(map[string]param)}
	for name, h := range n.at("headers").members() {
		r.headers[http.CanonicalHeaderKey(name)] = param{name: name, required: h.at("required").value == true, schema: h.at("schema").schema()}
	}
	for name, m := range n.at("content").members() {
		if r.content == nil {
			r.content = make(map[string]media)
		}
		r.content[name] = media{schema: m.at("schema").schema(), item: m.at("x-itemSchema").schema(), passed: new(sync.Map)}
	}
	return r
}

// Operations returns the methods and paths of the document, as in "GET /jobs/{job-id}", in order.
func (c *Contract) Operations() []string {
	var all []string
	for i := range c.operations {
		all = append(all, c.operations[i].String())
	}
	slices.Sort(all)
	return all
}

// Answers returns all that the document says may be answered, as in "GET /jobs/{job-id} 200
// application/json", in order.
func (c *Contract) Answers() []string {
	var all []string
	for i := range c.operations {
		for status, r := range c.operations[i].responses {
			for mediaType := range r.content {
				all = append(all, c.operations[i].answer(status, mediaType))
			}
			if len(r.content) == 0 {
				all = append(all, c.operations[i].answer(status, ""))
			}
		}
	}
	slices.Sort(all)
	return all
}

// Seen returns those of the answers that were seen so far, and found to be as described.
func (c *Contract) Seen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.seen))
}

func (c *Contract) see(answer string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[answer] = true
}

func (o *operation) String() string { return o.method + " " + o.path }

func (o *operation) answer(status int, mediaType string) string {
	return strings.TrimSpace(fmt.Sprintf("%s %d %s", o, status, mediaType))
}
