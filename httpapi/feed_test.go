package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

// places returns the job and the event of each item of the feed, as one text.
func places(t testing.TB, events []map[string]any) string {
	t.Helper()
	var list []string
	for _, e := range events {
		list = append(list, at(t, e, "job", "name").(string)+"/"+e["id"].(string))
	}
	return strings.Join(list, " ")
}

// data returns the objects of events.
func data(events []told) []map[string]any {
	list := make([]map[string]any, len(events))
	for i, e := range events {
		list[i] = e.data
	}
	return list
}

// The feed has the events of all jobs, each as its job has it, in the order in which they happened.
func TestFeed(t *testing.T) {
	a := newAPI(t, setup{})
	for range 3 {
		await(t, a, a.deploy("a"))
	}
	const all = "1/1 1/2 1/3 2/1 2/2 2/3 3/1 3/2 3/3"
	feed := a.get("/events")
	assert.Equal(t, all, places(t, items(t, feed)))
	assert.Equal(t, "10", at(t, feed, "next-events", "event"))
	for i, e := range items(t, feed) {
		job := strconv.Itoa(i/3 + 1)
		assert.Equal(t, "http://orchestrator.example.com:8143/orchestrator/v1/jobs/"+job, at(t, e, "job", "id"))
		assert.Equal(t, strconv.Itoa(i+1), e["position"])
		delete(e, "job")
		delete(e, "position")
		assert.Equal(t, items(t, a.get("/jobs/"+job+"/events"))[i%3], e)
	}
	for query, want := range map[string][2]string{
		"start=0":                   {all, "10"},
		"start=-1":                  {all, "10"},
		"start=8":                   {"3/2 3/3", "10"},
		"start=10":                  {"", "10"},
		"start=1000":                {"", "1000"},
		"start=now":                 {"", "10"},
		"limit=0":                   {"", "1"},
		"limit=2":                   {"1/1 1/2", "3"},
		"limit=4&start=3":           {"1/3 2/1 2/2 2/3", "7"},
		"limit=100&start=9&wait=0":  {"3/3", "10"},
		"limit=2&start=5&wait=1m":   {"2/2 2/3", "7"},
		"start=9&wait=1h":           {"3/3", "10"},
		"start=5&limit=0&wait=1m":   {"", "5"},
		"start=9223372036854775807": {"", "9223372036854775807"},
	} {
		got := a.get("/events?" + query)
		assert.Equal(t, want[0], places(t, items(t, got)), query)
		assert.Equal(t, want[1], at(t, got, "next-events", "event"), query)
		assert.Equal(t, "http://orchestrator.example.com:8143/orchestrator/v1/events?start="+want[1], at(t, got, "next-events", "id"))
	}
}

// A stream of the feed begins with what happens next, or where the client says; the objects are those
// of the list.
func TestFeedStream(t *testing.T) {
	for _, asks := range [][]string{asksSSE, asksNDJSON} {
		for name, test := range map[string]struct {
			query, last string
			first       int
		}{
			"now":            {"", "", 4},
			"from the start": {"?start=1", "", 1},
			"from a place":   {"?start=3&limit=1", "", 3},
			"resumed":        {"?start=1", "1", 2},
			"now, in words":  {"?start=now", "", 4},
			"resumed early":  {"?start=now", "0", 1},
		} {
			t.Run(name+" "+asks[1], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := newAPI(t, setup{}).serveInMemory()
					await(t, l.api, l.deploy("a"))
					headers := asks
					if test.last != "" {
						headers = append([]string{"Last-Event-ID", test.last}, asks...)
					}
					h := hear(l.open(t.Context(), "/events"+test.query, headers...))
					next := h.event
					if asks[1] == asksNDJSON[1] {
						next = h.line
					}
					l.deploy("b")
					var events []told
					for len(events) == 0 || events[len(events)-1].data["position"] != "6" {
						e, err := next()
						require.NoError(t, err)
						events = append(events, e)
					}
					polled := l.get("/events?start=" + strconv.Itoa(test.first))
					assert.Equal(t, items(t, polled), data(events))
					if asks[1] == asksSSE[1] {
						assert.Equal(t, "6", h.lastID, "the id is the position")
					}
				})
			})
		}
	}
}

// A browser whose connection breaks before the first event goes on from where it began.
func TestFeedStreamSaysWhereItBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newAPI(t, setup{}).serveInMemory()
		await(t, l.api, l.deploy("a"))
		res := l.open(t.Context(), "/events", asksSSE...)
		prelude := "id: 3\nretry: 2000\n\n"
		text := make([]byte, len(prelude))
		_, err := io.ReadFull(res.Body, text)
		require.NoError(t, err)
		assert.Equal(t, prelude, string(text))
	})
}

