package openapitest

import (
	"net/http"
	"net/url"
	"strings"
)

// apiPath is what the API is mounted at, unless it has been stripped.
const apiPath = "/orchestrator/v1"

// routeOf returns the segments of the path below the mount, which has no empty ones.
func routeOf(u *url.URL) []string {
	path := u.EscapedPath()
	if i := strings.LastIndex(path+"/", apiPath+"/"); i >= 0 && !strings.Contains(path[:i+1], "//") {
		path = path[i+len(apiPath):]
	}
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = plain
		}
	}
	return segments
}

// find returns the operation that is asked for, nil if there is none, and whether there is something
// at the path.
func (c *Contract) find(method string, route []string) (op *operation, known bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for i := range c.operations {
		if !c.operations[i].at(route) {
			continue
		}
		known = true
		if c.operations[i].method == method {
			op = &c.operations[i]
		}
	}
	return op, known
}

func (o *operation) at(route []string) bool {
	segments := strings.Split(o.path[1:], "/")
	if len(segments) != len(route) {
		return false
	}
	for i, s := range segments {
		if s != route[i] && (!isVariable(s) || route[i] == "" || strings.Contains(route[i], "/")) {
			return false
		}
	}
	return true
}

func isVariable(segment string) bool { return strings.HasPrefix(segment, "{") }

// variable returns the value of a variable of the path.
func (o *operation) variable(name string, route []string) string {
	for i, s := range strings.Split(o.path[1:], "/") {
		if s == "{"+name+"}" {
			return route[i]
		}
	}
	return ""
}
