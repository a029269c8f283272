package clienttest

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The Prometheus exporter of puppet_data_connector_enhancer comes in with a certificate, and without a
// token. It makes labels and gauges of the 50 newest jobs, and of plan jobs if there are any; without
// these it counts a failed collection and goes on.
func TestPrometheusExporter(t *testing.T) {
	s := newServer(t, setup{})
	c := newClient(s, habits{cert: certName, headers: map[string]string{"Accept": "application/json", "User-Agent": "Ruby"}})
	s.arrive(51)
	release := s.fleet.hold()
	c.post("/command/task", `{"task":"package","params":{},"scope":{"nodes":["a","b"]}}`).accepted()
	s.next(52, 1)

	jobs := c.get("/jobs?limit=50").ok().field("items").items()
	require.Len(t, jobs, 50)
	for i, job := range jobs {
		require.Equal(t, 52-i, job.field("name").digits())
		job.field("environment", "name").text()
		job.field("command").text()
		started := job.field("started_timestamp").time()
		assert.Equal(t, started, job.field("created_timestamp").time())
		assert.WithinDuration(t, time.Now(), started, patience)
		assert.GreaterOrEqual(t, job.field("duration").number(), 0.0)
		if i == 0 {
			assert.Equal(t, "running", job.field("state").text())
			assert.Equal(t, certName, job.field("owner", "login").text(), "the job is that of the certificate's name")
			assert.Equal(t, 2, job.field("node_count").whole())
			assert.True(t, job.field("finished_timestamp").null())
			continue
		}
		assert.Equal(t, "finished", job.field("state").text())
		assert.Equal(t, "casey", job.field("owner", "login").text())
		assert.Equal(t, 1, job.field("node_count").whole())
		assert.False(t, job.field("finished_timestamp").time().Before(started))
	}
	c.get("/plan_jobs?limit=50").problem(http.StatusNotFound, "puppetlabs.orchestrator/not-found")
	release()
	s.ended(52)
}

// A certificate that the server's authority has not given, or that belongs to nobody who may come in,
// does not let anybody in.
func TestPrometheusExporterWithAnotherCertificate(t *testing.T) {
	s := newServer(t, setup{})
	c := newClient(s, habits{cert: "web1.example.com"})
	c.get("/jobs?limit=50").problem(http.StatusUnauthorized, "puppetlabs.rbac/user-unauthenticated")
	newClient(s, habits{}).get("/jobs?limit=50").problem(http.StatusUnauthorized, "puppetlabs.rbac/user-unauthenticated")

	c = newClient(s, habits{})
	c.http.Transport.(*http.Transport).TLSClientConfig.Certificates = append(
		c.http.Transport.(*http.Transport).TLSClientConfig.Certificates, newAuthorities(t).issue(t, certName))
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, c.base+"/jobs?limit=50", nil)
	require.NoError(t, err)
	answer, err := c.http.Do(r)
	if err == nil {
		defer answer.Body.Close()
		require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	}
}
