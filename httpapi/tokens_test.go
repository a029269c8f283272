package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
)

// tokenFile is a file of tokens under test.
type tokenFile struct {
	t    testing.TB
	path string
}

func newTokenFile(t testing.TB, lines ...string) tokenFile {
	t.Helper()
	f := tokenFile{t, filepath.Join(t.TempDir(), "tokens")}
	f.write(lines...)
	return f
}

// write replaces the file, as its owner should.
func (f tokenFile) write(lines ...string) {
	f.t.Helper()
	require.NoError(f.t, os.WriteFile(f.path+".new", []byte(strings.Join(lines, "\n")), 0o600))
	require.NoError(f.t, os.Rename(f.path+".new", f.path))
}

// token makes up a token.
func token(t testing.TB, owner orchestrator.Owner, expires time.Time) (token, line string) {
	t.Helper()
	token, line, err := httpapi.NewToken(owner, expires)
	require.NoError(t, err)
	return token, line
}

// withHeaders returns a request that has headers, given as names and values in turn.
func withHeaders(headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/orchestrator/v1/jobs", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func TestTokenIsWhoSendsIt(t *testing.T) {
	full := orchestrator.Owner{ID: "885c5177-1ea5-416f-bf09-2858bef5c46b", Login: "casey", DisplayName: "Casey Lönd\"on", RoleIDs: []int{1, 3}}
	casey, caseyLine := token(t, full, time.Now().Add(time.Hour))
	ci, ciLine := token(t, orchestrator.Owner{Login: "ci"}, time.Time{})
	ci2, ci2Line := token(t, orchestrator.Owner{Login: "ci"}, time.Time{})
	tokens, err := httpapi.OpenTokens(newTokenFile(t, "# ours", "", caseyLine, "  "+ciLine+"\r", ci2Line).path, nil)
	require.NoError(t, err)

	p, err := tokens.Authenticate(withHeaders("X-Authentication", casey))
	require.NoError(t, err)
	assert.Equal(t, full, p.Owner)
	p.Owner.RoleIDs[0] = 99

	again, err := tokens.Authenticate(withHeaders("Authorization", "bearer  "+casey))
	require.NoError(t, err)
	assert.Equal(t, full, again.Owner, "a principal shares memory with the next")

	p, err = tokens.Authenticate(withHeaders("X-Authentication", ci))
	require.NoError(t, err)
	assert.Equal(t, "ci", p.Owner.Login)
	assert.Regexp(t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, p.Owner.ID)
	other, err := tokens.Authenticate(withHeaders("X-Authentication", ci2))
	require.NoError(t, err)
	assert.Equal(t, p, other, "two tokens of a login are two principals")
}

func TestWhereATokenMayBe(t *testing.T) {
	good, line := token(t, orchestrator.Owner{Login: "ci"}, time.Time{})
	tokens, err := httpapi.OpenTokens(newTokenFile(t, line).path, nil)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		headers []string
		want    error
	}{
		"nowhere":                  {nil, httpapi.ErrUnauthenticated},
		"empty":                    {[]string{"X-Authentication", " "}, httpapi.ErrUnauthenticated},
		"empty bearer":             {[]string{"Authorization", "Bearer "}, httpapi.ErrUnauthenticated},
		"another scheme":           {[]string{"Authorization", "Basic " + good}, httpapi.ErrUnauthenticated},
		"no scheme":                {[]string{"Authorization", good}, httpapi.ErrUnauthenticated},
		"another header":           {[]string{"X-Token", good}, httpapi.ErrUnauthenticated},
		"cookie":                   {[]string{"Cookie", "token=" + good}, httpapi.ErrUnauthenticated},
		"unknown":                  {[]string{"X-Authentication", good[1:] + "A"}, httpapi.ErrTokenInvalid},
		"in part":                  {[]string{"X-Authentication", good[:len(good)-1]}, httpapi.ErrTokenInvalid},
		"another case":             {[]string{"X-Authentication", strings.ToLower(good)}, httpapi.ErrTokenInvalid},
		"its hash":                 {[]string{"X-Authentication", strings.Split(line, `"`)[3]}, httpapi.ErrTokenInvalid},
		"too long":                 {[]string{"X-Authentication", strings.Repeat("A", 2000)}, httpapi.ErrTokenInvalid},
		"two":                      {[]string{"X-Authentication", good, "X-Authentication", "other"}, httpapi.ErrTokenInvalid},
		"two, the other way round": {[]string{"X-Authentication", "other", "Authorization", "Bearer " + good}, httpapi.ErrTokenInvalid},
		"twice":                    {[]string{"X-Authentication", good, "Authorization", "Bearer " + good}, nil},
		"beside a password":        {[]string{"X-Authentication", good, "Authorization", "Basic eDp5"}, nil},
		"X-Authentication":         {[]string{"X-Authentication", " " + good + " "}, nil},
		"bearer":                   {[]string{"Authorization", "BEARER " + good}, nil},
	} {
		p, err := tokens.Authenticate(withHeaders(test.headers...))
		require.ErrorIs(t, err, test.want, name)
		if test.want != nil {
			assert.Equal(t, httpapi.Principal{}, p, name)
		}
	}
}

