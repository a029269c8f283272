package httpapi

import (
	"errors"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// params are the parameters of a request's query.
type params url.Values

// query returns the parameters of the call's query. Those that nobody asks for are ignored.
func (c *call) query() (params, error) {
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return nil, invalid("query", nil, "must be a well-formed query string")
	}
	return params(values), nil
}

// get returns a parameter and whether it was given. One that was given more than once must have
// been given the same value each time.
func (p params) get(name string) (value string, given bool, err error) {
	values := p[name]
	if len(values) == 0 {
		return "", false, nil
	}
	for _, v := range values[1:] {
		if v != values[0] {
			return "", false, invalid(name, strings.Join(values, ", "), "must not be given more than once")
		}
	}
	return values[0], true, nil
}

// count returns a parameter that is an integer, 0 or greater, or nil if it was not given.
func (p params) count(name string) (*int, error) {
	value, given, err := p.get(name)
	if !given || err != nil {
		return nil, err
	}
	n, err := parseInt(name, value)
	if err != nil {
		return nil, err
	}
	if n < 0 {
		return nil, invalid(name, value, "must not be negative")
	}
	return new(int(min(n, math.MaxInt))), nil
}

// oneOf returns a parameter that is one of some values, or "" if it was not given.
func (p params) oneOf(name string, values ...string) (string, error) {
	value, given, err := p.get(name)
	if !given || err != nil {
		return "", err
	}
	if !slices.Contains(values, value) {
		return "", invalid(name, value, "must be one of "+strings.Join(values, ", "))
	}
	return value, nil
}

// parseInt reads a decimal integer of 64 bits.
func parseInt(name, text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, invalid(name, text, "must fit in 64 bits")
	case err != nil || text[0] == '+':
		return 0, invalid(name, text, "must be an integer")
	}
	return n, nil
}

// parseJobID reads the id of a job. An integer below 1 is an id like any other: that of a job which
// does not exist.
func parseJobID(name, text string) (orchestrator.JobID, error) {
	n, err := parseInt(name, text)
	id := orchestrator.JobID(n)
	if err == nil && id < 1 {
		err = &orchestrator.Error{Op: "find job", Job: id, Err: orchestrator.ErrNotFound}
	}
	return id, err
}
