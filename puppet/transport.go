package puppet

import (
	"context"
	"errors"
	"time"
)

// Transport runs commands on nodes and moves small files to and from them. All methods may be
// called from many goroutines at once.
//
// An error means that the node could not be reached, or the command not be started; its text is for
// the people who asked for the run and names no secret. A command that ran has an [Exit] instead,
// whatever became of it.
type Transport interface {
	// Run runs a command on a node until it has ended.
	//
	// When ctx is cancelled, Run ends the command and all that it has started, and returns its
	// Exit with Stopped set. If it is not known that all has ended, it returns [ErrNotStopped].
	// A command with an ID is left alone instead when ctx is cancelled because the orchestrator
	// ends or has lost the job: Run then returns [ErrLeft] at once.
	Run(ctx context.Context, node string, c Command) (Exit, error)

	// Attach waits for a command that Run has begun under an ID, in this process or an earlier
	// one, as Run would have, and forgets it then. It returns [ErrNoCommand] if the node knows
	// of none.
	Attach(ctx context.Context, node, id string) (Exit, error)

	// Put writes a file that only its owner can read, and the directories above it that are
	// missing.
	Put(ctx context.Context, node, path string, content []byte) error

	// Get reads a file of at most limit bytes. It returns an error that matches
	// [io/fs.ErrNotExist] if there is none, and [ErrTooLarge] if there is more.
	Get(ctx context.Context, node, path string, limit int64) (File, error)

	// Remove removes a file, or a directory with all that is in it. It is no error if there is
	// none.
	Remove(ctx context.Context, node, path string) error
}

// Command is what a [Transport] runs.
type Command struct {
	// ID makes the command survive a connection that is cut and a process that is gone, so that
	// it can be picked up: letters, digits and hyphens. It is used once for a node.
	ID string

	Argv  []string          // the program and its arguments, for which no shell is asked
	Env   map[string]string // added to the environment; may hold secrets, and is in no argument list
	Stdin []byte            // may hold secrets

	// MaxOutput is how many bytes of each of stdout and stderr are kept: the first ones. The rest
	// is read and dropped. Default: 1 MiB.
	MaxOutput int
}

// Exit is how a command ended.
type Exit struct {
	Status  int    // the exit status, -1 if a signal ended it
	Signal  string // the name of the signal that ended it, as "KILL", or ""
	Stdout  []byte
	Stderr  []byte
	Cut     bool // some output was dropped
	Stopped bool // it was ended because the context was
}

// File is what [Transport.Get] has read.
type File struct {
	Content  []byte
	Modified time.Time
}

// The errors of a [Transport], to be matched with [errors.Is].
var (
	// ErrNoCommand: the node knows of no command with this ID.
	ErrNoCommand = errors.New("the node knows nothing of the command")

	// ErrLeft: the command was left running, to be picked up by Attach.
	ErrLeft = errors.New("the command goes on without being watched")

	// ErrNotStopped: the command was to be ended, and it is not known that it has.
	ErrNotStopped = errors.New("it is not known whether the command was ended on the node")

	// ErrTooLarge: a file has more bytes than were asked for.
	ErrTooLarge = errors.New("the file is too large")
)
