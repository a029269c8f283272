package inventory

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// File is an inventory. It is read again when the file has changed, and its methods may be called
// from many goroutines at once.
//
// It is an [orchestrator.Resolver] for scopes with a group of nodes, and says as an
// [orchestrator.Inventory] which of its nodes can be reached. A runner gets that ability by being
// embedded with it:
//
//	type fleet struct {
//		orchestrator.Runner
//		*inventory.File
//	}
//
// Nothing runs in the background: whoever uses the inventory makes it look at the file, once a second
// at most. A file with a mistake in it is logged, and what was read before stays in force.
type File struct {
	path  string
	opts  Options
	dials chan struct{} // one for each node that is being reached

	current atomic.Pointer[fleet]

	mu      sync.Mutex // held while the file is looked at
	looked  time.Time
	state   fileState
	problem string // why the file could not be read last time, "" if it could
}

var (
	_ orchestrator.Resolver  = (*File)(nil)
	_ orchestrator.Inventory = (*File)(nil)
)

// Options are the settings of a [File]. The zero value of each field means its default.
type Options struct {
	// Reach returns nil if a node can be reached, as [Dial] does. It is called for up to 250 nodes at
	// once, has 3 seconds, and what it says is believed for 30. Defaults to none: every node of the
	// inventory counts as one that can be reached.
	Reach Reach

	// Logger is told when the file was read again, or could not be. Defaults to [slog.Default].
	Logger *slog.Logger
}

// Open reads an inventory. Its error names the file, and the line, the key and the value that are
// wrong. A file that everybody may write is refused, and so is one of more than 16 MiB.
func Open(path string, opts *Options) (*File, error) {
	f := &File{path: path, dials: make(chan struct{}, reachAtOnce)}
	if opts != nil {
		f.opts = *opts
	}
	if f.opts.Logger == nil {
		f.opts.Logger = slog.Default()
	}
	f.looked = time.Now()
	if _, err := f.read(); err != nil {
		return nil, err
	}
	return f, nil
}

// Node returns the node with a name, and whether there is one. It must not be modified.
func (f *File) Node(name string) (Node, bool) { return f.fleet().node(name) }

// KnownHosts returns the path of the file that has the host keys of the nodes, "" if the inventory
// names none.
func (f *File) KnownHosts() string { return f.fleet().knownHosts }
