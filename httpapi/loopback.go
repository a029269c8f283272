package httpapi

import (
	"net"
	"net/http"
	"strings"
)

// LoopbackOnly returns a handler that passes on the requests that name the host they are for as
// localhost or by a loopback address, and refuses all others with 403. A server that asks nobody who
// they are needs it even if it listens on a loopback address only: a page in a browser can make
// the name of its own host stand for that address, and its requests are then of the same origin as the
// server, but it cannot make its requests name another host.
func LoopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if IsLoopback(r.Host) {
			next.ServeHTTP(w, r)
			return
		}
		c := &call{ResponseWriter: w, r: r, patience: defaultWriteTimeout}
		c.Header().Set("Cache-Control", "no-store")
		c.Header().Set("X-Content-Type-Options", "nosniff")
		a, _ := answerTo(errNotLoopback)
		c.problem(a, errNotLoopback)
	})
}

// IsLoopback reports whether a host, with or without a port, is localhost or a loopback address.
func IsLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
