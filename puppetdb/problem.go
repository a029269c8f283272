package puppetdb

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// statusError is an answer with a status that no query gets.
type statusError int

func (s statusError) Error() string {
	return fmt.Sprintf("PuppetDB answered with status %d", int(s))
}

// answerError is why an answer could not be read.
type answerError struct{ err error }

func (e *answerError) Error() string {
	return "the answer of PuppetDB cannot be read: " + e.err.Error()
}

func (e *answerError) Unwrap() error { return e.err }

// sentence says in one sentence why PuppetDB could not be asked: no more than a client may know, which
// is not told where PuppetDB is.
func sentence(err error) string {
	status, answered := errors.AsType[statusError](err)
	_, unreadable := errors.AsType[*answerError](err)
	switch {
	case errors.Is(err, errTooLong):
		return "PuppetDB took too long to answer."
	case answered && status == http.StatusNotFound:
		return "The URL that this server has for PuppetDB does not lead to one."
	case answered && (status == http.StatusUnauthorized || status == http.StatusForbidden):
		return "PuppetDB does not let this server ask."
	case answered:
		return err.Error() + "."
	case unreadable:
		return "The answer of PuppetDB cannot be read."
	case aboutTLS(err):
		return "PuppetDB and this server do not accept each other's certificates."
	default:
		return "PuppetDB cannot be reached."
	}
}

// aboutTLS reports whether a connection failed for what either side has shown of itself.
func aboutTLS(err error) bool {
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	op, told := errors.AsType[*net.OpError](err)
	return unverified || alert || noTLS || told && op.Op == "remote error"
}
