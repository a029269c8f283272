package httpapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	tokenHeader = "X-Authentication"
	tokenParam  = "token"
)

// tokenOf returns the token that a request carries. It may be there more than once, for clients and
// proxies that send it in both headers, but one request has one token: with two, who is asked
// and who is let in could be different people.
func tokenOf(h http.Header) (string, error) {
	tokens := slices.Clone(h.Values(tokenHeader))
	for _, value := range h.Values("Authorization") {
		if scheme, token, _ := strings.Cut(strings.TrimSpace(value), " "); strings.EqualFold(scheme, "Bearer") {
			tokens = append(tokens, token)
		}
	}
	var token string
	for _, given := range tokens {
		given = strings.TrimSpace(given)
		if given == "" {
			continue
		}
		if token != "" && given != token {
			return "", ErrTokenInvalid
		}
		token = given
	}
	if token == "" {
		return "", ErrUnauthenticated
	}
	return token, nil
}

// withoutToken returns the request with no token in its URL, where it could get into a log or an
// answer. If tokens are accepted there, it is moved to where the others are.
func withoutToken(r *http.Request, accepted bool) *http.Request {
	query, tokens := cutToken(r.URL.RawQuery)
	if len(tokens) == 0 {
		return r
	}
	clean := r.WithContext(r.Context())
	clean.URL = new(*r.URL)
	clean.URL.RawQuery = query
	if path, _, ok := strings.Cut(r.RequestURI, "?"); ok {
		clean.RequestURI = path + "?" + query
	}
	if accepted {
		clean.Header = r.Header.Clone()
		for _, token := range tokens {
			clean.Header.Add(tokenHeader, token)
		}
	}
	return clean
}

// cutToken returns a raw query without its tokens, and these. It takes them out of queries that are
// not well-formed, too.
func cutToken(raw string) (query string, tokens []string) {
	if !strings.Contains(raw, "=") {
		return raw, nil
	}
	var rest []string
	for part := range strings.SplitSeq(raw, "&") {
		key, value, _ := strings.Cut(part, "=")
		if name, err := url.QueryUnescape(key); err != nil || name != tokenParam {
			rest = append(rest, part)
			continue
		}
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		tokens = append(tokens, value)
	}
	return strings.Join(rest, "&"), tokens
}
