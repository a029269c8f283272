package httpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
)

// refusing lets nobody in, for a reason.
func refusing(err error) func(*http.Request) (httpapi.Principal, error) {
	return func(*http.Request) (httpapi.Principal, error) {
		return httpapi.Principal{Owner: orchestrator.Owner{ID: "1", Login: "casey"}}, err
	}
}

func TestGoldenRefusals(t *testing.T) {
	for name, err := range map[string]error{
		"unauthenticated": httpapi.ErrUnauthenticated,
		"token-expired":   httpapi.ErrTokenExpired,
		"token-invalid":   fmt.Errorf("wrapped: %w", httpapi.ErrTokenInvalid),
	} {
		a := newAPI(t, setup{idle: true, opts: httpapi.Options{Authenticate: refusing(err)}})
		a.golden(name, http.MethodGet, "/jobs", "", http.StatusUnauthorized)
		assert.Equal(t, "Bearer", a.do(http.MethodGet, "/jobs", "").Header().Get("WWW-Authenticate"))
	}
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Authorize: func(_ httpapi.Principal, action httpapi.Action) error {
		if action.Verb == httpapi.VerbView {
			return nil
		}
		return fmt.Errorf("wrapped: %w", httpapi.ErrForbidden)
	}}})
	a.deploy("a")
	a.golden("not-permitted", http.MethodPost, "/command/stop", `{"job":"1"}`, http.StatusForbidden)
	a.golden("not-permitted", http.MethodPost, "/command/deploy", deployBody, http.StatusForbidden)
	assert.Empty(t, a.do(http.MethodPost, "/command/stop", `{"job":"1"}`).Header().Get("WWW-Authenticate"))
}

// Nobody learns anything about a request that they may not make, and nothing comes of it.
func TestNothingComesOfARequestWithoutAuthentication(t *testing.T) {
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Authenticate: refusing(httpapi.ErrUnauthenticated)}})
	a.deploy("a")
	for _, path := range append([]string{"/jobs/99", "/jobs/abc", "/jobs?limit=x", "/jobs/1/events?start=x"}, readPaths...) {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			assert.Equal(t, http.StatusUnauthorized, a.do(method, path, "").Code, path)
		}
	}
	for _, path := range writePaths {
		for _, body := range []string{"", "{}", deployBody, `{"job":"1"}`, `{"job":"99"}`} {
			w := a.do(http.MethodPost, path, body)
			assert.Equal(t, http.StatusUnauthorized, w.Code, path)
			assert.Equal(t, "puppetlabs.rbac/user-unauthenticated", at(t, parsed(t, w.Body), "kind"), path)
		}
	}
	page, err := a.o.Jobs(t.Context(), orchestrator.JobQuery{})
	require.NoError(t, err)
	require.Len(t, page.Jobs, 1)
	assert.Equal(t, orchestrator.StopMode(""), page.Jobs[0].Stop)
}

func TestErrorOfAnAuthenticatorIsHidden(t *testing.T) {
	log := new(logged)
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Logger: log.logger(), Authenticate: refusing(errors.New("ldap://secret is down"))}})
	httpTest{http.MethodGet, "/jobs", "", http.StatusInternalServerError, "puppetlabs.orchestrator/unknown-error", "did not expect"}.run(t, a)
	assert.Contains(t, log.String(), "ldap://secret is down")
}

func TestPrincipalOwnsWhatItCreates(t *testing.T) {
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{Authenticate: refusing(nil), Owner: fullOwner}})
	require.Equal(t, http.StatusAccepted, a.do(http.MethodPost, "/command/deploy", deployBody).Code)
	assert.Equal(t, map[string]any{"id": "1", "login": "casey"}, at(t, a.get("/jobs/1"), "owner"))
}

func TestFirstOf(t *testing.T) {
	broken := errors.New("broken")
	asked := 0
	second := func(*http.Request) (httpapi.Principal, error) {
		asked++
		return httpapi.Principal{Owner: orchestrator.Owner{Login: "second"}}, nil
	}
	for _, test := range []struct {
		first error
		login string
		asked int
	}{
		{httpapi.ErrUnauthenticated, "second", 1},
		{fmt.Errorf("no certificate: %w", httpapi.ErrUnauthenticated), "second", 1},
		{httpapi.ErrTokenInvalid, "", 0},
		{httpapi.ErrTokenExpired, "", 0},
		{broken, "", 0},
		{nil, "casey", 0},
	} {
		asked = 0
		p, err := httpapi.FirstOf(refusing(test.first), second)(withHeaders())
		assert.Equal(t, test.asked, asked, "%v", test.first)
		if test.login != "" {
			require.NoError(t, err)
			assert.Equal(t, test.login, p.Owner.Login)
		} else {
			require.ErrorIs(t, err, test.first)
		}
	}
	for _, none := range []func(*http.Request) (httpapi.Principal, error){
		httpapi.FirstOf(), httpapi.FirstOf(refusing(httpapi.ErrUnauthenticated), refusing(httpapi.ErrUnauthenticated)),
	} {
		p, err := none(withHeaders())
		require.ErrorIs(t, err, httpapi.ErrUnauthenticated)
		assert.Equal(t, httpapi.Principal{}, p)
	}
}

