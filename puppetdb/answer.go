package puppetdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	maxAnswer = 256 << 20 // bytes
	maxNames  = 1 << 20
)

// queryError is what is wrong with a query, as its answer shows. Clients see the text.
type queryError string

func (p queryError) Error() string { return string(p) }

// certnames reads the answer to a query: a list of objects with a certname, of which nothing else is
// kept. It returns every name once, in the order of the answer, and no more than limit. The error is a
// queryError, if the query is to blame.
func certnames(r io.Reader, limit int) ([]string, error) {
	dec := json.NewDecoder(r)
	if open, err := dec.Token(); err != nil || open != json.Delim('[') {
		return nil, cutShort(err, "is no list")
	}
	var names []string
	seen := make(map[string]bool)
	for place := 0; dec.More(); place++ {
		var object struct {
			Certname *string `json:"certname"`
		}
		err := dec.Decode(&object)
		if _, other := errors.AsType[*json.UnmarshalTypeError](err); other || err == nil && object.Certname == nil {
			return nil, queryError(fmt.Sprintf("it has to return the certname of nodes, and element %d of its answer has none", place))
		}
		if err != nil {
			return nil, cutShort(err, "")
		}
		name := *object.Certname
		switch {
		case seen[name]:
			continue
		case orchestrator.ValidNodeName(name) != nil:
			return nil, queryError("its answer has a certname that cannot be the name of a node: " + shown(name))
		case len(names) == limit:
			return nil, queryError(fmt.Sprintf("its answer has more than %d nodes", limit))
		}
		name = strings.Clone(name)
		seen[name] = true
		names = append(names, name)
	}
	if _, err := dec.Token(); err != nil {
		return nil, cutShort(err, "")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, cutShort(err, "does not end with its list")
	}
	return slices.Clip(names), nil
}

// cutShort returns the error for an answer that cannot be read.
func cutShort(err error, otherwise string) error {
	switch {
	case err == nil:
		return errors.New(otherwise)
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	default:
		return err
	}
}

func shown(name string) string {
	const limit = 100
	if len(name) > limit {
		return strconv.Quote(strings.ToValidUTF8(name[:limit], "")) + "…"
	}
	return strconv.Quote(name)
}
