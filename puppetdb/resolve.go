package puppetdb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// maxComplaint is how many bytes of what PuppetDB says about a query are passed on.
const maxComplaint = 4 << 10

// errTooLong is why a query was cancelled that took longer than the options allow.
var errTooLong = errors.New("PuppetDB took too long to answer")

// Resolve returns the certnames in PuppetDB's answer to a scope's query, each once. The environment
// makes no difference.
//
// A query that PuppetDB refuses, or whose answer has no certnames, is an [orchestrator.ErrInvalidQuery]
// with PuppetDB's own words; an answer of more than 1,048,576 nodes or 256 MiB is one, too. If PuppetDB
// cannot be asked it is an [orchestrator.ErrUnresolved] that says in one sentence what the matter is,
// while the log has all of it. A scope without a query is an ErrUnresolved.
func (r *Resolver) Resolve(ctx context.Context, _ string, scope orchestrator.Scope) ([]string, error) {
	if scope.Query == nil {
		return nil, orchestrator.ErrUnresolved
	}
	bounded, cancel := context.WithTimeoutCause(ctx, r.timeout, errTooLong)
	defer cancel()
	names, err := r.ask(bounded, scope.Query)
	switch problem, ok := errors.AsType[queryError](err); {
	case err == nil:
		return names, nil
	case ok:
		return nil, &orchestrator.ScopeError{Msg: "PuppetDB query failed: " + string(problem), Err: orchestrator.ErrInvalidQuery}
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	r.log.Warn("PuppetDB could not be asked", "url", r.endpoint, "err", err)
	return nil, &orchestrator.ScopeError{Msg: sentence(err), Err: fmt.Errorf("%w: %w", orchestrator.ErrUnresolved, err)}
}

// ask sends a query, and reads the answer.
func (r *Resolver) ask(ctx context.Context, query json.RawMessage) ([]string, error) {
	body, err := json.Marshal(struct {
		Query json.RawMessage `json:"query"`
	}{query})
	if err != nil {
		return nil, queryError("it is not JSON")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	switch resp.StatusCode {
	case http.StatusOK:
		names, err := certnames(http.MaxBytesReader(nil, resp.Body, maxAnswer), maxNames)
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, queryError(fmt.Sprintf("its answer is larger than %d bytes; ask for certnames only", maxAnswer))
		}
		if _, blame := errors.AsType[queryError](err); err != nil && !blame {
			err = &answerError{err}
		}
		return names, err
	case http.StatusBadRequest:
		return nil, complaint(resp)
	default:
		return nil, statusError(resp.StatusCode)
	}
}

// complaint returns what PuppetDB says is wrong with a query. It says so in plain text; what is not may
// come from something between here and there.
func complaint(resp *http.Response) error {
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "text/plain" {
		return statusError(resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxComplaint))
	if err != nil {
		return &answerError{err}
	}
	return queryError(strings.ToValidUTF8(string(text), ""))
}
