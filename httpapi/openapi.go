package httpapi

import (
	_ "embed"
	"net/http"
)

// openAPI is the description of the API: openapi.yaml as JSON, without its servers. A test compares
// the two, and writes this one when it is run with -update.
//
//go:embed openapi.json
var openAPI []byte

// showOpenAPI answers GET /openapi.json: what this server can be asked, and what it answers, for
// programs to read. The path is this server's own. The servers of the description are where the
// request came in.
func (h *handler) showOpenAPI(c *call) error {
	return c.send(http.StatusOK, func(e *encoder) {
		e.open('{')
		e.key("servers")
		e.open('[')
		e.open('{')
		e.key("url")
		e.string(c.links.base)
		e.close('}')
		e.close(']')
		e.separate()
		e.buf = append(e.buf, openAPI[1:]...)
	})
}
