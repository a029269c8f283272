package puppet

import (
	"log/slog"
	"path"
	"slices"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// Options are the settings of a [Runner]. The zero value of each field means its default.
type Options struct {
	// Puppet is the program to run as the agent, on every node. Defaults to
	// /opt/puppetlabs/bin/puppet where there is one, and else to puppet in the PATH.
	Puppet string

	// Args returns arguments for a node that are added to every call of "puppet agent", such as
	// --certname and --confdir. It may be called from many goroutines at once. Defaults to none.
	Args func(node string) []string

	// LockWait is how long to wait for another run of the agent to end before trying once more; a
	// node's timeout counts on meanwhile. Defaults to 10 minutes.
	LockWait time.Duration

	// MaxReport is how many bytes the report of a run may have. Defaults to 16 MiB.
	MaxReport int64

	// ModulePath holds the directories, on this machine, in which the modules with the tasks are;
	// of two modules with one name the first counts. Defaults to none: every task is unknown.
	ModulePath []string

	// TempDir is where on a node the directories for the files of tasks are made; programs must be
	// allowed to run from there. Defaults to /tmp.
	TempDir string

	// Instance tells the commands of this orchestrator on a node from those of another one, and
	// must stay the same over restarts, and be the same for all replicas: letters, digits and
	// hyphens. Defaults to "orchestrator".
	Instance string

	// Logger is told what goes wrong beside the runs. Defaults to [slog.Default].
	Logger *slog.Logger
}

// withDefaults returns a copy of the options with every field set, or an [*orchestrator.InvalidError].
func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	c.ModulePath = slices.Clone(c.ModulePath)
	if c.Args == nil {
		c.Args = func(string) []string { return nil }
	}
	if c.LockWait == 0 {
		c.LockWait = 10 * time.Minute
	}
	if c.MaxReport == 0 {
		c.MaxReport = 16 << 20
	}
	if c.TempDir == "" {
		c.TempDir = "/tmp"
	}
	if c.Instance == "" {
		c.Instance = "orchestrator"
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	switch {
	case c.LockWait < 0:
		return c, &orchestrator.InvalidError{Field: "Options.LockWait", Value: c.LockWait, Reason: "must not be negative"}
	case c.MaxReport < 0:
		return c, &orchestrator.InvalidError{Field: "Options.MaxReport", Value: c.MaxReport, Reason: "must not be negative"}
	case !path.IsAbs(c.TempDir):
		return c, &orchestrator.InvalidError{Field: "Options.TempDir", Value: c.TempDir, Reason: "must be an absolute path"}
	case len(c.Instance) > 64 || !only(c.Instance, "-"):
		return c, &orchestrator.InvalidError{Field: "Options.Instance", Value: c.Instance, Reason: "must consist of at most 64 letters, digits and hyphens"}
	case slices.Contains(c.ModulePath, ""):
		return c, &orchestrator.InvalidError{Field: "Options.ModulePath", Value: c.ModulePath, Reason: "must not have an empty element"}
	}
	return c, nil
}

// only reports whether s consists of ASCII letters and digits and the other bytes.
func only(s, other string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		default:
			if !slices.Contains([]byte(other), c) {
				return false
			}
		}
	}
	return true
}
