package httpapi

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"slices"
	"time"
)

// Tokens knows principals by the tokens that they send: in the header X-Authentication, or as
// Authorization: Bearer, and, where [Options].QueryToken allows it, as ?token=. Its Authenticate is
// made for [Options].Authenticate, and may be used by many goroutines at once.
//
// The tokens are in a file, one a line, each line a JSON object. Empty lines and those that begin
// with # are left out:
//
//	# for the nightly job
//	{"sha256": "0a5c…", "login": "ci", "expires": "2027-01-31T00:00:00Z"}
//	{"sha256": "77fe…", "login": "casey", "id": "885c5177-1ea5-416f-bf09-2858bef5c46b", "display_name": "Casey London", "role_ids": [1]}
//
// sha256 is the SHA-256 of the token, in hexadecimal digits; [NewToken] makes up both. login is
// who sends it, and becomes the owner's login, as id, display_name and role_ids become theirs. An id
// that is not given is a UUID made from the login, so that all tokens of a login are one
// principal. After expires the token is refused, as one that has expired; without it, never.
//
// The file itself holds no token, and none can be found out from it, as long as they come from
// [NewToken]: those have 130 random bits. That is also why a plain hash does, where passwords would
// need a slow one, which every request would pay for. Still, a file that others than its owner may write,
// or that everybody may read, is refused.
//
// The file is read again within a second after it has changed; whoever's line is gone is refused
// then. Replace it by renaming another to its name, so that it is never seen half written. A file
// that cannot be read, or that has a mistake in it, is logged and changes nothing.
//
// How long it takes to refuse a token tells nothing about those that are known: what is looked up
// is a hash of it under a key that was made up when the file was opened. How often somebody may try
// is not limited; with tokens like these, trying leads nowhere.
type Tokens struct {
	known *reloaded[map[keyedHash]knownToken]
	key   []byte
}

// keyedHash is a hash of a token's hash. Nobody can tell which bits of it a token will have, so that
// nothing is learned from how long it takes to find one, or not to.
type keyedHash [sha256.Size]byte

// OpenTokens reads a file of tokens. It returns what is wrong with the file, by the number of the
// line, without showing anything of it. The log is told when the file is read again, and why that
// was not possible; nil means [slog.Default].
func OpenTokens(file string, log *slog.Logger) (*Tokens, error) {
	t := &Tokens{key: make([]byte, sha256.Size)}
	_, _ = rand.Read(t.key) // it never fails
	var err error
	t.known, err = reload(log, func() (map[keyedHash]knownToken, error) { return t.read(file) }, file)
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (t *Tokens) read(file string) (map[keyedHash]knownToken, error) {
	tokens, err := readTokens(file)
	if err != nil {
		return nil, err
	}
	known := make(map[keyedHash]knownToken, len(tokens))
	for hash, token := range tokens {
		known[t.keyed(hash)] = token
	}
	return known, nil
}

func (t *Tokens) keyed(hash [sha256.Size]byte) (k keyedHash) {
	mac := hmac.New(sha256.New, t.key)
	mac.Write(hash[:])
	mac.Sum(k[:0])
	return k
}

// Authenticate returns whom the token of a request belongs to, [ErrUnauthenticated] if there is none,
// [ErrTokenExpired] if it has expired, and [ErrTokenInvalid] if it is not known, or if there is more
// than one.
func (t *Tokens) Authenticate(r *http.Request) (Principal, error) {
	token, err := tokenOf(r.Header)
	if err != nil {
		return Principal{}, err
	}
	known, ok := t.known.get()[t.keyed(sha256.Sum256([]byte(token)))]
	switch {
	case !ok:
		return Principal{}, ErrTokenInvalid
	case !known.expires.IsZero() && !time.Now().Before(known.expires):
		return Principal{}, ErrTokenExpired
	}
	owner := known.owner
	owner.RoleIDs = slices.Clone(owner.RoleIDs)
	return Principal{Owner: owner}, nil
}
