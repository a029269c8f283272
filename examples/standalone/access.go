//go:build unix

package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
)

// access is what the command line says about who is let in.
type access struct {
	tokens, clientNames string
	tls                 httpapi.TLSFiles
	behindProxy         bool
	newToken            string
	tokenLife           time.Duration
}

func (a *access) flags(flags *flag.FlagSet) {
	flags.StringVar(&a.tokens, "tokens", "", "`file` of the tokens that clients must have; read again when it changes")
	flags.StringVar(&a.tls.Cert, "tls-cert", "", "`file` of the certificate to serve HTTPS with; read again when it changes")
	flags.StringVar(&a.tls.Key, "tls-key", "", "`file` of its key")
	flags.StringVar(&a.tls.ClientCA, "client-ca", "", "`file` of the authorities whose certificates let clients in without a token; see -client-names")
	flags.StringVar(&a.clientNames, "client-names", "", "common `names` of the certificates that let clients in, separated by commas (default: all that the authorities have given out)")
	flags.BoolVar(&a.behindProxy, "behind-proxy", false, "serve plain HTTP and trust forwarding headers, because a proxy in front does TLS and sets them")
	flags.StringVar(&a.newToken, "new-token", "", "make a token for this `login`, show it, print the line for the file of -tokens, and end")
	flags.DurationVar(&a.tokenLife, "token-life", 90*24*time.Hour, "how long the new token is good for, as in 720h")
}

// asks reports whether clients are asked who they are.
func (a *access) asks() bool { return a.tokens != "" || a.tls.ClientCA != "" }

// check returns what is wrong with serving an address like this.
func (a *access) check(addr string) error {
	_, _, err := net.SplitHostPort(addr)
	encrypted, loopback := a.tls.Cert != "", httpapi.IsLoopback(addr)
	switch {
	case err != nil:
		return fmt.Errorf("-addr %q: %w; it is a host and a port, as in 127.0.0.1:8143", addr, err)
	case encrypted != (a.tls.Key != ""):
		return errors.New("-tls-cert and -tls-key must be given together")
	case a.tls.ClientCA != "" && !encrypted:
		return errors.New("-client-ca needs -tls-cert and -tls-key: only HTTPS has certificates")
	case a.clientNames != "" && a.tls.ClientCA == "":
		return errors.New("-client-names needs -client-ca")
	case a.behindProxy && (encrypted || !a.asks()):
		return errors.New("-behind-proxy is for plain HTTP with -tokens")
	case !a.asks() && !loopback:
		return fmt.Errorf("-addr %q: only a loopback address can be served without -tokens or -client-ca, because nobody is asked who they are", addr)
	case !encrypted && !a.behindProxy && !loopback:
		return fmt.Errorf("-addr %q: only a loopback address can be served without -tls-cert and -tls-key, because tokens could be read on their way; see -behind-proxy", addr)
	}
	return nil
}

// options returns the options of the handler that say who is let in, and how connections to them are
// encrypted; nil if they are not.
func (a *access) options(log *slog.Logger) (opts *httpapi.Options, encryption *tls.Config, err error) {
	opts = &httpapi.Options{Logger: log, Mount: mount, TrustForwarded: a.behindProxy}
	if files := a.tls; files.Cert != "" {
		files.Logger = log
		if encryption, err = files.Config(); err != nil {
			return nil, nil, fmt.Errorf("-tls-cert, -tls-key, -client-ca: %w", err)
		}
	}
	certs := &httpapi.ClientCerts{OwnerOf: func(cert *x509.Certificate) (orchestrator.Owner, bool) {
		return orchestrator.Owner{}, a.clientNames == "" || slices.Contains(names(a.clientNames), cert.Subject.CommonName)
	}}
	switch {
	case a.tokens != "":
		tokens, err := httpapi.OpenTokens(a.tokens, log)
		if err != nil {
			return nil, nil, fmt.Errorf("-tokens: %w", err)
		}
		opts.Authenticate = httpapi.FirstOf(tokens.Authenticate, certs.Authenticate)
	case a.tls.ClientCA != "":
		opts.Authenticate = certs.Authenticate
	default:
		log.Warn("nobody is asked who they are: only this machine can connect, and everyone on it may do everything")
	}
	if a.tls.ClientCA != "" && a.clientNames == "" {
		log.Warn("every certificate of these authorities lets its client in; -client-names says which do", "authorities", a.tls.ClientCA)
	}
	return opts, encryption, nil
}

// newServer returns a server of the API that no client can keep waiting, for a request or between two.
// How long a client may take for an answer is for the API to say, because some answers have no end.
func newServer(api http.Handler, asks bool, log *slog.Logger) *http.Server {
	if !asks {
		api = httpapi.LoopbackOnly(api)
	}
	return &http.Server{
		Handler:           api,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// printToken makes a token. It is shown apart from the line that makes it known, so that the latter
// can be appended to the file as it is.
func (a *access) printToken(stdout, stderr io.Writer) error {
	token, line, err := httpapi.NewToken(orchestrator.Owner{Login: a.newToken}, time.Now().Add(a.tokenLife))
	if err != nil {
		return fmt.Errorf("-new-token: %w", err)
	}
	fmt.Fprintf(stderr, "The token, which is kept nowhere: %s\n", token)
	_, err = fmt.Fprintln(stdout, line)
	return err
}

// names returns the names in a list that is separated by commas.
func names(list string) []string {
	names := strings.Split(list, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names
}
