package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed-54b7607b/orchestrator/httpapi"
)

func TestOnlyLoopbackNamesAreAnswered(t *testing.T) {
	h := httpapi.LoopbackOnly(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for host, loopback := range map[string]bool{
		"localhost": true, "localhost:8143": true, "127.0.0.1:1": true, "127.9.9.9": true, "[::1]:8143": true, "[::1]": true, "::1": true,
		"evil.example.com": false, "evil.example.com:8143": false, "10.0.0.1": false, "": false, ":8143": false, "localhost.evil.com:1": false,
		"127.0.0.1.evil.com": false, "127.0.0.1@evil.com": false, "0.0.0.0": false, "[::]:1": false, "LOCALHOST": false, "localhost\t": false,
		"2130706433": false, "0x7f.1": false, "[::ffff:10.0.0.1]": false,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		h.ServeHTTP(w, r)
		assert.Equal(t, loopback, httpapi.IsLoopback(host), "%q", host)
		if loopback {
			assert.Equal(t, http.StatusNoContent, w.Code, "%q", host)
			continue
		}
		assert.Equal(t, http.StatusForbidden, w.Code, "%q", host)
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		assert.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
		assert.Equal(t, "puppetlabs.orchestrator/not-permitted", at(t, parsed(t, w.Body), "kind"), "%q", host)
	}
}
