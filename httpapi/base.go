package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// baseURL returns the URL under which the client that sent the request reaches the API, without
// a slash at its end.
func (o *Options) baseURL(r *http.Request, mount, route string) string {
	if o.BaseURLFunc != nil {
		if base := o.BaseURLFunc(r); base != "" {
			return strings.TrimRight(base, "/")
		}
	}
	if o.BaseURL != "" {
		return strings.TrimRight(o.BaseURL, "/")
	}
	scheme, host, path := "http", r.Host, mountPath(r, mount, route)
	if r.TLS != nil {
		scheme = "https"
	}
	if o.TrustForwarded {
		f := forwardedBy(r.Header)
		if f.scheme != "" {
			scheme = f.scheme
		}
		if f.host != "" {
			host = f.host
		}
		path = f.prefix + path
	}
	if !validHost(host) {
		host = localHost(r)
	}
	return scheme + "://" + host + path
}

// localHost returns the address that the request arrived at, for a client that did not say which
// host it means, or not in a way that could stand in a link.
func localHost(r *http.Request) string {
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && validHost(addr.String()) {
		return addr.String()
	}
	return "localhost"
}

// validHost reports whether s is a host, with or without a port, that means the same wherever it
// is put: a name, an IPv4 address, or an IPv6 address in brackets.
func validHost(s string) bool {
	name := s
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		name = s[:i]
		if _, err := strconv.ParseUint(s[i+1:], 10, 16); err != nil {
			return false
		}
	}
	if inside, ok := strings.CutPrefix(name, "["); ok {
		inside, ok = strings.CutSuffix(inside, "]")
		ip, err := netip.ParseAddr(inside)
		return ok && err == nil && ip.Is6() && ip.Zone() == ""
	}
	if name == "" || len(name) > 253 {
		return false
	}
	for i := range len(name) {
		if !isHostByte(name[i]) {
			return false
		}
	}
	return true
}

func isHostByte(c byte) bool {
	return isAlphanumeric(c) || c == '-' || c == '.' || c == '_'
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
