package puppetdb_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/puppetdb"
)

// authority gives out certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, file: filepath.Join(t.TempDir(), "ca.pem")}
	a.cert, a.key = a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	a.write(a.file, "CERTIFICATE", a.cert.Raw)
	return a
}

// sign signs a certificate: with its own key, if it is the first.
func (a *authority) sign(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	template.SerialNumber = big.NewInt(1)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(a.t, err)
	cert, err := x509.ParseCertificate(raw)
	require.NoError(a.t, err)
	return cert, key
}

// pair writes a certificate for a name and its key, and returns the paths of both.
func (a *authority) pair(dir, name string) (cert, key string) {
	a.t.Helper()
	c, k := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	require.NoError(a.t, err)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	a.write(cert, "CERTIFICATE", c.Raw)
	a.write(key, "PRIVATE KEY", raw)
	return cert, key
}

func (a *authority) write(path, kind string, raw []byte) {
	a.t.Helper()
	require.NoError(a.t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}), 0o600))
}

// pool holds the authority alone.
func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// servingTLS serves an answer to those whose certificates come from the authority.
func (a *authority) servingTLS(pdb *answering) string {
	a.t.Helper()
	cert, key := a.pair(a.t.TempDir(), "puppetdb.example.com")
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(a.t, err)
	s := httptest.NewUnstartedServer(pdb)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: a.pool(), ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}
	s.StartTLS()
	a.t.Cleanup(s.Close)
	return s.URL
}

func TestCertificates(t *testing.T) {
	const refused = "PuppetDB and this server do not accept each other's certificates."
	ca, other := newAuthority(t, "ours"), newAuthority(t, "another")
	url := ca.servingTLS(&answering{status: 200, kind: "application/json", body: `[{"certname":"a"}]`})
	dir := t.TempDir()
	cert, key := ca.pair(dir, "orchestrator.example.com")
	otherCert, otherKey := other.pair(t.TempDir(), "orchestrator.example.com")

	r := resolver(t, url, &puppetdb.Options{CA: ca.file, Cert: cert, Key: key})
	names, err := ask(t, r, `"nodes{}"`)
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, names)

	for _, opts := range []*puppetdb.Options{
		nil,
		{CA: other.file, Cert: cert, Key: key},
		{CA: ca.file},
		{CA: ca.file, Cert: otherCert, Key: otherKey},
	} {
		_, err := ask(t, resolver(t, url, opts), `"nodes{}"`)
		told(t, err, orchestrator.ErrUnresolved, refused)
	}
	plain := serving(t, &answering{status: 200})
	_, err = ask(t, resolver(t, "https"+plain[len("http"):], nil), `"nodes{}"`)
	require.ErrorIs(t, err, orchestrator.ErrUnresolved)

	other.pair(dir, "orchestrator.example.com")
	r.Close()
	_, err = ask(t, r, `"nodes{}"`)
	told(t, err, orchestrator.ErrUnresolved, refused)
	ca.pair(dir, "orchestrator.example.com")
	r.Close()
	_, err = ask(t, r, `"nodes{}"`)
	require.NoError(t, err, "a certificate that was renewed is not used")
}

func TestCertificatesThatCannotBeUsed(t *testing.T) {
	ca := newAuthority(t, "ours")
	dir := t.TempDir()
	cert, key := ca.pair(dir, "orchestrator.example.com")
	for _, test := range []struct {
		opts puppetdb.Options
		want string
	}{
		{puppetdb.Options{CA: filepath.Join(dir, "none")}, "no such file"},
		{puppetdb.Options{CA: key}, key + ": there is no certificate in it"},
		{puppetdb.Options{Cert: cert}, "a certificate and its key must be given together"},
		{puppetdb.Options{Key: key}, "a certificate and its key must be given together"},
		{puppetdb.Options{Cert: key, Key: key}, key + ", " + key + ": tls: failed to find certificate PEM data"},
		{puppetdb.Options{Cert: ca.file, Key: key}, "tls: private key does not match public key"},
	} {
		_, err := puppetdb.New("https://puppetdb.example.com", &test.opts)
		require.Error(t, err)
		assert.Contains(t, err.Error(), test.want)
	}
}
