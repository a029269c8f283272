package clienttest

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
)

// forwarding is the Ruby module pe_event_forwarding 2.1.0. It asks for the newest job, reads its name
// as a number, and reads so many jobs, the newest first, as that number is greater than the one it
// knows: 500 at most a page. It stops when it has as many as it wanted, and not before. Each request
// has a connection of its own, and Content-Type, even where there is no body.
type forwarding struct {
	*client
	index int // the name of the newest job that it has forwarded
}

const forwardingLimit = 500

func newForwarding(s *server) *forwarding {
	return &forwarding{client: newClient(s, habits{headers: map[string]string{
		"Content-Type": "application/json", "X-Authentication": s.token, "Accept": "*/*", "User-Agent": "Ruby",
	}})}
}

func (f *forwarding) page(limit, offset int) value {
	f.t.Helper()
	return f.get(fmt.Sprintf("/jobs?limit=%d&offset=%d&order=desc&order_by=name", limit, offset)).ok()
}

// newest returns the number of the newest job, 0 if there is none.
func (f *forwarding) newest() int {
	f.t.Helper()
	items := f.page(1, 0).field("items").items()
	if len(items) == 0 {
		return 0
	}
	return items[0].field("name").digits()
}

// newJobs returns the numbers of the jobs that the module forwards, a page each, and calls between
// after each page.
func (f *forwarding) newJobs(between func()) [][]int {
	f.t.Helper()
	wanted := f.newest() - f.index
	if wanted <= 0 {
		return nil
	}
	var pages [][]int
	for got := 0; got < wanted; {
		page := []int{}
		for _, job := range f.page(min(wanted-got, forwardingLimit), got).field("items").items() {
			page = append(page, job.field("name").digits())
		}
		require.NotEmpty(f.t, page, "the module would ask for ever")
		pages = append(pages, page)
		got += len(page)
		between()
	}
	f.index += wanted
	return pages
}

// arrive creates jobs and waits until they have ended.
func (s *server) arrive(n int) {
	s.t.Helper()
	var ids []orchestrator.JobID
	for range n {
		job, err := s.o.Deploy(s.ctx, orchestrator.DeployRequest{
			Environment: "production", Scope: orchestrator.Scope{Nodes: []string{"web1.example.com"}}, Owner: casey,
		})
		require.NoError(s.t, err)
		ids = append(ids, job.ID)
	}
	for _, id := range ids {
		s.ended(id)
	}
}

// cutoff returns a time that is later than the ends of all jobs that have ended so far, and not later
// than those of all that will end from now on. The clock has to get there first.
func cutoff() time.Time {
	at := time.Now().Truncate(time.Millisecond).Add(time.Millisecond)
	<-time.After(time.Until(at))
	return at
}

// numbers returns the numbers from one to another, the greatest first.
func numbers(from, to int) []int {
	list := []int{}
	for n := from; n >= to; n-- {
		list = append(list, n)
	}
	return list
}

func TestEventForwarding(t *testing.T) {
	s := newServer(t, setup{})
	f := newForwarding(s)
	nothing := func() {}
	require.Zero(t, f.newest(), "there is no job")
	require.Empty(t, f.newJobs(nothing))

	s.arrive(520)
	require.Equal(t, [][]int{numbers(520, 21), numbers(20, 1)}, f.newJobs(nothing))
	require.Empty(t, f.newJobs(nothing), "there is no new job")

	// The jobs that it has forwarded are removed: a count would be wrong now, a name is not.
	s.prune(cutoff())
	require.Equal(t, 520, f.index)
	require.Empty(t, f.page(1, 0).field("items").items())
	require.Empty(t, f.newJobs(nothing), "no jobs are left")
	s.arrive(12)
	require.Equal(t, [][]int{numbers(532, 521)}, f.newJobs(nothing))
	assert.Equal(t, 12, f.page(1, 0).field("pagination", "total").whole())
}

// While it pages, jobs arrive, and others that it has forwarded before are removed. Its pages overlap
// by the jobs that have arrived; there is no hole between them.
func TestEventForwardingWhileJobsArriveAndAreRemoved(t *testing.T) {
	s := newServer(t, setup{})
	f := newForwarding(s)
	s.arrive(30)
	f.newJobs(func() {})
	before := cutoff()
	s.arrive(510) // 31 to 540
	removed := false
	pages := f.newJobs(func() {
		if !removed {
			removed = true
			s.arrive(7)
			s.prune(before)
		}
	})
	require.Equal(t, [][]int{numbers(540, 41), numbers(47, 38)}, pages)
	total := f.page(1, 0).field("pagination", "total").whole()
	require.Equal(t, 517, total, "those that were removed are not counted")

	require.Equal(t, [][]int{numbers(547, 541)}, f.newJobs(func() {}), "what had arrived meanwhile comes with the next round")

	// With the cursor of this server nothing is missed, and nothing is there twice.
	var all []int
	for after := "30"; after != ""; {
		list := f.get("/jobs?limit=100&order=asc&after=" + after).ok()
		for _, job := range list.field("items").items() {
			all = append(all, job.field("name").digits())
		}
		after = ""
		if next := list.field("pagination", "next"); !next.null() {
			after = next.text()
		}
		if len(all) == 300 {
			s.arrive(3)
			s.prune(before)
		}
	}
	want := numbers(550, 31)
	slices.Reverse(want)
	assert.Equal(t, want, all)
}

// Besides, it reads single jobs, with a question mark that nothing follows, and collects facts.
func TestEventForwardingReadsAndRuns(t *testing.T) {
	s := newServer(t, setup{})
	f := newForwarding(s)
	created := f.post("/command/task", `{"environment":"production","task":"facts","params":{},"scope":{"nodes":["a"]}}`).accepted()
	id := created.field("job", "name").digits()
	s.ended(orchestrator.JobID(id))
	job := f.get("/jobs/" + strconv.Itoa(id) + "?").ok()
	assert.Equal(t, "finished", job.field("state").text())
	for _, key := range []string{"timestamp", "created_timestamp", "started_timestamp", "finished_timestamp"} {
		job.field(key).time()
	}
}