func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, line := token(t, orchestrator.Owner{Login: "ci"}, time.Now().Add(time.Hour))
		tokens, err := httpapi.OpenTokens(newTokenFile(t, line).path, nil)
		require.NoError(t, err)
		r := withHeaders("X-Authentication", good)
		later(time.Hour - 1)
		_, err = tokens.Authenticate(r)
		require.NoError(t, err)
		later(1)
		_, err = tokens.Authenticate(r)
		require.ErrorIs(t, err, httpapi.ErrTokenExpired)
	})
}

func TestTokensAreReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(logged)
		old, oldLine := token(t, orchestrator.Owner{Login: "old"}, time.Time{})
		next, nextLine := token(t, orchestrator.Owner{Login: "next"}, time.Time{})
		file := newTokenFile(t, oldLine)
		tokens, err := httpapi.OpenTokens(file.path, log.logger())
		require.NoError(t, err)
		known := func(token string) bool {
			_, err := tokens.Authenticate(withHeaders("X-Authentication", token))
			return err == nil
		}

		file.write(nextLine)
		later(time.Second)
		assert.False(t, known(old))
		assert.True(t, known(next))
		assert.Contains(t, log.String(), "files read again")

		for name, breakIt := range map[string]func(){
			"line 2: ":       func() { file.write(oldLine, `{"sha256": "`+old+`", "login": "x"}`) },
			"no such file":   func() { require.NoError(t, os.Remove(file.path)) },
			"too many":       func() { require.NoError(t, os.Chmod(file.path, 0o644)) },
			"not a regular ": func() { require.NoError(t, os.Remove(file.path)); require.NoError(t, os.Mkdir(file.path, 0o700)) },
		} {
			log.reset()
			breakIt()
			for range 5 {
				later(time.Second)
				assert.True(t, known(next), name)
				assert.False(t, known(old), name)
			}
			assert.Equal(t, 1, strings.Count(log.String(), "level=ERROR"), "%s: %s", name, log)
			assert.Contains(t, log.String(), name)
			assert.NotContains(t, log.String(), old)
			_ = os.Remove(file.path)
			file.write(nextLine)
			later(time.Second)
			assert.True(t, known(next), name)
		}

		log.reset()
		file.write(oldLine, nextLine)
		later(time.Second)
		assert.True(t, known(old))
		file.write("# nobody")
		later(time.Second)
		assert.False(t, known(old))
		assert.False(t, known(next))
	})
}

// Two changes that a file system's clock cannot tell apart are both seen.
func TestTokensChangedTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, aLine := token(t, orchestrator.Owner{Login: "a"}, time.Time{})
		b, bLine := token(t, orchestrator.Owner{Login: "b"}, time.Time{})
		file := newTokenFile(t, aLine)
		info, err := os.Stat(file.path)
		require.NoError(t, err)
		tokens, err := httpapi.OpenTokens(file.path, nil)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file.path, []byte(bLine), 0o600)) // the same file, of the same size
		require.NoError(t, os.Chtimes(file.path, info.ModTime(), info.ModTime()))
		later(time.Second)
		_, err = tokens.Authenticate(withHeaders("X-Authentication", b))
		require.NoError(t, err)
		_, err = tokens.Authenticate(withHeaders("X-Authentication", a))
		require.ErrorIs(t, err, httpapi.ErrTokenInvalid)
	})
}

func TestTokensAreReadAgainWhileTheyAreUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, line := token(t, orchestrator.Owner{Login: "ci"}, time.Time{})
		file := newTokenFile(t, line)
		tokens, err := httpapi.OpenTokens(file.path, new(logged).logger())
		require.NoError(t, err)
		var users sync.WaitGroup
		for range 8 {
			users.Go(func() {
				for range 100 {
					<-time.After(250 * time.Millisecond)
					if _, err := tokens.Authenticate(withHeaders("X-Authentication", good)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for i := range 25 {
			<-time.After(time.Second)
			file.write(line, fmt.Sprintf("# %d", i))
		}
		users.Wait()
	})
}

func TestTokenFilesThatAreRefused(t *testing.T) {
	_, line := token(t, orchestrator.Owner{Login: "ci"}, time.Time{})
	for mode, refused := range map[os.FileMode]bool{
		0o600: false, 0o640: false, 0o400: false, 0o440: false,
		0o644: true, 0o660: true, 0o620: true, 0o602: true, 0o604: true, 0o601: true, 0o666: true,
	} {
		file := newTokenFile(t, line)
		require.NoError(t, os.Chmod(file.path, mode))
		_, err := httpapi.OpenTokens(file.path, nil)
		if refused {
			require.ErrorContains(t, err, fmt.Sprintf("its mode is %04o", mode))
		} else {
			require.NoError(t, err)
		}
	}
	_, err := httpapi.OpenTokens(t.TempDir(), nil)
	require.ErrorContains(t, err, "not a regular file")
	_, err = httpapi.OpenTokens(filepath.Join(t.TempDir(), "none"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = httpapi.OpenTokens(newTokenFile(t, strings.Repeat("#", 5<<20)).path, nil)
	require.ErrorContains(t, err, "larger than")
}