// Who may see some jobs is told of these only, at once and without a gap.
func TestFeedOfSomeJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times [8]atomic.Int64
		a := newAPI(t, setup{opts: httpapi.Options{Authorize: func(_ httpapi.Principal, what httpapi.Action) error {
			if what.Job == nil {
				return httpapi.ErrForbidden
			}
			times[what.Job.ID].Add(1)
			if what.Job.ID%2 == 0 {
				return httpapi.ErrForbidden
			}
			return nil
		}}})
		l := a.serveInMemory()
		await(t, a, a.deploy("a"))
		await(t, a, a.deploy("a"))
		h := hear(l.open(t.Context(), "/events?start=1", asksSSE...))
		for range 3 {
			await(t, a, a.deploy("a"))
		}
		const odd = "1/1 1/2 1/3 3/1 3/2 3/3 5/1 5/2 5/3"
		var events []told
		for range 9 {
			e, err := h.event()
			require.NoError(t, err)
			events = append(events, e)
		}
		assert.Equal(t, odd, places(t, data(events)))
		for id := 1; id <= 5; id++ {
			assert.Equal(t, int64(1), times[id].Load(), "job %d", id)
		}

		feed := a.get("/events")
		assert.Equal(t, odd, places(t, items(t, feed)))
		assert.Equal(t, "16", at(t, feed, "next-events", "event"))
		feed = a.get("/events?limit=4")
		assert.Equal(t, "1/1 1/2 1/3 3/1", places(t, items(t, feed)))
		assert.Equal(t, "8", at(t, feed, "next-events", "event"))

		polled := make(chan asked, 1)
		go func() { polled <- a.ask("/events?start=16&wait=1m") }()
		later(time.Second)
		await(t, a, a.deploy("a")) // job 6 wakes nobody who may not see it
		later(time.Second)
		await(t, a, a.deploy("a"))
		got := <-polled
		assert.InDelta(t, 2*time.Second, got.took, float64(10*time.Millisecond))
		assert.Regexp(t, `^7/1\b`, places(t, items(t, parsed(t, got.Body))))
	})
}

// What a principal may see is asked again while it watches.
func TestFeedForgetsWhatMayBeSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var allowed atomic.Bool
		allowed.Store(true)
		a := newAPI(t, setup{runner: slowly(90 * time.Second), opts: httpapi.Options{Authorize: func(_ httpapi.Principal, what httpapi.Action) error {
			if what.Job == nil || !allowed.Load() {
				return httpapi.ErrForbidden
			}
			return nil
		}}})
		l := a.serveInMemory()
		h := hear(l.open(t.Context(), "/events", asksNDJSON...))
		a.deploy("a")
		e, err := h.line()
		require.NoError(t, err)
		assert.Equal(t, "1", e.data["id"])
		allowed.Store(false)
		events := make(chan told)
		go func() {
			defer close(events)
			for {
				e, err := h.line()
				if err != nil {
					return
				}
				events <- e
			}
		}()
		later(2 * time.Minute)
		select {
		case e := <-events:
			t.Error(e.data)
		default:
		}
		require.NoError(t, a.o.Stop(t.Context()))
		<-events
	})
}

// The events of jobs that were removed are left out, whoever comes to them.
func TestFeedOfRemovedJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		a := newAPI(t, setup{store: store})
		l := a.serveInMemory()
		await(t, a, a.deploy("a"))
		await(t, a, a.deploy("a"))
		later(time.Hour)
		n, err := store.PruneJobs(t.Context(), time.Now().Add(-time.Minute))
		require.NoError(t, err)
		require.Equal(t, 2, n)
		await(t, a, a.deploy("a"))
		feed := a.get("/events")
		assert.Equal(t, "3/1 3/2 3/3", places(t, items(t, feed)))
		assert.Equal(t, "10", at(t, feed, "next-events", "event"))
		assert.Equal(t, "7", items(t, feed)[0]["position"])
		h := hear(l.open(t.Context(), "/events?start=2", asksSSE...))
		for _, want := range []string{"7", "8", "9"} {
			e, err := h.event()
			require.NoError(t, err)
			assert.Equal(t, want, e.id)
		}
		w := a.doHeaders(http.MethodGet, "/jobs/1/events", asksSSE...)
		assert.Equal(t, http.StatusNotFound, w.Code)
	})
}

func TestNoFeed(t *testing.T) {
	a := newAPI(t, setup{store: plainStore{memory.New()}})
	for _, accept := range []string{"application/json", "text/event-stream"} {
		for _, query := range []string{"", "?wait=1m&start=now"} {
			w := a.doHeaders(http.MethodGet, "/events"+query, "Accept", accept)
			assert.Equal(t, http.StatusNotFound, w.Code)
			var e struct{ Kind, Msg string }
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e)) //nolint:musttag // keys match whatever their case
			assert.Equal(t, "puppetlabs.orchestrator/not-found", e.Kind)
			assert.Contains(t, e.Msg, "no feed")
		}
	}
}
