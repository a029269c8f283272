package clienttest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The Ruby script of splunk_hec asks for one job, to learn how many there are; takes those that it
// has sent from that; and asks for so many, in the order that the server has by itself: the newest
// first. It goes by the total, which must be a number even if there are no jobs.
func TestSplunkHEC(t *testing.T) {
	s := newServer(t, setup{})
	c := newClient(s, habits{headers: map[string]string{"Content-Type": "application/json", "X-Authentication": s.token, "User-Agent": "Ruby"}})
	sent := 0
	newJobs := func() []int {
		total := c.get("/jobs?offset=0&limit=1").ok().field("pagination", "total").whole()
		if total-sent <= 0 {
			return nil
		}
		list := c.get(fmt.Sprintf("/jobs?offset=0&limit=%d", total-sent)).ok()
		sent = list.field("pagination", "total").whole()
		ids := []int{}
		for _, job := range list.field("items").items() {
			ids = append(ids, job.field("name").digits())
		}
		return ids
	}
	assert.Empty(t, newJobs())
	s.arrive(12)
	assert.Equal(t, numbers(12, 1), newJobs())
	assert.Empty(t, newJobs())
	s.arrive(3)
	assert.Equal(t, numbers(15, 13), newJobs())

	// A job that is removed makes the total smaller, and this script wait for as many new ones.
	s.prune(cutoff())
	s.arrive(1)
	assert.Empty(t, newJobs())
	assert.Equal(t, 1, c.get("/jobs?offset=0&limit=1").ok().field("pagination", "total").whole())
}
