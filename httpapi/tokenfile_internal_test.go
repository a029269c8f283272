package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
)

const someHash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func TestLinesOfATokenFileThatAreRefused(t *testing.T) {
	const secret = "SECRET"
	for line, want := range map[string]string{
		secret:               "must be a JSON object",
		`["` + secret + `"]`: "must be a JSON object",
		`"` + secret + `"`:   "must be a JSON object",
		`null`:               "sha256: must be 64",
		`{}`:                 "sha256: must be 64",
		`{"sha256": "` + secret + `", "login": "a"}`:                                      "sha256: must be 64",
		`{"sha256": "` + strings.Repeat("S", 64) + `", "login": "a"}`:                     "sha256: must be 64",
		`{"sha256": "` + someHash + `"}`:                                                  "login: must be given",
		`{"sha256": "` + someHash + `", "login": ""}`:                                     "login: must be given",
		`{"sha256": "` + someHash + `", "login": "a\nb"}`:                                 "login: must not have",
		`{"sha256": "` + someHash + `", "login": "` + strings.Repeat("a", 256) + `"}`:     "login: must not have more than 255",
		`{"sha256": "` + someHash + `", "login": 7}`:                                      "login: must not be of this type",
		`{"sha256": "` + someHash + `", "login": "a", "id": "\u0000"}`:                    "id: must not",
		`{"sha256": "` + someHash + `", "login": "a", "display_name": "\u0085"}`:          "display_name: must not",
		`{"sha256": "` + someHash + `", "login": "a", "role_ids": [-1]}`:                  "role_ids: must not be negative",
		`{"sha256": "` + someHash + `", "login": "a", "role_ids": ["` + secret + `"]}`:    "role_ids: must not be of this type",
		`{"sha256": "` + someHash + `", "login": "a", "expires": "tomorrow"}`:             "must be a JSON object with",
		`{"sha256": "` + someHash + `", "login": "a", "expires": "0001-01-01T00:00:00Z"}`: "expires: must be",
		`{"sha256": "` + someHash + `", "login": "a", "expire": "2027-01-01T00:00:00Z"}`:  "must be a JSON object with sha256 and login, and no other fields",
		`{"sha256": "` + someHash + `", "login": "a", "token": "` + secret + `"}`:         "must be a JSON object with sha256 and login, and no other fields",
		`{"sha256": "` + someHash + `", "login": "a"} {"` + secret + `": 1}`:              "must be one object",
		`{"sha256": "` + someHash + `", "login": "a"`:                                     "must be a JSON object",
	} {
		_, err := parseTokens([]byte("# a comment\n\n" + line + "\n"))
		require.ErrorContains(t, err, "line 3: "+want, line)
		assert.NotContains(t, err.Error(), secret, line)
	}
	twice := `{"sha256": "` + someHash + `", "login": "a"}` + "\n" + `{"sha256": "` + strings.ToUpper(someHash) + `", "login": "b"}`
	_, err := parseTokens([]byte(twice))
	require.ErrorContains(t, err, "line 2: the same sha256")
}

func TestTokensAreDifferentAndTheirLineHoldsThemHashed(t *testing.T) {
	seen := make(map[string]bool)
	for range 100 {
		token, line, err := NewToken(orchestrator.Owner{Login: "ci"}, time.Date(2027, 1, 31, 1, 2, 3, 4, time.FixedZone("", 3600)))
		require.NoError(t, err)
		assert.Regexp(t, `^[A-Z2-7]{26}$`, token)
		assert.False(t, seen[token])
		seen[token] = true
		hash := sha256.Sum256([]byte(token))
		assert.JSONEq(t, `{"sha256": "`+hex.EncodeToString(hash[:])+`", "login": "ci", "expires": "2027-01-31T00:02:03Z"}`, line)
		assert.NotContains(t, line, token)
	}
	for _, owner := range []orchestrator.Owner{{}, {ID: "7"}, {Login: "a\nb"}, {Login: "a", RoleIDs: []int{-1}}} {
		token, line, err := NewToken(owner, time.Time{})
		require.ErrorIs(t, err, orchestrator.ErrInvalid)
		assert.Empty(t, token+line)
	}
}

// The id of somebody who was given none is part of the jobs that are kept: it must never change.
func TestDerivedIDs(t *testing.T) {
	assert.Equal(t, "d1c78369-7e6f-515c-970c-8f226639cdae", derivedID("login", "casey"))
	assert.Equal(t, "12e5cafc-7a0a-59bc-82b0-6e97b413142c", derivedID("common-name", "casey"))
}

// Whatever is in a file of tokens, it is read or refused, and what it says can be said again.
func FuzzTokenFile(f *testing.F) {
	f.Add([]byte("# a\n\n" + `{"sha256": "` + someHash + `", "login": "ci", "expires": "2027-01-31T00:00:00Z", "role_ids": [1]}` + "\r\n"))
	f.Add([]byte(`{"sha256": "` + someHash + `", "login": "ci", "id": null, "role_ids": []}`))
	f.Add([]byte("\xef\xbb\xbf{}\n{\"login\": \"\xff\"}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		tokens, err := parseTokens(text)
		if err != nil {
			if len(err.Error()) > 200 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		for hash, token := range tokens {
			l := tokenLine{
				SHA256: hex.EncodeToString(hash[:]), Login: token.owner.Login, ID: token.owner.ID,
				DisplayName: token.owner.DisplayName, RoleIDs: token.owner.RoleIDs,
			}
			if !token.expires.IsZero() {
				l.Expires = &token.expires
			}
			line, err := json.Marshal(l)
			if err != nil {
				t.Fatal(err)
			}
			again, err := parseTokens(line)
			if err != nil || len(again) != 1 || !assert.ObjectsAreEqual(token.owner, again[hash].owner) || !token.expires.Equal(again[hash].expires) {
				t.Errorf("%s: %v, %v", line, again, err)
			}
		}
	})
}
