// Package httpapi serves an [orchestrator.Orchestrator] over HTTP: it speaks the orchestrator v1
// jobs API, so that clients written for that API keep working.
//
// [New] returns an [http.Handler] that can be mounted anywhere: at the root of a server, under
// /orchestrator/v1/, under a deeper path, with or without [http.StripPrefix]. The links in its
// answers are absolute and lead back to where the request came in; behind a proxy that rewrites
// host or path, set [Options].BaseURL.
//
//	GET  /jobs              the jobs, the newest first
//	GET  /jobs/:id          one job, with the history of its states
//	GET  /jobs/:id/nodes    its nodes, each with its result
//	GET  /jobs/:id/report   what has become of each node
//	GET  /jobs/:id/events   what happened, from ?start= on
//	POST /command/deploy    run the configuration agent on nodes
//	POST /command/stop      stop a job
//
// Every GET answers HEAD too. Lists are read from the store while they are written to the client:
// they take the same memory however long they are. When such a list fails half way, the connection
// is aborted, so that a list that is cut short never looks complete.
//
// Errors are JSON objects with the keys kind, msg and, mostly, details.
//
// The handler asks nobody who they are. Until it is wrapped in something that does, serve it on
// the loopback interface only.
package httpapi
