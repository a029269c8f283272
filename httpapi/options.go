package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// Options are the settings of a handler. The zero value of each field means its default.
type Options struct {
	// BaseURL is the URL under which clients reach the API, with the path it is mounted at, as in
	// "https://jobs.example.com:8143/orchestrator/v1". The links in answers are made from it, as
	// it is. Defaults to the scheme, host and path of each request.
	BaseURL string

	// Mount is the path that the handler is mounted at, as the handler sees it; "/" where that has
	// been stripped. Requests for other paths are 404. It is for servers before which something
	// decides by the path what may pass: without it, a handler that sees more paths than those
	// below /orchestrator/v1 answers the same request under several of them.
	// Defaults to whatever comes before what a request asks for.
	Mount string

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

	// MaxLimit is the greatest limit that a list of jobs or nodes may be asked for with, and how many
	// nodes one request may ask the inventory about. A list that is asked for without a limit is
	// whole, and streamed. Defaults to 200,000.
	MaxLimit int

	// ValidationKind is the kind of the errors for requests that are not valid, of which there are
	// two among the original's clients. Defaults to [DocumentedValidationKind].
	ValidationKind ValidationKind

	// Authenticate returns who sent a request, or why nobody vouches for it: an error that matches
	// [ErrUnauthenticated], [ErrTokenExpired] or [ErrTokenInvalid]. [Tokens] and [ClientCerts] have
	// methods for it, and [FirstOf] puts several together. It is asked once for each request, and again
	// every minute while a live stream goes on, which ends when its client is no longer who it was.
	// Defaults to nobody being asked: everyone is what Owner returns.
	Authenticate func(*http.Request) (Principal, error)

	// QueryToken accepts tokens in URLs, as the parameter token: Authenticate finds them in the header
	// X-Authentication then. They are taken out of the URL first, as they are if they are not accepted,
	// but what stands before this handler sees the URL as it came in, and may log it.
	// Defaults to false: a token in a URL is none.
	QueryToken bool

	// Owner returns the owner of the jobs that a request creates, where Authenticate is nil.
	// Defaults to an owner whose login is "anonymous".
	Owner func(*http.Request) orchestrator.Owner

	// Authorize returns nil if a principal may do something, or else an error that matches
	// [ErrForbidden]. It is asked about every job that a request names or a list would show; a
	// job that a principal may not see does not exist for it, and is not counted. It is asked for
	// [VerbViewAll] first, so that lists of those who may see everything cost no question for each
	// job; a total of the others costs a question for every job there is.
	// Defaults to everyone being allowed everything.
	Authorize func(Principal, Action) error

	// MaxWait is how long a long poll may wait for events; one that asks for more waits that long.
	// Defaults to 1 minute.
	MaxWait time.Duration

	// Heartbeat is how long a live stream is silent at most. Defaults to 15 seconds.
	Heartbeat time.Duration

	// WriteTimeout is how long a client may take to take one part of an answer, of 64 KiB or a single
	// event, before its connection is dropped; it can resume a live stream. Buffers on the way count:
	// where they are full, some megabytes have to drain in that time. It takes the place of the
	// server's own WriteTimeout, where the server lets its handlers say so, as that of net/http does.
	// Defaults to 2 minutes.
	WriteTimeout time.Duration

	// MaxStreams is how many live streams and long polls one principal may have open at once. Where
	// nobody is asked who they are, all clients together are one principal. Defaults to 100.
	MaxStreams int

	// StreamRate is how many bytes a second all live streams and long polls together are sent while
	// there is news all the time. It keeps a crowd of watchers from holding up the jobs that it watches;
	// what it has not been sent by then follows when there is less news.
	// Defaults to 32 MiB for each processor that the program may use.
	StreamRate int

	// CrossOrigin says which pages in browsers may send commands; other clients are not concerned.
	// Defaults to pages of the server's own origin only.
	CrossOrigin *http.CrossOriginProtection

	// Logger is told of the errors whose text is hidden from clients, and of answers that were
	// aborted. Defaults to [slog.Default].
	Logger *slog.Logger
}

const (
	defaultMaxBody  = 16 << 20
	defaultMaxLimit = 200_000
)

// withDefaults returns a copy of the options with every field set that has to be.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.MaxBody <= 0 {
		c.MaxBody = defaultMaxBody
	}
	if c.MaxLimit <= 0 {
		c.MaxLimit = defaultMaxLimit
	}
	if c.ValidationKind == "" {
		c.ValidationKind = DocumentedValidationKind
	}
	if c.Owner == nil {
		c.Owner = anonymous
	}
	c.setLive()
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
