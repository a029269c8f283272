package httpapi

import (
	"net/http"
	"net/url"
	"strings"
)

// apiPath is where clients expect the API.
const apiPath = "/orchestrator/v1"

// split returns the path that a request was mounted under and the route that it asks for, so
// that the handler works wherever it is mounted: the route is what comes after /orchestrator/v1,
// or the whole path where that has been stripped.
func split(path string) (mount, route string) {
	for from := 0; ; {
		at := strings.Index(path[from:], apiPath)
		if at < 0 {
			break
		}
		end := from + at + len(apiPath)
		if end == len(path) || path[end] == '/' {
			return path[:end], path[end:]
		}
		from = end
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return "", path
}

// mountPath returns the path, escaped, that the client sees the API under: its own path without
// the route. The path that the client sent is in RequestURI, which no mux and no StripPrefix
// touches. Where it does not end with the route, something has rewritten it, and what is left of
// the path that arrived here has to do.
func mountPath(r *http.Request, mount, route string) string {
	if sent, err := url.ParseRequestURI(r.RequestURI); err == nil {
		if path, ok := cutRoute(sent.EscapedPath(), route); ok {
			return path
		}
	}
	return (&url.URL{Path: mount}).EscapedPath()
}

// cutRoute cuts the route from the end of an escaped path. No segment of a route that is served
// holds a slash, so that both have the same segments, however they are escaped.
func cutRoute(escaped, route string) (string, bool) {
	cut := len(escaped)
	for range strings.Count(route, "/") {
		cut = strings.LastIndexByte(escaped[:cut], '/')
		if cut < 0 {
			return "", false
		}
	}
	tail, err := url.PathUnescape(escaped[cut:])
	return escaped[:cut], err == nil && tail == route
}
