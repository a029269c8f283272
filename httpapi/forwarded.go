package httpapi

import (
	"net/http"
	"strings"
)

// forwarded is what a proxy says about a request as its client sent it. Empty means that it
// says nothing, or nothing that could stand in a link.
type forwarded struct {
	scheme string // http or https
	host   string
	prefix string // the path that the proxy has stripped, escaped, without a slash at its end
}

// forwardedBy reads the headers of a proxy. Where there are several values, each proxy has added
// one, and the first is the one nearest to the client. X-Forwarded-* comes before Forwarded:
// proxies that set the former often pass on the latter as the client sent it.
func forwardedBy(h http.Header) forwarded {
	f := forwarded{
		scheme: validScheme(first(h, "X-Forwarded-Proto")),
		host:   first(h, "X-Forwarded-Host"),
		prefix: forwardedPrefix(h.Values("X-Forwarded-Prefix")),
	}
	if !validHost(f.host) {
		f.host = ""
	}
	for pair := range strings.SplitSeq(first(h, "Forwarded"), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		value = strings.Trim(value, `"`)
		switch {
		case f.scheme == "" && strings.EqualFold(name, "proto"):
			f.scheme = validScheme(value)
		case f.host == "" && strings.EqualFold(name, "host") && validHost(value):
			f.host = value
		}
	}
	return f
}

// first returns the first of the values, separated by commas, of a header.
func first(h http.Header, name string) string {
	value, _, _ := strings.Cut(h.Get(name), ",")
	return strings.TrimSpace(value)
}

func validScheme(s string) string {
	switch s = strings.ToLower(s); s {
	case "http", "https":
		return s
	default:
		return ""
	}
}

// forwardedPrefix joins what each proxy has stripped, the outermost first. It returns "" if one
// of the parts is not a plain path.
func forwardedPrefix(values []string) string {
	var prefix strings.Builder
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		part = strings.Trim(strings.TrimSpace(part), "/")
		if part == "" {
			continue
		}
		if !validPath(part) {
			return ""
		}
		prefix.WriteByte('/')
		prefix.WriteString(part)
	}
	return prefix.String()
}

// validPath reports whether s is made of characters that stand for themselves in a path, and has
// neither empty segments nor dots for segments.
func validPath(s string) bool {
	for segment := range strings.SplitSeq(s, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
		for i := range len(segment) {
			if c := segment[i]; !isAlphanumeric(c) && !strings.ContainsRune("-._~%!$&'()*+,;=:@", rune(c)) {
				return false
			}
		}
	}
	return true
}
