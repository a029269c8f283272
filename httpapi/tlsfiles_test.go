package httpapi_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator/httpapi"
)

func TestTLSVersions(t *testing.T) {
	ours := newAuthority(t)
	config, err := ours.files(ours.sign(certificateOf("server", x509.ExtKeyUsageServerAuth))).Config()
	require.NoError(t, err)
	addr := serveTLS(t, http.NotFoundHandler(), config)
	for version, spoken := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		roots := x509.NewCertPool()
		roots.AddCert(ours.cert)
		conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: roots, MinVersion: version, MaxVersion: version})
		assert.Equal(t, spoken, err == nil, "%s: %v", tls.VersionName(version), err)
		if err == nil {
			assert.Equal(t, version, conn.ConnectionState().Version)
			require.NoError(t, conn.Close())
		}
	}
}

func TestCertificateIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(logged)
		ours := newAuthority(t)
		first, second := ours.sign(certificateOf("first", x509.ExtKeyUsageServerAuth)), ours.sign(certificateOf("second", x509.ExtKeyUsageServerAuth))
		files, next := ours.files(first), ours.files(second)
		files.Logger = log.logger()
		config, err := files.Config()
		require.NoError(t, err)
		served := func() *x509.Certificate {
			cert, err := config.GetCertificate(nil)
			require.NoError(t, err)
			return cert.Leaf
		}
		assert.True(t, sameCertificate(served(), first))

		require.NoError(t, os.Rename(next.Cert, files.Cert))
		later(time.Second)
		assert.True(t, sameCertificate(served(), first), "the second certificate with the first key")
		assert.Contains(t, log.String(), "files not read again")
		require.NoError(t, os.Rename(next.Key, files.Key))
		later(time.Second)
		assert.True(t, sameCertificate(served(), second))
	})
}

func TestTLSFilesThatAreRefused(t *testing.T) {
	ours := newAuthority(t)
	one, two := ours.sign(certificateOf("one", x509.ExtKeyUsageServerAuth)), ours.sign(certificateOf("two", x509.ExtKeyUsageServerAuth))
	good, other := ours.files(one), ours.files(two)
	for name, files := range map[string]httpapi.TLSFiles{
		"nothing":                {},
		"no key":                 {Cert: good.Cert},
		"another key":            {Cert: good.Cert, Key: other.Key},
		"exchanged":              {Cert: good.Key, Key: good.Cert},
		"no authorities":         {Cert: good.Cert, Key: good.Key, ClientCA: "nowhere"},
		"no authorities in file": {Cert: good.Cert, Key: good.Key, ClientCA: good.Key},
	} {
		config, err := files.Config()
		require.Error(t, err, name)
		assert.Nil(t, config, name)
	}
}
