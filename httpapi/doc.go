// Package httpapi serves an [orchestrator.Orchestrator] over HTTP: it speaks the orchestrator v1
// jobs API, so that clients written for that API keep working.
//
// [New] returns an [http.Handler] that can be mounted anywhere: at the root of a server, under
// /orchestrator/v1/, under a deeper path, with or without [http.StripPrefix]. The links in its
// answers are absolute and lead back to where the request came in; behind a proxy that rewrites
// host or path, set [Options].BaseURL.
//
//	GET  /                  what there is here
//	GET  /openapi.json      all of this, for programs to read
//	GET  /jobs              the jobs, the newest first
//	GET  /jobs/:id          one job, with the history of its states
//	GET  /jobs/:id/nodes    its nodes, each with its result
//	GET  /jobs/:id/report   what has become of each node
//	GET  /jobs/:id/events   what happened, from ?start= on
//	GET  /events            what happened in all jobs
//	GET  /events            what happens to all jobs
//	GET  /inventory         the nodes that are known to be connected
//	GET  /inventory/:node   whether one node is
//	POST /inventory         whether some nodes are
//	POST /command/deploy    run the configuration agent on nodes
//	POST /command/task      run a task on nodes
//	POST /command/stop      stop a job
//	GET  /status            whether this works
//
// Both lists of events are live ones too: with ?wait=30s they wait for news, and with the header
// Accept: text/event-stream, or application/x-ndjson, they go on to the job's end, or for ever.
// Last-Event-ID resumes them without a gap.
//
// Lists take the parameters that the original's documentation has, and /jobs three more: state; node,
// for the jobs that have a node of this name; and after, which pages by id. With limit and after, and
// an order that is by name or left out, the next of the answer's pagination is what to send as after
// for the following part, or null when there is none. Such parts have no job twice and miss none,
// whatever is created or removed meanwhile. Who wants to know of new jobs asks for order=asc and
// after= the greatest name seen so far, 0 at first.
//
// Every GET answers HEAD too. Lists are read from the store while they are written to the client:
// they take the same memory however long they are. When such a list fails half way, the connection
// is aborted, so that a list that is cut short never looks complete. A client whose Accept-Encoding
// prefers gzip gets lists in gzip, save for short ones; what is live goes out as it is. A handler in
// front that compresses by itself is to take Accept-Encoding off the request, or to leave alone what
// has a Content-Encoding.
//
// Errors are JSON objects with the keys kind, msg and, mostly, details.
//
// The whole API is described in openapi.yaml, an OpenAPI 3.1 document, which the handler serves as JSON. The
// tests check every answer against it, so that it says what is answered: every path, parameter, key and
// error, in what unit, with what default, and what the original API does not have.
//
// Who may use it is for [Options].Authenticate and [Options].Authorize to say. [Tokens] from a file and
// [ClientCerts] are two answers to the first, [TLSFiles] is what they need. Without an Authenticate
// the handler asks nobody who they are: serve it on the loopback interface only then, behind
// [LoopbackOnly].
package httpapi
