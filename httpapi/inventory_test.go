package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/httpapi"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

// broker is a runner that knows some nodes, and has an error for questions about others.
type broker struct {
	orchestratortest.Runner
	err   error
	asked [][]string
}

var since = time.Date(2026, 11, 24, 16, 7, 8, 90e6, time.UTC)

func (b *broker) Inventory(_ context.Context, nodes []string) ([]orchestrator.NodeStatus, error) {
	b.asked = append(b.asked, nodes)
	known := []orchestrator.NodeStatus{
		{Name: "web1", Connected: true, Broker: "pcp://broker1/server", Since: since},
		{Name: "web2", Connected: true},
		{Name: "gone", Broker: "pcp://broker2/server", Since: since},
	}
	if nodes == nil {
		return known[:2], b.err
	}
	return slices.DeleteFunc(known, func(n orchestrator.NodeStatus) bool { return !slices.Contains(nodes, n.Name) }), b.err
}

func TestGoldenInventory(t *testing.T) {
	a := newAPI(t, setup{runner: new(broker), idle: true})
	a.golden("inventory", http.MethodGet, "/inventory", "", http.StatusOK)
	a.golden("inventory-asked", http.MethodPost, "/inventory", `{"nodes":["unknown","gone","web2","web1","web2"]}`, http.StatusOK)
	a.golden("inventory-none", http.MethodPost, "/inventory", `{"nodes":[]}`, http.StatusOK)
	a.golden("inventory-connected", http.MethodGet, "/inventory/web1", "", http.StatusOK)
	a.golden("inventory-gone", http.MethodGet, "/inventory/gone", "", http.StatusOK)
	a.golden("inventory-unknown", http.MethodGet, "/inventory/unknown", "", http.StatusOK)
}

// A runner that does not say which nodes it reaches is taken to reach those that it is asked about.
func TestInventoryOfAPlainRunner(t *testing.T) {
	a := newAPI(t, setup{idle: true})
	assert.Empty(t, items(t, a.get("/inventory")))
	assert.Equal(t, map[string]any{"name": "web1", "connected": true}, a.get("/inventory/web1"))
	w := a.do(http.MethodPost, "/inventory", `{"nodes":["b","a"]}`)
	assert.JSONEq(t, `{"items":[{"name":"b","connected":true},{"name":"a","connected":true}]}`, w.Body.String())
}

func TestInventoryRefused(t *testing.T) {
	b := new(broker)
	a := newAPI(t, setup{runner: b, idle: true, opts: httpapi.Options{MaxLimit: 3}})
	for body, says := range map[string]string{
		``:                            "body must be a JSON object, and is empty",
		`["web1"]`:                    "body must be a JSON object",
		`{}`:                          "nodes must be given",
		`{"nodes":null}`:              "nodes must be given",
		`{"nodes":"web1"}`:            "nodes must be an array of strings",
		`{"nodes":["web1",7]}`:        "nodes[1] must be a string (given: 7)",
		`{"nodes":["web1",null]}`:     "nodes[1] must be a string (given: null)",
		`{"nodes":["web1","-rf"]}`:    "nodes[1] must consist of letters",
		`{"nodes":["a","b","c","d"]}`: "nodes must not hold more than 3 nodes (given: 4)",
	} {
		httpTest{http.MethodPost, "/inventory", body, http.StatusBadRequest, validation, says}.run(t, a)
	}
	get("/inventory/-rf", http.StatusBadRequest, validation, `node must consist of letters`).run(t, a)
	get("/inventory/"+strings.Repeat("a", 256), http.StatusBadRequest, validation, `node must not be longer than 255 bytes`).run(t, a)
	assert.Empty(t, b.asked, "a nil list would ask about all")
}

// Whatever keeps the runner from answering is the server's trouble, and shown to nobody.
func TestInventoryThatCannotBeHad(t *testing.T) {
	for _, err := range []error{
		errors.New("broker at 10.0.0.7 is down"), orchestrator.ErrNotFound, orchestrator.ErrInvalid, context.DeadlineExceeded, context.Canceled,
	} {
		log := new(logged)
		a := newAPI(t, setup{runner: &broker{err: fmt.Errorf("10.0.0.7: %w", err)}, idle: true, opts: httpapi.Options{Logger: log.logger()}})
		for _, test := range []httpTest{
			{method: http.MethodGet, path: "/inventory"}, {method: http.MethodGet, path: "/inventory/web1"},
			{method: http.MethodPost, path: "/inventory", body: `{"nodes":["web1"]}`},
		} {
			log.reset()
			test.status, test.kind, test.says = http.StatusInternalServerError, "puppetlabs.orchestrator/unknown-error", "The server met an error that it did not expect"
			test.run(t, a)
			assert.Contains(t, log.String(), "10.0.0.7")
		}
	}
}

func TestInventoryPermitted(t *testing.T) {
	b := new(broker)
	var asked []string
	a := newAPI(t, setup{runner: b, idle: true, opts: httpapi.Options{Authorize: func(_ httpapi.Principal, action httpapi.Action) error {
		require.Equal(t, httpapi.VerbInventory, action.Verb)
		require.Nil(t, action.Job)
		nodes := []string{}
		for name, err := range action.Nodes {
			require.NoError(t, err)
			nodes = append(nodes, name)
		}
		asked = append(asked, strings.Join(nodes, " "))
		if slices.Contains(nodes, "web1") {
			return httpapi.ErrForbidden
		}
		return nil
	}}})
	assert.Equal(t, "web2", names(t, a.get("/inventory")))
	assert.Equal(t, []string{"", "web1", "web2"}, asked)
	b.asked = nil
	const forbidden = "puppetlabs.orchestrator/not-permitted"
	get("/inventory/web1", http.StatusForbidden, forbidden, "You are not permitted to do this.").run(t, a)
	httpTest{http.MethodPost, "/inventory", `{"nodes":["web2","web1"]}`, http.StatusForbidden, forbidden, ""}.run(t, a)
	assert.Empty(t, b.asked, "what may not be seen is not asked for")
	assert.Equal(t, "web2", at(t, a.get("/inventory/web2"), "name"))
	assert.Equal(t, http.StatusOK, a.do(http.MethodPost, "/inventory", `{"nodes":["web2","gone"]}`).Code)
}

func TestInventoryForbidden(t *testing.T) {
	b := new(broker)
	a := newAPI(t, setup{runner: b, idle: true, opts: httpapi.Options{Authorize: func(httpapi.Principal, httpapi.Action) error { return httpapi.ErrForbidden }}})
	for _, path := range []string{"/inventory", "/inventory/web1", "/inventory/unknown"} {
		get(path, http.StatusForbidden, "puppetlabs.orchestrator/not-permitted", "You are not permitted to do this.").run(t, a)
	}
	assert.Empty(t, b.asked)
}
