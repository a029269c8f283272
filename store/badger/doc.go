// Package badger keeps jobs in a directory, in an embedded Badger database: durable, and without
// a server to run beside the program.
//
// A directory belongs to one process at a time: [Open] takes a lock on it. Leases are kept in
// memory, so those that an earlier process gave are void as soon as the directory is opened again,
// and a restarted program takes its jobs up at once, without waiting for a lease to expire.
//
// # Durability
//
// What a method has written survives a crash and a power cut once the method has returned, on
// every system but Windows: there Badger does not flush its log to the disk, so that what was
// written last survives the end of the process, but perhaps not a power cut. On Linux a transaction
// takes one flush of the disk, elsewhere two.
//
// All writes of a store go through one goroutine, which writes all that have arrived while it
// wrote the ones before as one transaction, and flushes it as a whole. So the rate of commits grows with
// their number. No call waits for a timer, but those who were answered together get a turn to ask again
// before the next transaction is written. Reads do not wait for writes.
//
// # Memory
//
// A store that is not written to takes some tens of megabytes, most of them memory for what is written next. What
// it keeps of unfinished jobs grows with their number, not with that of their nodes, but for jobs whose
// nodes somebody asks for in an order. While much is written, Badger builds tables in the heap: 45 MB at the
// peak for a job of 100,000 nodes that runs as fast as it can, 90 MB for one of 300,000, and about 250 MB for
// one of 1,000,000 or of 3,000,000, since then all of its buffers have their full length. When a
// job of more than 256 nodes has ended, its orders are sorted in memory, which takes some tens of bytes a
// node for a while.
//
// # Failure
//
// When the disk fails a write, it is not known what of it is on the disk, and nothing that would
// be written behind it could be trusted. The write gets the error, and so does every later call, and
// it matches [orchestrator.ErrClosed]: an orchestrator gives up. The store has to be closed and opened
// again, which finds the write whole or not at all; [Store.Failed] tells a program when. A write that
// hangs holds up the other writes, but no reads, and no [Store.Renew].
//
// Opened again after a crash, a store has all that was acknowledged. It removes a file that the crash
// has left empty, if nothing can have been in it, and reports that as a warning.
//
// Badger maps its files into memory: when the disk is full, the operating system may end the
// process instead of failing the write. Nothing that was acknowledged is lost by that.
package badger
