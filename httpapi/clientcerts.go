package httpapi

import (
	"cmp"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// ClientCerts knows principals by the certificates that they have shown while their connection was
// made. Its Authenticate is made for [Options].Authenticate, and may be used by many goroutines at
// once. The zero value lets nobody in.
//
// Only certificates that the server has verified count, which is a matter of its TLS configuration:
// [TLSFiles] makes one that verifies them. Say who may come in rather than to trust everyone whom the
// authority has given a certificate: the one that a configuration management system runs has given one to each of
// its nodes. Whether a certificate was revoked is not looked up.
type ClientCerts struct {
	// Owners are those who may come in, by the common name of their certificate. An owner without a
	// login is given the common name for one, and one without an ID a UUID that is made from the
	// common name, and is another than that of a token's login. It must not be modified.
	// Defaults to nobody.
	Owners map[string]orchestrator.Owner

	// OwnerOf is asked about certificates whose common name is not in Owners. It returns whose the
	// certificate is, completed as those of Owners are, and false for one that nobody may come in
	// with. Defaults to false for every certificate.
	OwnerOf func(*x509.Certificate) (orchestrator.Owner, bool)
}

// Authenticate returns whom the certificate of a request's connection belongs to. It returns
// [ErrUnauthenticated] if there is none, if it was not verified, or if it belongs to nobody who may
// come in.
func (c *ClientCerts) Authenticate(r *http.Request) (Principal, error) {
	cert := verifiedCert(r)
	if cert == nil || cert.Subject.CommonName == "" {
		return Principal{}, ErrUnauthenticated
	}
	name := cert.Subject.CommonName
	owner, ok := c.Owners[name]
	if !ok && c.OwnerOf != nil {
		owner, ok = c.OwnerOf(cert)
	}
	if !ok {
		return Principal{}, ErrUnauthenticated
	}
	owner.Login = cmp.Or(owner.Login, name)
	owner.ID = cmp.Or(owner.ID, derivedID("common-name", name))
	return Principal{Owner: owner}, nil
}

// verifiedCert returns the certificate of a request's client, or nil if there is none that was
// verified.
func verifiedCert(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.VerifiedChains[0]) == 0 {
		return nil
	}
	cert := r.TLS.VerifiedChains[0][0]
	if time.Now().After(cert.NotAfter) { // the connection may have been made long ago
		return nil
	}
	return cert
}

// FirstOf returns an Authenticate, for [Options], that asks several, in order, until one knows of
// credentials in the request: whether these are good or not, the others are not asked. The original
// API asks for a token first, and then for a certificate:
//
//	FirstOf(tokens.Authenticate, certs.Authenticate)
//
// It returns [ErrUnauthenticated] if none of them knows of any.
func FirstOf(authenticators ...func(*http.Request) (Principal, error)) func(*http.Request) (Principal, error) {
	return func(r *http.Request) (Principal, error) {
		for _, authenticate := range authenticators {
			p, err := authenticate(r)
			if !errors.Is(err, ErrUnauthenticated) {
				return p, err
			}
		}
		return Principal{}, ErrUnauthenticated
	}
}
