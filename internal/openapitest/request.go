package openapitest

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// allows checks a request that was accepted.
func (o *operation) allows(e *Exchange, route []string) error {
	query := e.Request.URL.Query()
	for i := range o.params {
		p := &o.params[i]
		var values []string
		switch p.in {
		case "query":
			values = query[p.name]
		case "header":
			values = e.Request.Header.Values(p.name)
		case "path":
			values = []string{o.variable(p.name, route)}
		}
		if err := p.check(values); err != nil {
			return fmt.Errorf("accepted, though %w", err)
		}
	}
	if o.body == nil {
		return nil
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Sent))
	if err == nil {
		err = o.body.Validate(body)
	}
	if err != nil {
		return fmt.Errorf("accepted, though the body %.500s: %w", e.Sent, err)
	}
	return nil
}

// check checks the values that a parameter or a header has.
func (p *param) check(values []string) error {
	if len(values) == 0 {
		if p.required {
			return fmt.Errorf("%s is missing", p.name)
		}
		return nil
	}
	err := p.schema.Validate(values[0])
	if n, notInt := strconv.ParseInt(values[0], 10, 64); err != nil && notInt == nil {
		err = p.schema.Validate(n)
	}
	if err != nil {
		return fmt.Errorf("%s %q: %w", p.name, values[0], err)
	}
	return nil
}
