package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/store/memory"
)

func TestGoldenRoot(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	for _, path := range []string{"", "/"} {
		a.golden("root", http.MethodGet, path, "", http.StatusOK)
	}
	a.golden("status", http.MethodGet, "/status", "", http.StatusOK)
}

// Wherever the API is mounted, its root leads to its parts.
func TestRootLinks(t *testing.T) {
	for _, m := range mountings {
		t.Run(m.name, func(t *testing.T) {
			a := newAPI(t, setup{idle: true, opts: m.opts})
			server := httptest.NewServer(m.mount(a.h))
			defer server.Close()
			for _, slash := range []string{"", "/"} {
				res, err := server.Client().Get(server.URL + m.path + slash)
				require.NoError(t, err)
				defer res.Body.Close()
				require.Equal(t, http.StatusOK, res.StatusCode)
				root := parsed(t, res.Body)
				base := server.URL + m.path
				assert.Equal(t, base+"/status", at(t, root, "status", "id"))
				links := map[string]string{"status": base + "/status"}
				for _, kind := range []string{"collections", "commands"} {
					for _, entry := range at(t, root, kind).([]any) {
						links[at(t, entry, "name").(string)] = at(t, entry, "id").(string)
					}
				}
				for name, link := range links {
					assert.True(t, strings.HasPrefix(link, base+"/"), link)
					res, err := server.Client().Head(link)
					require.NoError(t, err)
					require.NoError(t, res.Body.Close())
					command := strings.HasSuffix(link, "/command/"+name)
					assert.Equal(t, map[bool]int{false: http.StatusOK, true: http.StatusMethodNotAllowed}[command], res.StatusCode, link)
				}
				assert.Contains(t, links, "jobs")
				assert.Contains(t, links, "inventory")
				assert.Contains(t, links, "events")
				assert.Contains(t, links, "task")
			}
		})
	}
}

// plainStore is a store that has no feed.
type plainStore struct{ orchestrator.Store }

func TestRootOfAStoreWithoutAFeed(t *testing.T) {
	a := newAPI(t, setup{store: plainStore{memory.New()}, idle: true})
	var names []string
	for _, entry := range at(t, a.get(""), "collections").([]any) {
		names = append(names, at(t, entry, "name").(string))
	}
	assert.Equal(t, []string{"jobs", "inventory"}, names)
}

func TestStatusOfAClosedStore(t *testing.T) {
	store := memory.New()
	a := newAPI(t, setup{store: store, idle: true})
	require.NoError(t, store.Close())
	get("/status", http.StatusServiceUnavailable, "puppetlabs.orchestrator/unknown-error", "The orchestrator's store has been closed.").run(t, a)
}

// Clients read the 404 of a part that is not there as that of a server without it.
func TestPartsThatAreNotOffered(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	for path, name := range map[string]string{
		"/plan_jobs": "plan_jobs", "/plan_jobs/1": "plan_jobs", "/plan_jobs/1/events": "plan_jobs", "/plans/facts/info": "plans",
		"/scheduled_jobs": "scheduled_jobs", "/scheduled_jobs/environment_jobs": "scheduled_jobs", "/environments/production/instances": "environments",
		"/tasks/package/init": "tasks", "/scopes/task_targets": "scopes", "/usage": "usage", "/dumplings": "dumplings",
		"/command/plan_start": "plan_start", "/command/plan_task": "plan_task", "/command/plan_finish": "plan_finish",
		"/command/plan_run": "plan_run", "/command/environment_plan_run": "environment_plan_run", "/command/stop_plan": "stop_plan",
		"/command/task_target": "task_target", "/command/schedule_task": "schedule_task",
		"/command/schedule_deploy": "schedule_deploy", "/command/schedule_plan": "schedule_plan",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut} {
			httpTest{method, path, `{"plan_name":"facts"}`, http.StatusNotFound, noPath, "This server does not offer " + name + "."}.run(t, a)
		}
	}
	for _, path := range []string{"/plan_jobsx", "/task", "/command/plan"} {
		get(path, http.StatusNotFound, noPath, "There is nothing at this path.").run(t, a)
	}
	a.golden("not-offered", http.MethodPost, "/command/plan_start", `{"plan_name":"facts","description":"","params":{}}`, http.StatusNotFound)
	_, err := a.o.Job(t.Context(), 1)
	assert.ErrorIs(t, err, orchestrator.ErrNotFound)
}
