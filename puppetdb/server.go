package puppetdb

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// endpointOf returns the URL that queries are sent to, and whether that is encrypted. Its error does not
// show what may be a password or a token.
func endpointOf(server string) (endpoint string, encrypted bool, err error) {
	shown, _, _ := strings.Cut(server, "?")
	if at := strings.LastIndexByte(shown, '@'); at >= 0 {
		return "", false, &orchestrator.InvalidError{Field: "server", Value: shown[at+1:], Reason: "must not have a user or a password before it"}
	}
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", false, &orchestrator.InvalidError{Field: "server", Value: shown, Reason: "must be a URL with http or https and a host, such as https://puppetdb.example.com:8081"}
	}
	return u.JoinPath("pdb", "query", "v4").String(), u.Scheme == "https", nil
}

// tlsConfig returns whom to trust, and how to be trusted.
func tlsConfig(o *Options) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CA != "" {
		text, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s: there is no certificate in it", o.CA)
		}
	}
	if (o.Cert == "") != (o.Key == "") {
		return nil, errors.New("a certificate and its key must be given together")
	}
	if o.Cert == "" {
		return config, nil
	}
	read := func() (*tls.Certificate, error) {
		cert, err := tls.LoadX509KeyPair(o.Cert, o.Key)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", o.Cert, o.Key, err)
		}
		return &cert, nil
	}
	if _, err := read(); err != nil {
		return nil, err
	}
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return read() }
	return config, nil
}
