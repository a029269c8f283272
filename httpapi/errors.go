package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/seed-54b7607b/orchestrator"
)

// What can be wrong with a request before the orchestrator is asked.
var (
	errNoRoute       = errors.New("no such path")
	errMethod        = errors.New("method not allowed")
	errBodyTooLarge  = errors.New("body too large")
	errUnknownTarget = errors.New("unknown target")
	errCrossOrigin   = errors.New("request from another origin")
	errNotLoopback   = errors.New("request for another host")
)

// answers says which errors clients are told of, and how. It is the only place with statuses and
// kinds: the kinds are those of the original API, save for not-found and method-not-allowed,
// whose names there are not known. An error that is not listed is answered by unknownError.
var answers = []answer{
	{ErrUnauthenticated, http.StatusUnauthorized, "puppetlabs.rbac/user-unauthenticated", "Route requires authentication"},
	{ErrTokenExpired, http.StatusUnauthorized, "puppetlabs.rbac/token-expired", "The provided token has expired."},
	{ErrTokenInvalid, http.StatusUnauthorized, "puppetlabs.rbac/invalid-token", "The provided token is not valid."},
	{ErrForbidden, http.StatusForbidden, "puppetlabs.orchestrator/not-permitted", "You are not permitted to do this."},
	{errBodyTooLarge, http.StatusRequestEntityTooLarge, "puppetlabs.orchestrator/validation-error", "The body of the request is too large."},
	{orchestrator.ErrInvalid, http.StatusBadRequest, "puppetlabs.orchestrator/validation-error", "The request is not valid."},
	{orchestrator.ErrNoNodes, http.StatusBadRequest, "puppetlabs.orchestrator/empty-target", "No nodes were found for the specified target. Nothing to do."},
	{errUnknownTarget, http.StatusBadRequest, "puppetlabs.orchestrator/unknown-target", "The target was not found."},
	{orchestrator.ErrInvalidQuery, http.StatusBadRequest, "puppetlabs.orchestrator/query-error", "The query of the scope is not valid."},
	{orchestrator.ErrUnresolved, http.StatusBadRequest, "puppetlabs.orchestrator/puppetdb-error", "This server cannot find out which nodes are in the scope: list them in scope.nodes."},
	{orchestrator.ErrUnknownEnvironment, http.StatusNotFound, "puppetlabs.orchestrator/unknown-environment", "Unknown environment"},
	{orchestrator.ErrKeyReused, http.StatusConflict, "puppetlabs.orchestrator/validation-error", "The Idempotency-Key was used before, for another request."},
	{errCrossOrigin, http.StatusForbidden, "puppetlabs.orchestrator/not-permitted", "A page in a browser may not send commands from another origin."},
	{errNotLoopback, http.StatusForbidden, "puppetlabs.orchestrator/not-permitted", "This server answers only under the name of a loopback address."},
	{errTooManyStreams, http.StatusTooManyRequests, "puppetlabs.orchestrator/too-many-streams", "Too many streams and long polls are open."},
	{orchestrator.ErrNotFound, http.StatusNotFound, "puppetlabs.orchestrator/unknown-job", "Unknown job."},
	{errNoRoute, http.StatusNotFound, "puppetlabs.orchestrator/not-found", "There is nothing at this path."},
	{errMethod, http.StatusMethodNotAllowed, "puppetlabs.orchestrator/method-not-allowed", "This path does not take this method; the Allow header says which it takes."},
	{orchestrator.ErrStopped, http.StatusServiceUnavailable, "puppetlabs.orchestrator/unknown-error", "The orchestrator has been stopped."},
	{orchestrator.ErrSecretsFull, http.StatusServiceUnavailable, "puppetlabs.orchestrator/unknown-error", "There is no room for more sensitive parameters and targets until some tasks have ended."},
	{orchestrator.ErrClosed, http.StatusServiceUnavailable, "puppetlabs.orchestrator/unknown-error", "The orchestrator's store has been closed."},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "puppetlabs.orchestrator/unknown-error", "The request took too long."},
}

// unknownError is the answer to an error that clients are told nothing about.
var unknownError = answer{nil, http.StatusInternalServerError, "puppetlabs.orchestrator/unknown-error", "The server met an error that it did not expect; its log says more."}

// answer is what a client is told about an error.
type answer struct {
	when   error
	status int
	kind   string
	msg    string // where the error itself has nothing better
}

// answerTo returns the answer to an error, and whether the error is one that clients may know of.
func answerTo(err error) (answer, bool) {
	for _, a := range answers {
		if errors.Is(err, a.when) {
			return a, true
		}
	}
	return unknownError, false
}

// failure is an error with what a client is told about it.
type failure struct {
	err     error // which of the answers it is
	msg     string
	details map[string]any
}

func (f *failure) Error() string { return f.msg }

func (f *failure) Unwrap() error { return f.err }

// described returns the message and the details for an error that has an answer.
func (a answer) described(err error) (msg string, details map[string]any) {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.msg, f.details
	}
	if invalid, ok := errors.AsType[*orchestrator.InvalidError](err); ok {
		return describeInvalid(invalid)
	}
	if e, ok := errors.AsType[*orchestrator.Error](err); ok && errors.Is(a.when, orchestrator.ErrNotFound) {
		return "Unknown job " + e.Job.String(), map[string]any{"job": e.Job.String()}
	}
	return a.msg, nil
}

// describeInvalid names the field, what is wrong with it, and, cut to a bound, what was given.
func describeInvalid(e *orchestrator.InvalidError) (msg string, details map[string]any) {
	msg = e.Field + " " + e.Reason
	details = map[string]any{"field": e.Field, "reason": e.Reason}
	if e.Value != nil {
		value := bounded(e.Value)
		details["value"] = value
		msg += " (given: " + string(value) + ")"
	}
	return msg, details
}

// invalid returns the error for a value that cannot be accepted. A nil value is one that is missing.
func invalid(field string, value any, reason string) error {
	return &orchestrator.InvalidError{Field: field, Value: value, Reason: reason}
}
