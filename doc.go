// Package orchestrator runs a command on many nodes at once, keeps everything that happens, and
// loses nothing when the process is killed. It is made to be embedded: it starts no server, reads
// no configuration and has no state outside of what [New] returns.
//
// # The way through
//
// A [Store] keeps jobs. Package store/memory is one for tests and for jobs that may be forgotten;
// package store/badger keeps them on disk, across crashes and power cuts.
//
// A [Runner] does the work on one node. It is the one thing that every program brings along
// itself: a local process, ssh, a message bus.
//
// [New] makes an [Orchestrator] of the two. [Orchestrator.Start] lets it work: first on jobs that
// an earlier process has left unfinished, then on new ones. [Orchestrator.Stop] ends it.
//
// [Orchestrator.Deploy] and [Orchestrator.Task] create a job and return at once;
// [Orchestrator.StopJob] stops one. [Orchestrator.Job], [Orchestrator.Jobs], [Orchestrator.Nodes],
// [Orchestrator.Report], [Orchestrator.Events] and [Orchestrator.Feed] read what there is;
// [Orchestrator.Watch] follows a job to its end, and [Orchestrator.WatchAll] all of them.
//
// What a program may bring along as well: a [Resolver], which finds the nodes of a query or a group;
// a Runner that knows its nodes ([Inventory]), or whose runs go on without it ([Reattacher]).
//
// Package httpapi serves all of this over HTTP, as the orchestrator v1 jobs API does, from any
// server of yours. Package orchestratortest helps with tests.
//
// # What is promised
//
// A job that was created is durable, and ends in one of three states: finished, failed or stopped.
// A node never runs twice in one job, whatever crashes: that it runs is durable before it does,
// and a node whose outcome was lost in a crash is errored, not run again. The events of a job are
// numbered without gaps, and the last one tells of its end.
//
// A node that hangs, a disk that does not answer or a reader that is slow holds up nobody else.
// Memory depends on the nodes that run, not on the nodes that a job has.
package orchestrator
