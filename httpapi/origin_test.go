package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator/httpapi"
)

func TestCommandsOfOtherOriginsAreRefused(t *testing.T) {
	trusting := http.NewCrossOriginProtection()
	require.NoError(t, trusting.AddTrustedOrigin("https://console.example.com"))
	for name, test := range map[string]struct {
		header, value string
		opts          httpapi.Options
		status        int
	}{
		"no browser":          {"User-Agent", "curl", httpapi.Options{}, http.StatusAccepted},
		"same origin":         {"Origin", "http://jobs.example.com", httpapi.Options{}, http.StatusAccepted},
		"another origin":      {"Origin", "https://evil.example.net", httpapi.Options{}, http.StatusForbidden},
		"said by the browser": {"Sec-Fetch-Site", "cross-site", httpapi.Options{}, http.StatusForbidden},
		"opaque":              {"Origin", "null", httpapi.Options{}, http.StatusForbidden},
		"trusted":             {"Origin", "https://console.example.com", httpapi.Options{CrossOrigin: trusting}, http.StatusAccepted},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, setup{idle: true, opts: test.opts})
			job := a.deploy("a")
			r := httptest.NewRequest(http.MethodPost, "http://jobs.example.com/orchestrator/v1/command/stop",
				strings.NewReader(`{"job": "`+job.String()+`"}`))
			r.Header.Set("Content-Type", "text/plain")
			r.Header.Set(test.header, test.value)
			w := httptest.NewRecorder()
			a.h.ServeHTTP(w, r)
			assert.Equal(t, test.status, w.Code)
			if test.status == http.StatusForbidden {
				assert.Equal(t, "puppetlabs.orchestrator/not-permitted", at(t, parsed(t, w.Body), "kind"))
			}
		})
	}
}
