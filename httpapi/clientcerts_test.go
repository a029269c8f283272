package httpapi_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
)

func TestClientCertificates(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	certs := &httpapi.ClientCerts{
		Owners: map[string]orchestrator.Owner{
			"dashboard.example.com": {},
			"casey":                 {ID: "42", Login: "casey@example.com", RoleIDs: []int{1}},
		},
		OwnerOf: func(cert *x509.Certificate) (orchestrator.Owner, bool) {
			return orchestrator.Owner{DisplayName: "by function"}, cert.Subject.CommonName == "robot"
		},
	}
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Authenticate: certs.Authenticate}})
	files := ours.files(ours.sign(certificateOf("server", x509.ExtKeyUsageServerAuth)))
	files.ClientCA = ours.file()
	config, err := files.Config()
	require.NoError(t, err)
	url := "https://" + serveTLS(t, a.h, config) + "/orchestrator/v1/jobs"

	expired := certificateOf("casey", x509.ExtKeyUsageClientAuth)
	expired.NotAfter = time.Now().Add(-time.Minute)
	for name, test := range map[string]struct {
		cert   *tls.Certificate
		status int // 0 for no connection
	}{
		"none":                     {nil, 401},
		"ours":                     {ours.sign(certificateOf("casey", x509.ExtKeyUsageClientAuth)), 200},
		"by function":              {ours.sign(certificateOf("robot", x509.ExtKeyUsageClientAuth)), 200},
		"a name that is not known": {ours.sign(certificateOf("web1.example.com", x509.ExtKeyUsageClientAuth)), 401},
		"no name":                  {ours.sign(certificateOf("", x509.ExtKeyUsageClientAuth)), 401},
		"not ours":                 {theirs.sign(certificateOf("casey", x509.ExtKeyUsageClientAuth)), 0},
		"not for clients":          {ours.sign(certificateOf("casey", x509.ExtKeyUsageServerAuth)), 0},
		"expired":                  {ours.sign(expired), 0},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := ours.client(test.cert).Get(url)
			if test.status == 0 {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			defer res.Body.Close()
			assert.Equal(t, test.status, res.StatusCode)
			if test.status == 401 {
				assert.Equal(t, "puppetlabs.rbac/user-unauthenticated", at(t, parsed(t, res.Body), "kind"))
			}
		})
	}
}

func TestOwnersOfCertificates(t *testing.T) {
	owners := map[string]orchestrator.Owner{"plain": {}, "full": {ID: "42", Login: "casey", RoleIDs: []int{1}}}
	chain := func(name string) *tls.ConnectionState {
		cert := certificateOf(name, x509.ExtKeyUsageClientAuth)
		return &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}, VerifiedChains: [][]*x509.Certificate{{cert}}}
	}
	certs := &httpapi.ClientCerts{Owners: owners}
	for name, test := range map[string]struct {
		state *tls.ConnectionState
		want  orchestrator.Owner
	}{
		"completed":    {chain("plain"), orchestrator.Owner{ID: "1d6aa3cc-c9ce-5bcb-9478-d2de294b71f3", Login: "plain"}},
		"as it is":     {chain("full"), owners["full"]},
		"unknown":      {chain("other"), orchestrator.Owner{}},
		"no TLS":       {nil, orchestrator.Owner{}},
		"no chain":     {&tls.ConnectionState{}, orchestrator.Owner{}},
		"empty chain":  {&tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{}}}, orchestrator.Owner{}},
		"not verified": {&tls.ConnectionState{PeerCertificates: chain("plain").PeerCertificates}, orchestrator.Owner{}},
	} {
		r := withHeaders()
		r.TLS = test.state
		p, err := certs.Authenticate(r)
		if test.want.Login == "" {
			require.ErrorIs(t, err, httpapi.ErrUnauthenticated, name)
		} else {
			require.NoError(t, err, name)
		}
		assert.Equal(t, test.want, p.Owner, name)
	}
	r := withHeaders()
	r.TLS = chain("plain")
	_, err := new(httpapi.ClientCerts).Authenticate(r)
	require.ErrorIs(t, err, httpapi.ErrUnauthenticated, "the zero value lets somebody in")
	everybody := &httpapi.ClientCerts{OwnerOf: func(*x509.Certificate) (orchestrator.Owner, bool) { return orchestrator.Owner{}, true }}
	_, err = everybody.Authenticate(r)
	require.NoError(t, err)
	r.TLS = chain("")
	_, err = everybody.Authenticate(r)
	require.ErrorIs(t, err, httpapi.ErrUnauthenticated, "somebody without a name is let in")
}

// A certificate that nobody has verified is none, even where the server has asked for one.
func TestCertificateThatWasNotVerified(t *testing.T) {
	ours := newAuthority(t)
	certs := &httpapi.ClientCerts{OwnerOf: func(*x509.Certificate) (orchestrator.Owner, bool) { return orchestrator.Owner{}, true }}
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Authenticate: certs.Authenticate}})
	config, err := ours.files(ours.sign(certificateOf("server", x509.ExtKeyUsageServerAuth))).Config()
	require.NoError(t, err)
	config.ClientAuth = tls.RequireAnyClientCert
	addr := serveTLS(t, a.h, config)
	res, err := ours.client(newAuthority(t).sign(certificateOf("casey", x509.ExtKeyUsageClientAuth))).Get("https://" + addr + "/orchestrator/v1/jobs")
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
}
