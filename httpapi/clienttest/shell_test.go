package clienttest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// People's one-liners: curl -d, which sends a form, and jq on what comes back. They read .job.name,
// .state, .items[].name and the output in the events of nodes that have finished.
func TestShellOneLiners(t *testing.T) {
	s := newServer(t, setup{fleet: &fleet{
		all:      outcome{result: `{"_output":"Linux\n"}`},
		outcomes: map[string]outcome{"web2.example.com": {failed: true, result: taskError}},
	}})
	curl := newClient(s, habits{headers: map[string]string{
		"X-Authentication": s.token, "Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*", "User-Agent": "curl/7.88.1",
	}})
	name := curl.post("/command/task", `{"environment":"production","task":"facts","params":{},"scope":{"nodes":["web1.example.com","web2.example.com"]}}`).
		accepted().field("job", "name").text()
	s.ended(1)
	assert.Equal(t, "failed", curl.get("/jobs/"+name).ok().field("state").text())

	var output []string
	for _, event := range curl.get("/jobs/" + name + "/events").ok().field("items").items() {
		if event.field("type").text() == "node_finished" {
			output = append(output, event.field("details", "detail", "_output").text())
		}
	}
	assert.Equal(t, []string{"Linux\n"}, output)
	assert.Equal(t, []int{1}, func() (ids []int) {
		for _, job := range curl.get("/jobs").ok().field("items").items() {
			ids = append(ids, job.field("name").digits())
		}
		return ids
	}())
	stopped := curl.post("/command/stop", `{"job":"`+name+`"}`).accepted()
	assert.Equal(t, name, stopped.field("job", "name").text())
}

// A loop over the events goes on where the answer before said, by the link as it is or by the number,
// sees each event once, and ends with the job.
func TestShellLoopOverEvents(t *testing.T) {
	s := newServer(t, setup{})
	curl := newClient(s, habits{headers: map[string]string{"X-Authentication": s.token, "User-Agent": "curl/7.88.1"}})
	release := s.fleet.hold()
	curl.post("/command/deploy", `{"environment":"production","concurrency":1,"scope":{"nodes":["a","b","c"]}}`).accepted()
	link := curl.get("/jobs/1").ok().field("events", "id").link()
	var seen []int
	done, released := false, false
	s.poll(1, func() bool {
		list := curl.follow(link).ok()
		for _, event := range list.field("items").items() {
			seen = append(seen, event.field("id").digits())
			done = event.field("type").text() == "job_finished"
		}
		next := list.field("next-events")
		require.Equal(t, curl.base+"/jobs/1/events?start="+next.field("event").text(), next.field("id").link())
		link = next.field("id").link()
		if !released {
			released = true
			release()
		}
		return done
	})
	assert.Equal(t, numbersUpTo(7), seen)
	assert.Empty(t, curl.follow(link).ok().field("items").items())
}

func numbersUpTo(last int) (list []int) {
	for n := range last {
		list = append(list, n+1)
	}
	return list
}
