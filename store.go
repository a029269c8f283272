package orchestrator

import (
	"context"
	"iter"
	"time"

	"github.com/google/uuid"
)

// The greatest [Batch] that an [Orchestrator] writes at once, and every [Store] takes.
const (
	MaxBatchEvents = 1024
	MaxBatchBytes  = 1 << 20 // the sum of the results and messages of the events' nodes
)

// Store keeps jobs, their nodes and their events. Package store/memory and package
// store/badger are implementations; package store/storetest checks that another one keeps
// every sentence below.
//
// All methods may be called from many goroutines at once. A method whose context has ended
// returns the context's error. Values passed in and values returned share no memory with the
// store, unless a query borrows them. JSON comes back byte for byte. Times come back in UTC, to the
// millisecond; the zero time comes back as the zero time.
//
// An iterator yields values until it has no more, the loop body ends the iteration, or an error
// occurs, which it yields as its last element. It holds no lock while it yields, so that the
// loop body may call the store. It may be used more than once, each time from the beginning.
// It need not be a snapshot: a value that changes meanwhile is seen as it was or as it is.
//
// A job is written by the holder of its lease alone. A lease is fenced: what makes it valid is
// its fence, which is greater with every claim of the job, and not the clock. A lease is lost
// when another instance claims the job after the lease has expired, when its own instance gives
// it up, or when the job has ended; an expired lease is good until then.
type Store interface {
	// CreateJob stores a new job with its nodes and returns the job with its ID.
	// IDs are positive and strictly increasing, in the order in which the jobs become visible
	// to other methods; they have no gaps, and they are never reused.
	// The job and all its nodes are stored, durably, or nothing is.
	// Names are unique, which the caller sees to; each becomes a node in state new, in the order given.
	// If the job has a Key that another job has, nothing is stored, and that job is returned with
	// [ErrExists].
	// The job's ID, NodeCount, Stop, Counts and LastEvent are set by the store, whatever is passed.
	CreateJob(ctx context.Context, job Job, nodes []string) (Job, error)

	// Job returns a job as of its last commit. It returns [ErrNotFound] if there is no such job.
	Job(ctx context.Context, id JobID) (Job, error)

	// Jobs returns a page of all jobs. It shows the same job as Job does.
	Jobs(ctx context.Context, q JobQuery) (JobPage, error)

	// Nodes yields the nodes of a job that the query asks for, in the order that it asks for.
	// It yields [ErrNotFound] if there is no such job.
	Nodes(ctx context.Context, id JobID, q NodeQuery) iter.Seq2[Node, error]

	// Events yields the events of a job whose id is from or greater, in the order of their ids.
	// It yields [ErrNotFound] if there is no such job.
	Events(ctx context.Context, id JobID, from EventID) iter.Seq2[Event, error]

	// Claim gives the instance by a lease, for ttl, on a job that is not in a terminal state and
	// that nobody holds: one without a lease, or with an expired one of another instance.
	// Jobs that were asked to stop come first, then the oldest.
	// It returns [ErrNotFound] if there is no such job.
	// Two instances never hold a valid lease on one job.
	Claim(ctx context.Context, by uuid.UUID, ttl time.Duration) (Lease, Job, error)

	// Renew makes all valid leases of the instance by expire ttl from now and returns them, in
	// the order of their jobs, each with what its job was asked to do.
	// A ttl of 0 or less gives all of them up at once and returns none.
	Renew(ctx context.Context, by uuid.UUID, ttl time.Duration) ([]Lease, error)

	// Commit makes the batch's progress that of the lease's job, sets the nodes of the batch's
	// events to what the events hold, and appends the events; all of it, or nothing.
	// It returns once all of it survives a crash and a power cut; a store that cannot keep this
	// says so.
	// It returns [ErrLeaseLost], and changes nothing, if the lease is not valid.
	// It never changes what the job was asked, Stop included.
	// A progress in a terminal state ends the lease.
	// It takes every batch of at most [MaxBatchEvents] events and [MaxBatchBytes] bytes, and
	// returns [ErrInvalid], changing nothing, if the events are not numbered on from the job's
	// last, or if the progress does not end with the last of them.
	Commit(ctx context.Context, lease Lease, b Batch) error

	// RequestStop durably asks for a job to be stopped and returns the job.
	// A request is never taken back: a milder one than an earlier one changes nothing.
	// On a job in a terminal state it changes nothing and is no error.
	// It returns [ErrNotFound] if there is no such job.
	RequestStop(ctx context.Context, id JobID, force bool) (Job, error)

	// Close waits for the calls in progress, lets go of what the store holds, and makes every
	// later call of another method return [ErrClosed]. Later calls of Close return nil.
	Close() error
}

