package httpapi

import (
	"log/slog"
	"net/http"

	"github.com/seed-54b7607b/orchestrator"
)

// Options are the settings of a handler. The zero value of each field means its default.
type Options struct {
	// BaseURL is the URL under which clients reach the API, with the path it is mounted at, as in
	// "https://jobs.example.com:8143/orchestrator/v1". The links in answers are made from it, as
	// it is. Defaults to the scheme, host and path of each request.
	BaseURL string

	// BaseURLFunc returns the base URL for one request; "" leaves it to BaseURL.
	// Defaults to BaseURL for every request.
	BaseURLFunc func(*http.Request) string

	// TrustForwarded makes links from the headers that a proxy sets, where there is no base URL:
	// X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-Prefix, or else Forwarded (RFC 7239).
	// Set it only where a proxy sets or removes all four, because otherwise any client can make
	// the links of its own answers point elsewhere. Defaults to false: these headers are ignored.
	TrustForwarded bool

	// MaxBody is how many bytes the body of a request may have. Defaults to 16 MiB.
	MaxBody int64

	// Owner returns who sent a request: the owner of the jobs that it creates.
	// Defaults to an owner whose login is "anonymous".
	Owner func(*http.Request) orchestrator.Owner

	// CrossOrigin says which pages in browsers may send commands; other clients are not concerned.
	// Defaults to pages of the server's own origin only.
	CrossOrigin *http.CrossOriginProtection

	// Logger is told of the errors whose text is hidden from clients, and of answers that were
	// aborted. Defaults to [slog.Default].
	Logger *slog.Logger
}

const defaultMaxBody = 16 << 20

// withDefaults returns a copy of the options with every field set that has to be.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.MaxBody <= 0 {
		c.MaxBody = defaultMaxBody
	}
	if c.Owner == nil {
		c.Owner = anonymous
	}
	if c.CrossOrigin == nil {
		c.CrossOrigin = http.NewCrossOriginProtection()
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// anonymous is the owner of what nobody has said they are. Its id is one that clients which
// expect a UUID can read, and that belongs to nobody.
func anonymous(*http.Request) orchestrator.Owner {
	return orchestrator.Owner{ID: "00000000-0000-0000-0000-000000000000", Login: "anonymous"}
}
