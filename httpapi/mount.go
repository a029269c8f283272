package httpapi

import (
	"net/http"
	"net/url"
	"strings"
)

// apiPath is where clients expect the API.
const apiPath = "/orchestrator/v1"

// split returns the path that a request was mounted under and the route that it asks for, so
// that the handler works wherever it is mounted: the route is what comes after the last
// /orchestrator/v1, or the whole path where that has been stripped. Where the mount is fixed, it is
// what comes after that; everything else is a route that does not exist.
func (o *Options) split(u *url.URL) (mount, route string) {
	mount, route = splitPath(u.Path)
	own := route // what has to be spelled with real slashes
	if mount != "" {
		own = apiPath + route
	}
	if o.Mount != "" {
		fixed := strings.TrimRight(o.Mount, "/")
		rest, ok := strings.CutPrefix(u.Path, fixed)
		if !ok || rest != "" && rest[0] != '/' {
			return "", noPath
		}
		mount, route, own = fixed, rest, fixed+rest
	}
	escaped := u.EscapedPath()
	if !strings.HasPrefix(u.Path, "/") {
		escaped = "/" + escaped
	}
	// A slash that is escaped does not part segments for whoever has let the request pass, and no segment is empty.
	if _, ok := cutRoute(escaped, own); !ok || strings.Contains(mount+route, "//") {
		return "", noPath
	}
	return mount, route
}

// noPath is a route that does not exist.
const noPath = "//"

func splitPath(path string) (mount, route string) {
	for to := len(path); ; {
		at := strings.LastIndex(path[:to], apiPath)
		if at < 0 {
			break
		}
		end := at + len(apiPath)
		if end == len(path) || path[end] == '/' {
			return path[:end], path[end:]
		}
		to = end - 1
	}
	if path != "" && !strings.HasPrefix(path, "/") {
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
			return strings.TrimRight(path, "/")
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
