package httpapi

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
)

// TLSFiles are the files, in PEM, that a server of the API has its certificates in.
type TLSFiles struct {
	// Cert is the file of the server's certificate, followed by those of the authorities between
	// it and the one that clients trust. It is required.
	Cert string

	// Key is the file of the certificate's private key. It is required.
	Key string

	// ClientCA is the file of the authorities that clients' certificates must come from; any
	// number of them. Defaults to "": clients are not asked for a certificate.
	ClientCA string

	// Logger is told when the certificate is read again, and why that was not possible.
	// Defaults to [slog.Default].
	Logger *slog.Logger
}

// Config reads the files and returns the configuration of a server that uses them. It speaks TLS
// 1.2, which some clients of the API know at most, and later versions.
//
// Cert and Key are read again within a second after they have changed, and used for connections
// that are made from then on; while they cannot be read, or do not belong together, the certificate
// from before is used. ClientCA is read once.
//
// A client may do without a certificate, but one that it shows must be good: it must be valid, made
// for clients, and come from ClientCA. Who it then is, if it is anybody, is for [ClientCerts] to say.
func (f TLSFiles) Config() (*tls.Config, error) {
	cert, err := reload(f.Logger, f.pair, f.Cert, f.Key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return cert.get(), nil },
	}
	if f.ClientCA == "" {
		return config, nil
	}
	text, err := os.ReadFile(f.ClientCA)
	if err != nil {
		return nil, err
	}
	config.ClientAuth = tls.VerifyClientCertIfGiven
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: there is no certificate in it", f.ClientCA)
	}
	return config, nil
}

func (f TLSFiles) pair() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", f.Cert, f.Key, err)
	}
	return &pair, nil
}
