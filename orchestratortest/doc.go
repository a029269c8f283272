// Package orchestratortest has what tests of programs that use an orchestrator need: a [Runner]
// that does what a script says, and [Await].
//
// Together with store/memory it makes an orchestrator that needs no disk, no process and no
// network. In a bubble of testing/synctest a job whose nodes take hours ends at once.
package orchestratortest