// The token of a URL is accepted only if the options say so, and seen by nobody in either case.
func TestTokenInAURL(t *testing.T) {
	for _, accepted := range []bool{false, true} {
		var seen *http.Request
		a := newAPI(t, setup{idle: true, opts: httpapi.Options{QueryToken: accepted, Authenticate: func(r *http.Request) (httpapi.Principal, error) {
			seen = r
			return httpapi.Principal{}, nil
		}}})
		for query, rest := range map[string]string{
			"token=SECRET":                  "",
			"limit=1&token=SECRET&offset=0": "limit=1&offset=0",
			"tok%65n=SECRET&x=%3B":          "x=%3B",
			"token=SEC%52ET":                "",
			"token=SECRET&limit=%zz":        "limit=%zz",
			"a;b&token=SECRET":              "a;b",
		} {
			r := httptest.NewRequest(http.MethodGet, "/orchestrator/v1/jobs?"+query, nil)
			w := httptest.NewRecorder()
			a.h.ServeHTTP(w, r)
			assert.NotContains(t, w.Body.String(), "SECRET", query)
			assert.Equal(t, rest, seen.URL.RawQuery, query)
			assert.NotContains(t, seen.RequestURI, "SECRET", query)
			if accepted {
				assert.Equal(t, []string{"SECRET"}, seen.Header.Values("X-Authentication"), query)
			} else {
				assert.Empty(t, seen.Header.Values("X-Authentication"), query)
			}
			assert.Equal(t, query, r.URL.RawQuery, "the caller's request was changed")
			assert.Empty(t, r.Header, "the caller's request was changed")
		}
	}
}

func TestTokenInAURLBesideAnotherOne(t *testing.T) {
	good, line := token(t, orchestrator.Owner{Login: "ci"}, time.Time{})
	tokens, err := httpapi.OpenTokens(newTokenFile(t, line).path, nil)
	require.NoError(t, err)
	a := newAPI(t, setup{idle: true, opts: httpapi.Options{QueryToken: true, Authenticate: tokens.Authenticate}})
	for query, want := range map[string]int{
		"?token=" + good:                    http.StatusOK,
		"?token=" + good + "&token=" + good: http.StatusOK,
		"?token=" + good + "&token=x":       http.StatusUnauthorized,
		"?token=x":                          http.StatusUnauthorized,
		"?token=":                           http.StatusUnauthorized,
		"?token=%zz":                        http.StatusUnauthorized,
		"?Token=" + good:                    http.StatusUnauthorized,
	} {
		assert.Equal(t, want, a.do(http.MethodGet, "/jobs"+query, "").Code, query)
	}
	r := httptest.NewRequest(http.MethodGet, "/orchestrator/v1/jobs?token=x", nil)
	r.Header.Set("X-Authentication", good)
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	assert.Equal(t, http.StatusUnauthorized, w.Code)
}

// Whatever headers and queries hold, one token is found or none, and it is never in the URL.
func FuzzCredentials(f *testing.F) {
	good, line := token(f, orchestrator.Owner{Login: "ci"}, time.Time{})
	tokens, err := httpapi.OpenTokens(newTokenFile(f, line).path, nil)
	require.NoError(f, err)
	a := newAPI(f, setup{idle: true, opts: httpapi.Options{QueryToken: true, Authenticate: tokens.Authenticate}})
	f.Add("", "", "")
	f.Add(good, "Bearer "+good, "token="+good)
	f.Add("x", "bearer\t"+good, "limit=1&token=%zz;&token")
	f.Fuzz(func(t *testing.T, header, authorization, query string) {
		r := withHeaders("X-Authentication", header, "Authorization", authorization)
		r.URL.RawQuery = query
		a.fuzzed(t, r)
		w := httptest.NewRecorder()
		a.h.ServeHTTP(w, r)
		if let := w.Code != http.StatusUnauthorized; let && !containsToken(good, header, authorization, r.URL.Query()["token"]) {
			t.Errorf("let in: %q %q %q", header, authorization, query)
		}
	})
}

func containsToken(token, header, authorization string, query []string) bool {
	return strings.Contains(header, token) || strings.Contains(authorization, token) || slices.Contains(query, token)
}
