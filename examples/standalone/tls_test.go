//go:build unix

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority gives out certificates, and keeps them in a directory.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert = &x509.Certificate{IsCA: true, KeyUsage: x509.KeyUsageCertSign}
	a.sign("ca", a.cert)
	return a
}

// sign makes a certificate for a name, and files NAME.pem and NAME.key of it.
func (a *authority) sign(name string, template *x509.Certificate) *tls.Certificate {
	a.t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject = pkix.Name{CommonName: name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	template.BasicConstraintsValid = true
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if a.key == nil {
		a.key = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	if template.IsCA {
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			a.t.Fatal(err)
		}
	}
	text, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	writeFile(a.t, a.file(name+".pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeFile(a.t, a.file(name+".key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text})))
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// trusted makes the server's client trust the authority, and show a certificate of it to the server
// unless it is nil. It speaks TLS 1.2, like the oldest clients.
func (a *authority) trusted(r *running, cert *tls.Certificate) {
	config := &tls.Config{RootCAs: x509.NewCertPool(), MaxVersion: tls.VersionTLS12}
	config.RootCAs.AddCert(a.cert)
	if cert != nil {
		config.Certificates = []tls.Certificate{*cert}
	}
	transport := &http.Transport{TLSClientConfig: config}
	r.http.Transport = transport
	a.t.Cleanup(transport.CloseIdleConnections)
}

// TestTokensAndCertificates is the whole of it: HTTPS, with tokens, and certificates for some.
func TestTokensAndCertificates(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.sign("server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	forClients := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	casey := a.sign("casey", &x509.Certificate{ExtKeyUsage: forClients})
	node := a.sign("web1.example.com", &x509.Certificate{ExtKeyUsage: forClients})
	token, line := newTokenLine(t, "-new-token", "ci")
	writeFile(t, a.file("tokens"), line)

	args := []string{"-addr", "0.0.0.0:0", "-store", "memory", "-command", "true", "-tokens", a.file("tokens"),
		"-tls-cert", a.file("server.pem"), "-tls-key", a.file("server.key"), "-client-ca", a.file("ca.pem")}
	r := start(t, append(args, "-client-names", "casey,alex")...)
	if !strings.HasPrefix(r.base, "https://") {
		t.Fatal(r.base)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(r.base, "https://[::]"), ":")
	r.base = "https://127.0.0.1:" + port

	const body = `{"environment": "production", "scope": {"nodes": ["n1"]}}`
	a.trusted(r, nil)
	r.want(http.StatusUnauthorized, "Route requires authentication", http.MethodGet, "/jobs", "")
	r.want(http.StatusAccepted, `"id":"`+r.base+`/jobs/1"`, http.MethodPost, "/command/deploy", body, "X-Authentication", token)
	a.trusted(r, casey)
	r.want(http.StatusAccepted, `"name":"2"`, http.MethodPost, "/command/deploy", body)
	r.want(http.StatusOK, `"login":"casey"`, http.MethodGet, "/jobs/2", "")
	r.want(http.StatusOK, `"login":"ci"`, http.MethodGet, "/jobs/1", "", "X-Authentication", token)
	r.want(http.StatusUnauthorized, "invalid-token", http.MethodGet, "/jobs", "", "X-Authentication", "x")
	a.trusted(r, node)
	r.want(http.StatusUnauthorized, "Route requires authentication", http.MethodGet, "/jobs", "")

	plain, err := http.Get(strings.Replace(r.base, "https", "http", 1) + "/jobs")
	if err != nil {
		t.Fatal(err)
	}
	plain.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if plain.StatusCode != http.StatusBadRequest {
		t.Errorf("over plain HTTP: %s", plain.Status)
	}
	r.stop()
	if strings.Contains(r.log.String(), "every certificate") {
		t.Error("it says that every certificate is good")
	}

	open := start(t, args...)
	open.base = strings.Replace(open.base, "[::]", "127.0.0.1", 1)
	a.trusted(open, node)
	open.want(http.StatusOK, `"items"`, http.MethodGet, "/jobs", "")
	if !strings.Contains(open.log.String(), "every certificate of these authorities lets its client in") {
		t.Error("it does not say that every certificate is good")
	}
	next := a.sign("server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	await(t, func() bool {
		host, _, _ := strings.Cut(strings.TrimPrefix(open.base, "https://"), "/")
		conn, err := tls.Dial("tcp", host, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return bytes.Equal(conn.ConnectionState().PeerCertificates[0].Raw, next.Certificate[0])
	})
}
