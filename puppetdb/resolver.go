package puppetdb

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// Resolver is an [orchestrator.Resolver] for scopes with a query. Its methods may be called from many
// goroutines at once.
type Resolver struct {
	endpoint string
	client   http.Client
	timeout  time.Duration
	log      *slog.Logger
}

var _ orchestrator.Resolver = (*Resolver)(nil)

// Options are the settings of a [Resolver]. The zero value of each field means its default.
type Options struct {
	// CA is the path of the certificates, in PEM, of the authorities that PuppetDB's certificate has
	// to come from. Defaults to those that the system trusts.
	CA string

	// Cert and Key are the paths, in PEM, of the certificate and the key that PuppetDB asks for. They
	// are read again for each new connection. Default to none.
	Cert, Key string

	// Timeout is how long PuppetDB has for an answer, to its end. Defaults to 30 seconds.
	Timeout time.Duration

	// Logger is told why PuppetDB could not be asked; clients learn no more than that. Defaults to
	// [slog.Default].
	Logger *slog.Logger
}

// New returns a resolver that asks the PuppetDB at a URL such as "https://puppetdb.example.com:8081".
// It does not connect yet. The error says what is wrong with the URL or which of the files cannot be
// used; for the URL and the timeout it is an [orchestrator.InvalidError].
func New(server string, opts *Options) (*Resolver, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Timeout < 0 {
		return nil, &orchestrator.InvalidError{Field: "Options.Timeout", Value: o.Timeout, Reason: "must not be negative"}
	}
	endpoint, encrypted, err := endpointOf(server)
	if err != nil {
		return nil, err
	}
	var config *tls.Config
	if encrypted {
		config, err = tlsConfig(&o)
	} else if o.CA != "" || o.Cert != "" || o.Key != "" {
		err = &orchestrator.InvalidError{Field: "server", Value: server, Reason: "must begin with https:// if there are certificates"}
	}
	if err != nil {
		return nil, err
	}
	return &Resolver{
		endpoint: endpoint,
		timeout:  o.Timeout,
		log:      o.Logger,
		client: http.Client{
			Transport: &http.Transport{
				Proxy:               http.ProxyFromEnvironment,
				TLSClientConfig:     config,
				MaxConnsPerHost:     16,
				MaxIdleConnsPerHost: 4,
				IdleConnTimeout:     90 * time.Second,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Close closes the connections that are kept for the next query.
func (r *Resolver) Close() { r.client.CloseIdleConnections() }