// Lease is the right of one instance to write one job.
type Lease struct {
	Job     JobID
	Holder  uuid.UUID
	Fence   uint64    // greater with each claim of the job
	Expires time.Time // when another instance may claim the job
	Stop    StopMode  // what the job was asked when the lease was given or renewed
}

// Batch is what one [Store.Commit] writes: each event carries its node as it is from now on.
// It changes no node that is in a terminal state, and none's name, which the caller sees to: what an
// event says of a node in such a state never differs from what the node is.
type Batch struct {
	Progress Progress // of the job, after the events
	Events   []Event  // numbered on from the job's last event
}

// JobOrder is what a list of jobs is ordered by. Jobs that are equal by it are ordered by ID,
// in the same direction. Texts are ordered by their bytes.
type JobOrder string

// The orders of jobs.
const (
	OrderByID          JobOrder = ""
	OrderByOwner       JobOrder = "owner"       // the owner's login
	OrderByTimestamp   JobOrder = "timestamp"   // when the state last changed
	OrderByEnvironment JobOrder = "environment" // the name of the environment
	OrderByState       JobOrder = "state"       // the name of the state
)

// JobQuery asks for a page of jobs. The zero JobQuery asks for all jobs, the oldest first.
type JobQuery struct {
	Command      Command   // only jobs of this command; "" means any
	Task         string    // only tasks whose name contains this; "" means any job
	State        JobState  // only jobs in this state; "" means any
	Node         string    // only jobs that have a node of this name; "" means any
	FinishedFrom time.Time // only jobs that ended at this time or later; the zero time means any
	FinishedTo   time.Time // only jobs that ended at this time or earlier; the zero time means any

	OrderBy    JobOrder // Defaults to [OrderByID].
	Descending bool     // the greatest first
	After      JobID    // start behind this job; 0 starts at the beginning; [ErrNotFound] if there is no such job, unless the order is by ID
	Offset     int      // leave out so many
	Limit      int      // return at most so many; 0 means all
	Borrow     bool     // the jobs are only read: they may share memory with the store, which never changes it, and stay good
}

// JobPage is a page of jobs.
type JobPage struct {
	Jobs  []Job
	Total int // how many jobs the query asks for, those included that After, Offset and Limit leave out
}

// NodeOrder is what a list of nodes is ordered by. Nodes that are equal by it are ordered by Index,
// in the same direction. Texts are ordered by their bytes. A node without a value comes before
// those that have one.
type NodeOrder string

// The orders of nodes.
const (
	NodesByIndex    NodeOrder = ""
	NodesByName     NodeOrder = "name"
	NodesByDuration NodeOrder = "duration" // Finished less Started; no value while it has not finished
	NodesByState    NodeOrder = "state"    // the name of the state
	NodesByStarted  NodeOrder = "started"
	NodesByFinished NodeOrder = "finished"
)

// NodeQuery asks for nodes of a job. The zero NodeQuery asks for all, in the order in which they
// were given.
type NodeQuery struct {
	State      NodeState // only nodes in this state; "" means any
	From       int       // only nodes with this Index or a greater one
	OrderBy    NodeOrder // Defaults to [NodesByIndex].
	Descending bool      // the greatest first
	Offset     int       // leave out so many
	Limit      int       // at most so many; 0 means all
	Brief      bool      // without what the nodes say: Message and Result are empty in all that is yielded
	Borrow     bool      // a Result is used only until the next node is asked for: the store may then use its memory again
}
