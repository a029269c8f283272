package httpapi

import (
	"net/http"

	"github.com/julienschmidt/httprouter"

	"github.com/seed-54b7607b/orchestrator"
)

// New returns a handler that serves o. Nil opts mean all defaults; they are copied. The handler
// is safe for use by many goroutines at once and may be mounted in several places; o need not have
// been started.
//
// It never redirects. It reads the request's path from /orchestrator/v1 on, or the whole path where
// that has been stripped, and answers what it does not know with 404.
//
// A list that fails half way is ended by a panic with [http.ErrAbortHandler], which net/http turns
// into an aborted connection. A middleware that recovers panics must pass this one on.
func New(o *orchestrator.Orchestrator, opts *Options) http.Handler {
	h := &handler{o: o, opts: opts.withDefaults(), jobs: jobSpecs{o: o}, looks: newLooks(o), texts: newJobTexts()}
	h.hub = newHub(h.opts.StreamRate)
	h.streams = newStreams(h.opts.MaxStreams)
	h.routes()
	return h
}

type handler struct {
	o      *orchestrator.Orchestrator
	opts   Options
	router httprouter.Router

	hub     *hub
	streams *streams
	jobs    jobSpecs
	looks   looks
	texts   jobTexts
}

// An action answers a call. An error that it returns before it has begun to answer is turned into
// an answer; one that it returns later aborts the connection.
type action func(*call) error

func (h *handler) routes() {
	h.router.HandleMethodNotAllowed = true
	h.router.MethodNotAllowed = h.fallback(func(*call) error { return errMethod })
	h.router.NotFound = h.fallback(noRoute)
	h.router.HandleOPTIONS = true
	h.router.GlobalOPTIONS = h.fallback(func(c *call) error {
		c.WriteHeader(http.StatusNoContent)
		return nil
	})
	for _, e := range h.endpoints() {
		do := h.routed(e.do)
		if e.method == http.MethodGet {
			h.router.HEAD(e.path, do)
		}
		h.router.Handle(e.method, e.path, do)
	}
}

// An endpoint is a method and a path, below the mount, that something is served at. What answers GET
// answers HEAD too.
type endpoint struct {
	method, path string
	do           action
}

func (h *handler) endpoints() []endpoint {
	return []endpoint{
		get("/", h.showRoot),
		get("/status", h.showStatus),
		get("/openapi.json", h.showOpenAPI),
		get("/inventory", h.listInventory),
		get("/inventory/:node", h.showInventory),
		h.post("/inventory", h.askInventory),
		get("/jobs", h.listJobs),
		get("/jobs/:id", withJobID(h.showJob)),
		get("/jobs/:id/nodes", withJobID(h.listNodes)),
		get("/jobs/:id/report", withJobID(h.showReport)),
		get("/jobs/:id/events", withJobID(h.listEvents)),
		get("/events", h.listFeed),
		h.post("/command/deploy", h.deploy),
		h.post("/command/task", h.runTask),
		h.post("/command/stop", h.stopJob),
	}
}

func get(path string, do action) endpoint { return endpoint{http.MethodGet, path, do} }

func (h *handler) post(path string, do action) endpoint {
	return endpoint{http.MethodPost, path, h.sameOrigin(do)}
}

// sameOrigin refuses what a browser sends on behalf of a page from elsewhere. Since bodies are
// read whatever their Content-Type says, nothing else would keep a page from sending commands.
func (h *handler) sameOrigin(do action) action {
	return func(c *call) error {
		if err := h.opts.CrossOrigin.Check(c.r); err != nil {
			return errCrossOrigin
		}
		return do(c)
	}
}

func (h *handler) routed(do action) httprouter.Handle {
	return func(w http.ResponseWriter, _ *http.Request, params httprouter.Params) {
		c := w.(*call)
		c.params = params
		h.answer(c, func(c *call) error {
			if err := h.authenticate(c); err != nil {
				return err
			}
			c.links = links{base: h.opts.baseURL(c.r, c.mount, c.route)}
			return do(c)
		})
	}
}

func (h *handler) fallback(do action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { h.answer(w.(*call), do) })
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = withoutToken(r, h.opts.QueryToken)
	c := &call{ResponseWriter: w, r: r, patience: h.opts.WriteTimeout}
	c.mount, c.route = h.opts.split(r.URL)
	h.router.ServeHTTP(c, c.forRouter())
}

// withJobID reads the job's id from the path first.
func withJobID(do action) action {
	return func(c *call) (err error) {
		if c.id, err = parseJobID("job-id", c.params.ByName("id")); err != nil {
			return err
		}
		return do(c)
	}
}
