package orchestrator

import (
	"log/slog"
	"time"
)

// Options are the settings of an [Orchestrator]. The zero value of each field means its default.
type Options struct {
	// MaxConcurrency is how many nodes are run at once, over all jobs. Defaults to 250.
	MaxConcurrency int

	// MaxNodes is how many nodes one job may have. Defaults to 200,000.
	MaxNodes int

	// MaxOutput is how many bytes of a run's result are kept, at most 256 KiB; what is longer is
	// cut and marked as cut, see [RunResult]. Defaults to 64 KiB.
	MaxOutput int

	// NodeTimeout is how long a node may run in a job that does not say so itself.
	// Defaults to 1 hour.
	NodeTimeout time.Duration

	// RunGrace is how long a [Runner] has to return after its context was cancelled.
	// Defaults to 10 seconds.
	RunGrace time.Duration

	// LeaseTTL is how long after the last sign of life of an orchestrator another one that uses
	// the same store may take over its jobs. It is renewed three times as often.
	// Defaults to 30 seconds.
	LeaseTTL time.Duration

	// PollInterval is how often the store is asked for jobs, and for changes of watched jobs,
	// that other orchestrators have written. What happens in this one is seen at once.
	// Defaults to 1 second.
	PollInterval time.Duration

	// Retention is how long a job is kept after it has ended; 0 keeps jobs for ever, and so does a
	// store that is no [Pruner]. Defaults to 30 days.
	Retention *time.Duration

	// Resolver finds the nodes of scopes that do not list them. Defaults to none: such scopes are
	// refused.
	Resolver Resolver

	// SensitiveParams returns the names of the sensitive parameters of a task. It may be called
	// from many goroutines at once. Defaults to none.
	SensitiveParams func(task string) []string

	// Logger is told what the orchestrator does. Defaults to [slog.Default].
	Logger *slog.Logger
}

const maxMaxOutput = 256 << 10

// withDefaults returns a copy of the options with every field set, or an [*InvalidError].
func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	for _, field := range []struct {
		name  string
		value *int
		zero  int
		limit int
	}{
		{"MaxConcurrency", &c.MaxConcurrency, 250, 1 << 20},
		{"MaxNodes", &c.MaxNodes, 200_000, 1 << 30},
		{"MaxOutput", &c.MaxOutput, 64 << 10, maxMaxOutput},
	} {
		if *field.value == 0 {
			*field.value = field.zero
		}
		if *field.value < 0 || *field.value > field.limit {
			return c, &InvalidError{Field: "Options." + field.name, Value: *field.value, Reason: "is out of range"}
		}
	}
	for _, field := range []struct {
		name  string
		value *time.Duration
		zero  time.Duration
	}{
		{"NodeTimeout", &c.NodeTimeout, time.Hour},
		{"RunGrace", &c.RunGrace, 10 * time.Second},
		{"LeaseTTL", &c.LeaseTTL, 30 * time.Second},
		{"PollInterval", &c.PollInterval, time.Second},
	} {
		if *field.value == 0 {
			*field.value = field.zero
		}
		if *field.value < 0 {
			return c, &InvalidError{Field: "Options." + field.name, Value: *field.value, Reason: "must not be negative"}
		}
	}
	if c.Retention == nil {
		c.Retention = new(defaultRetention)
	}
	if *c.Retention < 0 {
		return c, &InvalidError{Field: "Options.Retention", Value: *c.Retention, Reason: "must not be negative"}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, nil
}
