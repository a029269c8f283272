package httpapi

import (
	"errors"
	"net/http"
)

// apiVersion is the version of the API, and not that of the program that serves it.
const apiVersion = "1"

// commands are those that the root document leads to.
var commands = []string{"deploy", "task", "stop"}

// showRoot answers GET on the API itself: what it is, and where its parts are.
func (h *handler) showRoot(c *call) error {
	collections := []string{"jobs", "inventory"}
	if _, err := h.o.FeedEnd(c.context()); !errors.Is(err, errors.ErrUnsupported) {
		collections = append(collections, "events")
	}
	return c.send(http.StatusOK, func(e *encoder) {
		e.open('{')
		e.key("info")
		e.info()
		e.key("status")
		e.namedLink("status", c.links.base+"/status")
		e.key("collections")
		e.open('[')
		for _, name := range collections {
			e.namedLink(name, c.links.base+"/"+name)
		}
		e.close(']')
		e.key("commands")
		e.open('[')
		for _, name := range commands {
			e.namedLink(name, c.links.base+"/command/"+name)
		}
		e.close(']')
		e.close('}')
	})
}

// info appends what the API is, under the keys that the documentation has.
func (e *encoder) info() {
	e.open('{')
	e.key("title")
	e.string("Orchestrator jobs API")
	e.key("description")
	e.string("Runs jobs on many nodes, and tells what became of them.")
	e.key("warning")
	e.string("")
	e.key("version")
	e.string(apiVersion)
	e.key("license")
	e.open('{')
	e.key("name")
	e.string("Apache License, Version 2.0")
	e.key("url")
	e.string("https://www.apache.org/licenses/LICENSE-2.0.html")
	e.close('}')
	e.close('}')
}

func (e *encoder) namedLink(name, url string) {
	e.open('{')
	e.key("name")
	e.string(name)
	e.key("id")
	e.string(url)
	e.close('}')
}
